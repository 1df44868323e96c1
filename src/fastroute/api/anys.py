"""What an Any holds.

Rules (CF-09, CF-10): the message is named by what follows the last slash of the type URL. A
TypedStruct (`xds.type.v3` or `udpa.type.v1`) whose own type URL names a message that Envoy has *is*
that message; a field that the message lacks is refused. A TypedStruct of any other type stays one:
it stands for an extension that Envoy 1.40 does not contain.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError, Message

from fastroute.api import names, pool, transcode, trees
from fastroute.api.faults import Fault, index
from fastroute.errors import ParseError

_TYPED_STRUCTS = frozenset((names.TYPED_STRUCT, names.UDPA_TYPED_STRUCT))


def type_url(any_message: Message) -> str:
    """The URL of the type that an Any stands for, looking into a TypedStruct; empty when it is empty."""
    url: str = any_message.type_url  # type: ignore[attr-defined]
    if pool.type_name(url) in _TYPED_STRUCTS:
        inner = _parse(any_message, url)
        return str(inner.type_url)  # type: ignore[attr-defined]
    return url


def unpack(any_message: Message, *, path: str = "") -> Message:
    """The message in an Any, of the private pool, with TypedStructs of known types converted.

    A TypedStruct of a type that Envoy lacks is returned as it is; `is_unknown` tells. Raises
    `ParseError`, naming `path`, for an empty Any, a type that the Envoy API lacks, and bytes or a
    structure that do not fit the type.
    """
    url: str = any_message.type_url  # type: ignore[attr-defined]
    if not url:
        raise ParseError("an Any without a type", path=path, remedy="Add @type.", code="missing-type")
    inner = _parse(any_message, url, path)
    if pool.type_name(url) in _TYPED_STRUCTS and pool.is_known(inner.type_url):  # type: ignore[attr-defined]
        return _convert(inner, path)
    return inner


def is_unknown(message: Message) -> bool:
    """Whether `message` is a TypedStruct that stands for a type that Envoy 1.40 does not contain."""
    return message.DESCRIPTOR.full_name in _TYPED_STRUCTS and not pool.is_known(message.type_url)  # type: ignore[attr-defined]


def _parse(any_message: Message, url: str, path: str = "") -> Message:
    try:
        made = pool.message_class(pool.type_name(url))
    except KeyError:
        raise ParseError(
            f'Envoy 1.40 has no message of the type "{url}"',
            path=path,
            remedy="Correct the type URL, or remove the extension.",
            code="unknown-type",
        ) from None
    try:
        return made.FromString(any_message.value)  # type: ignore[attr-defined]
    except DecodeError:
        raise ParseError(f"the bytes are not a {url}", path=path, code="bytes") from None


def _convert(typed_struct: Message, path: str) -> Message:
    tree = trees.struct_tree(typed_struct.value)  # type: ignore[attr-defined]
    try:
        return transcode.message(pool.type_name(typed_struct.type_url), tree)  # type: ignore[attr-defined]
    except Fault as fault:
        inside = f"{path}.value" if path else "value"
        inner = fault.path
        joined = inner if not inner else (inner if inner.startswith("[") else f".{inner}")
        raise ParseError(fault.message, path=inside + joined, remedy=fault.remedy, code=fault.code) from None
    except RecursionError:
        raise ParseError("nested too deeply", path=path + index(0), code="nesting") from None
