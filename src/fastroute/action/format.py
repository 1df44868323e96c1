"""Text with command operators (`%REQ(x)%`), parsed once, rendered for a decision.

RA-74  `%%` is a per cent sign; an operator without a value is "" in headers and rewrites, "-" elsewhere.
RA-75  Operators that are known before the upstream answers are computed here. Others have to be supplied
       by the caller, through the `operators` argument of `upstream_headers` and `downstream_headers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastroute.errors import RequestError
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.decided import Decided

Lookup = Callable[[bytes], bytes | None]
Supply = Callable[[str, str], bytes | None]
"""Given an operator's name and argument, its value: `operators("START_TIME", "%s")`."""


@record
class Values:
    """What operators read: the decision, the request's headers as they are now, the response's if there is one.

    `cluster` is that of the route, where the request does not get to it.
    """

    decision: Decided
    request: Lookup
    response: Lookup | None = None
    metadata: Mapping[str, Mapping[str, object]] | None = None
    virtual_cluster: str | None = None
    supply: Supply | None = None
    cluster: str | None = None


@record
class Operator:
    """One `%NAME(argument):length%`."""

    name: str
    argument: str = ""
    length: int | None = None

    def value(self, values: Values) -> bytes | None:
        """The operator's value, cut to its length; None when it has none."""
        compute = OPERATORS.get(self.name)
        if compute is not None:
            found = compute(values, self.argument)
        else:
            found = values.supply(self.name, self.argument) if values.supply is not None else None
        return found if found is None or self.length is None else found[: self.length]


@record
class Template:
    """A format string: literal bytes, and operators between them; `missing` stands for absent values."""

    parts: tuple[bytes | Operator, ...]
    missing: bytes = b""

    @property
    def is_constant(self) -> bool:
        """Whether the text depends on nothing."""
        return all(isinstance(part, bytes) for part in self.parts)

    def render(self, values: Values) -> bytes:
        """The text for a decision."""
        return b"".join(part if isinstance(part, bytes) else self._value(part, values) for part in self.parts)

    def _value(self, operator: Operator, values: Values) -> bytes:
        found = operator.value(values)
        return self.missing if found is None else found


def alternatives(argument: str) -> tuple[bytes, bytes]:
    """The two header names of `x?y`, lower case; the second may be empty."""
    name, _, other = argument.lower().partition("?")
    return name.encode(), other.encode()


def _header(lookup: Lookup, argument: str) -> bytes | None:
    name, other = alternatives(argument)
    found = lookup(name)
    return lookup(other) if found is None and other else found


def _request_header(values: Values, argument: str) -> bytes | None:
    return _header(values.request, argument)


def _response_header(values: Values, argument: str) -> bytes | None:
    return None if values.response is None else _header(values.response, argument)


def _text(value: str) -> bytes | None:
    return value.encode() if value else None


def _path(values: Values, argument: str) -> bytes | None:
    query, _, source = argument.partition(":")
    names = {"PATH": (b":path",), "ORIG": (b"x-envoy-original-path",)}
    path = None
    for name in names.get(source, (b"x-envoy-original-path", b":path")):
        path = values.request(name)
        if path is not None:
            break
    return path.partition(b"?")[0] if path is not None and query == "NQ" else path


def _query_parameter(values: Values, argument: str) -> bytes | None:
    return decoded_query_value(values.request(b":path"), argument.encode())


def decoded_query_value(path: bytes | None, name: bytes) -> bytes | None:
    """The first value of a query parameter, names and values percent-decoded."""
    from urllib.parse import unquote_to_bytes

    for part in (path or b"").partition(b"?")[2].split(b"&"):
        key, _, value = part.partition(b"=")
        if part and unquote_to_bytes(key) == name:
            return unquote_to_bytes(value)
    return None


def query_value(path: bytes | None, name: bytes) -> bytes | None:
    """The first raw value of a query parameter (RM-40)."""
    for part in (path or b"").partition(b"?")[2].split(b"&"):
        key, _, value = part.partition(b"=")
        if part and key == name:
            return value
    return None


def _address(address: tuple[str, int] | None, *, port: bool = True) -> bytes:
    if address is None:
        raise RequestError("a header of this route shows an address of the connection, and no connection is given")
    host, number = address
    if not port:
        return host.encode()
    return f"[{host}]:{number}".encode() if ":" in host else f"{host}:{number}".encode()


def _port(address: tuple[str, int] | None) -> bytes:
    return _address(address).rpartition(b":")[2]


def _structured(value: object) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode()
    import json

    return json.dumps(_whole(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()


def _whole(value: object) -> object:
    """The value with whole numbers as integers, as Envoy writes them."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list | tuple) else value


def _nested(found: object, keys: list[str]) -> object:
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    return found


def _dynamic_metadata(values: Values, argument: str) -> bytes | None:
    return _structured(_nested(values.decision.dynamic_metadata, argument.split(":")))


def _metadata(values: Values, argument: str) -> bytes | None:
    kind, *keys = argument.split(":")
    return _structured(_nested((values.metadata or {}).get(kind, {}), keys))


OPERATORS: Mapping[str, Callable[[Values, str], bytes | None]] = {
    "REQ": _request_header,
    "RESP": _response_header,
    "PATH": _path,
    "QUERY_PARAM": _query_parameter,
    "ROUTE_NAME": lambda values, _: _text(values.decision.route),
    "UPSTREAM_CLUSTER_RAW": lambda values, _: _text(values.decision.cluster or values.cluster or ""),
    "VIRTUAL_CLUSTER_NAME": lambda values, _: _text(values.virtual_cluster or ""),
    "DYNAMIC_METADATA": _dynamic_metadata,
    "METADATA": _metadata,
    "DOWNSTREAM_REMOTE_ADDRESS": lambda values, _: _address(values.decision.remote_address()),
    "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT": lambda v, _: _address(v.decision.remote_address(), port=False),
    "DOWNSTREAM_REMOTE_PORT": lambda values, _: _port(values.decision.remote_address()),
    "DOWNSTREAM_LOCAL_ADDRESS": lambda values, _: _address(values.decision.local_address()),
    "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT": lambda v, _: _address(v.decision.local_address(), port=False),
    "DOWNSTREAM_LOCAL_PORT": lambda values, _: _port(values.decision.local_address()),
}
"""The operators that are computed here, by name."""

METADATA_KINDS = ("ROUTE", "VIRTUAL_HOST")
