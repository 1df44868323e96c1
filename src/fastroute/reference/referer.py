"""Which values of Referer Envoy lets pass (HC-09); it removes the header with any other.

- A URL: scheme, "://", host and maybe port, as Node's old http_parser reads one in its strict way. Without user
  information and fragment; an empty one of either is none.
- What begins otherwise is taken for a reference: the characters that RFC 3986 has for paths and queries, no ":" before
  the first "/", no "#".
"""

from __future__ import annotations

import string

_LETTERS = frozenset(string.ascii_letters.encode())
_DIGITS = frozenset(b"0123456789")
_SCHEME = _LETTERS | _DIGITS | frozenset(b"+-.")
_HOST = _LETTERS | _DIGITS | frozenset(b".-")
_ADDRESS = frozenset(b"0123456789abcdefABCDEF:.")
_REFERENCE = _LETTERS | _DIGITS | frozenset(b"-._~!$&'()*+,;=:@/?%")
_MOST_PORT = 65535


def is_valid(value: bytes) -> bool:
    """Whether the header stays."""
    return _is_url(value) or _is_reference(value)


def _is_reference(value: bytes) -> bool:
    return set(value) <= _REFERENCE and b":" not in value.partition(b"/")[0]


def _is_url(value: bytes) -> bool:
    scheme, mark, rest = value.partition(b"://")
    if not mark or not scheme or scheme[0] not in _LETTERS or not set(scheme) <= _SCHEME:
        return False
    ends = [at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0]
    server, tail = (rest[: min(ends)], rest[min(ends) :]) if ends else (rest, b"")
    return _is_server(server.removeprefix(b"@")) and _is_tail(tail)


def _is_tail(tail: bytes) -> bool:
    shown, _, fragment = tail.partition(b"#")
    return all(0x20 < byte < 0x7F for byte in shown) and not fragment.strip(b"#")


def _is_server(server: bytes) -> bool:
    if server.startswith(b"["):
        address, bracket, port = server[1:].partition(b"]")
        return bool(bracket) and bool(address) and set(address) <= _ADDRESS and _is_port(port)
    host, colon, port = server.partition(b":")
    return bool(host) and set(host) <= _HOST and _is_port(colon + port)


def _is_port(text: bytes) -> bool:
    """Nothing, or ":" and a number."""
    if not text:
        return True
    digits = text[1:]
    return (
        text[:1] == b":"
        and bool(digits)
        and set(digits) <= _DIGITS
        and int(digits[-9:]) <= _MOST_PORT
        and (len(digits) < 10 or not digits[:-9].strip(b"0"))
    )
