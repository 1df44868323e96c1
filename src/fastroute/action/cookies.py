"""Reading a cookie out of the cookie headers (RM-41)."""

from __future__ import annotations

from collections.abc import Iterable


def cookie_value(headers: Iterable[bytes], name: bytes) -> bytes | None:
    """The value of the first cookie `name`: split at ';', leading spaces and surrounding quotes removed."""
    for header in headers:
        for part in header.split(b";"):
            key, equals, value = part.lstrip(b" \t\n\v\f\r").partition(b"=")
            if equals and key == name:
                return value[1:-1] if len(value) >= 2 and value[:1] == value[-1:] == b'"' else value
    return None
