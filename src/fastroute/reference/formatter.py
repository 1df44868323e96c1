"""Command operators in bodies and paths (`%REQ(:path)%`), as far as the walk knows them.

- RA-75: %REQ(name?other):length% is the first value of a request header, or of the other one.
- An absent value is "-" in a body (RA-74: "" in a header). `%%` is "%".
- ROUTE_NAME, and the addresses of the client (trusted, or the socket's peer), with and without port.
"""

from __future__ import annotations

import re

from fastroute.errors import UnsupportedError
from fastroute.reference.stream import Message, Stream

_OPERATOR = re.compile(r"%(?:(?P<name>[A-Z_]+)(?:\((?P<argument>[^)]*)\))?(?::(?P<length>[0-9]+))?)?%")


def render(template: str, route: Message, stream: Stream, *, absent: bytes = b"-") -> bytes:
    """The text of a template for this request."""
    out, place = b"", 0
    for found in _OPERATOR.finditer(template):
        out += template[place : found.start()].encode("utf-8")
        out += b"%" if found["name"] is None else _value(found, route, stream, absent)
        place = found.end()
    return out + template[place:].encode("utf-8")


def _value(found: re.Match[str], route: Message, stream: Stream, absent: bytes) -> bytes:
    value = _looked_up(found["name"], found["argument"] or "", route, stream)
    if value is None:
        return absent
    return value[: int(found["length"])] if found["length"] else value


def _looked_up(name: str, argument: str, route: Message, stream: Stream) -> bytes | None:
    match name:
        case "REQ":
            values = (stream.headers.first(each.encode("utf-8")) for each in argument.split("?"))
            return next((value for value in values if value is not None), None)
        case "ROUTE_NAME":
            shown: bytes = route.name.encode("utf-8")
            return shown or None
        case "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT":
            return str(stream.client).encode() if stream.client is not None else None
        case "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT":
            return stream.connection.source[0].encode() if stream.connection is not None else None
        case _:
            raise UnsupportedError(f"the operator %{name}% cannot be decided by the walk", path="format")
