"""Command operators in bodies and paths (`%REQ(:path)%`): the same ones that an action computes.

- RA-75: %REQ(name?other):length% is the first value of a request header, or of the other one. A local reply
  has no response headers (RESP), no cluster and no virtual cluster when it is made.
- RA-75: PATH(NQ) is without the query; `PATH` and `ORIG` after a colon choose the path as it is, or as it was.
- RA-75: QUERY_PARAM is the first value of a parameter, percent-decoded.
- RA-75: metadata is found by keys, and shown as text or as JSON with sorted keys and whole numbers.
- RA-74: an absent value is "-" in a body, "" in a path. `%%` is "%".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote_to_bytes

from fastroute.compile.plain import metadata
from fastroute.errors import UnsupportedError
from fastroute.reference.metadata import ABSENT, find
from fastroute.reference.stream import Message, Stream

_OPERATOR = re.compile(r"%(?:(?P<name>[A-Z_]+)(?:\((?P<argument>[^)]*)\))?(?::(?P<length>[0-9]+))?)?%")
_ORIGINAL = b"x-envoy-original-path"


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
        case "RESP" | "UPSTREAM_CLUSTER_RAW" | "VIRTUAL_CLUSTER_NAME":
            return None
        case "PATH":
            return _path(argument, stream)
        case "QUERY_PARAM":
            return _parameter(argument.encode("utf-8"), stream.path or b"")
        case "ROUTE_NAME":
            shown: bytes = route.name.encode("utf-8")
            return shown or None
        case "DYNAMIC_METADATA":
            return _structured(_found(stream.dynamic_metadata, argument.split(":")))
        case "METADATA":
            return _metadata(argument, route, stream)
        case _:
            return _address(name, stream)


def _path(argument: str, stream: Stream) -> bytes | None:
    query, _, source = argument.partition(":")
    names = {"PATH": (b":path",), "ORIG": (_ORIGINAL,)}.get(source, (_ORIGINAL, b":path"))
    path = next((value for value in map(stream.headers.first, names) if value is not None), None)
    return path if path is None or query != "NQ" else path.split(b"?")[0]


def _parameter(name: bytes, path: bytes) -> bytes | None:
    for part in filter(None, path.partition(b"?")[2].split(b"&")):
        key, _, value = part.partition(b"=")
        if unquote_to_bytes(key) == name:
            return unquote_to_bytes(value)
    return None


def _metadata(argument: str, route: Message, stream: Stream) -> bytes | None:
    kind, *keys = argument.split(":")
    owner = {"ROUTE": route, "VIRTUAL_HOST": stream.host}.get(kind)
    if owner is None:
        raise UnsupportedError(f"the operator %METADATA({argument})% cannot be decided by the walk", path="format")
    return _structured(_found(metadata(owner.metadata), keys))


def _found(values: Mapping[str, object], keys: Sequence[str]) -> object:
    return find(values, keys[0], keys[1:]) if keys else values


def _structured(value: object) -> bytes | None:
    if value is ABSENT or value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8")
    return json.dumps(_whole(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode("utf-8")


def _whole(value: object) -> object:
    if isinstance(value, float) and value == int(value):
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list | tuple) else value


def _address(name: str, stream: Stream) -> bytes | None:
    """The addresses of the client (trusted, or the socket's peer) and of Envoy, whole or in part."""
    connection = stream.connection
    address: tuple[str, int] | None = None
    if name.startswith("DOWNSTREAM_REMOTE_"):
        address = None if stream.client is None else (str(stream.client), stream.client_port)
    elif name.startswith("DOWNSTREAM_DIRECT_REMOTE_"):
        address = None if connection is None else connection.source
    elif name.startswith("DOWNSTREAM_LOCAL_"):
        address = None if connection is None else connection.destination
    else:
        raise UnsupportedError(f"the operator %{name}% cannot be decided by the walk", path="format")
    if address is None:
        return None
    host, port = address
    if name.endswith("_ADDRESS_WITHOUT_PORT"):
        return host.encode()
    if name.endswith("_PORT"):
        return b"%d" % port
    return f"[{host}]:{port}".encode() if ":" in host else f"{host}:{port}".encode()
