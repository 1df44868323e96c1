"""Looking up and changing header lists: the few operations that every policy needs.

Names are lower case. Pseudo headers are looked up in the decision; `host` and `:authority` are the
same header (RM-30). Integers are read as Envoy reads them: the whole value, surrounding white space
and a leading plus allowed.
"""

from __future__ import annotations

from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.decided import Decided, Pairs

_INTEGER = pattern(rb"[ \t\n\v\f\r]*(\+?|-)([0-9]+)[ \t\n\v\f\r]*")
UINT64 = 1 << 64


def first(headers: Pairs, name: bytes) -> bytes | None:
    """The value of the first header `name`, None when there is none."""
    for key, value in headers:
        if key == name:
            return value
    return None


def values(headers: Pairs, name: bytes) -> list[bytes]:
    """Every value of the header `name`, in order."""
    return [value for key, value in headers if key == name]


def request_values(decision: Decided, headers: Pairs, name: bytes) -> list[bytes]:
    """Every value of the request header `name`, pseudo headers included; `headers` are the regular ones."""
    if name in (b":authority", b"host"):
        return [decision.original_authority]
    if name == b":path":
        return [] if decision.original_path is None else [decision.original_path]
    if name == b":method":
        return [decision.original_method]
    if name == b":scheme":
        return [decision.scheme]
    return values(headers, name)


def unsigned(value: bytes | None, limit: int = UINT64) -> int | None:
    """The unsigned integer that the whole of `value` is, below `limit`; None otherwise."""
    if value is None or (match := _INTEGER.fullmatch(value)) is None:
        return None
    number = int(match[2])
    if match[1] == b"-" and number:
        return None
    return number if number < limit else None


def signed(value: bytes) -> int | None:
    """The signed 64-bit integer that the whole of `value` is; None otherwise."""
    if (match := _INTEGER.fullmatch(value)) is None:
        return None
    number = -int(match[2]) if match[1] == b"-" else int(match[2])
    return number if -(1 << 63) <= number < 1 << 63 else None


def speaks_grpc(decision: Decided) -> bool:
    """Whether the request is gRPC: by its content type, and never without a path (RM-50)."""
    return decision.original_path is not None and is_grpc(decision.processed_headers())


def is_grpc(headers: Pairs) -> bool:
    """Whether the content type makes it gRPC: exactly `application/grpc`, or with `+` after it (RM-50)."""
    content_type = first(headers, b"content-type")
    return content_type is not None and is_grpc_type(content_type)


def is_grpc_type(content_type: bytes) -> bool:
    """Whether that is the content type of gRPC."""
    return content_type == b"application/grpc" or content_type.startswith(b"application/grpc+")
