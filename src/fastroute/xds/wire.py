"""Responses of either variant, read into one shape.

XD-05  Incremental: a name that is added twice, or added and removed, refuses the whole response.
XD-10  A resource whose type is not the response's refuses the whole response.
XD-11  A `Resource` wraps a resource in the state of the world too; one without a body only renews its time.
XD-12  Fields that Envoy lacks are taken, in what comes at run time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.message import DecodeError, Message

from fastroute.api import names, pool
from fastroute.config.collect import name_of
from fastroute.errors import ParseError
from fastroute.records import field, record
from fastroute.xds.kinds import BY_URL, Kind

WRAPPER: Final = names.url(names.DISCOVERY_RESOURCE)


@record
class Item:
    """One resource of a response. `data` is None for a heartbeat; `label` is the name around the resource."""

    label: str
    data: bytes | None
    version: str
    ttl: float | None = None


@record
class Response:
    """What came of one kind. `whole`: what is not in it does not exist (where the kind is a wildcard)."""

    kind: Kind
    version: str
    nonce: str
    items: tuple[Item, ...] = ()
    removed: tuple[str, ...] = ()
    whole: bool = True
    error: str = ""
    """Why none of it can be taken."""
    received: bool = field(default=True, compare=False)


def read_sotw(message: Any) -> Response | None:
    """A DiscoveryResponse; None when it is of no kind that is asked for."""
    kind = BY_URL.get(message.type_url)
    if kind is None:
        return None
    version = message.version_info
    try:
        items = tuple(_item(each, message.type_url, version) for each in message.resources)
    except ParseError as error:
        return Response(kind, version, message.nonce, error=error.message)
    return Response(kind, version, message.nonce, items)


def read_delta(message: Any) -> Response | None:
    """A DeltaDiscoveryResponse; None when it is of no kind that is asked for."""
    kind = BY_URL.get(message.type_url)
    if kind is None:
        return None
    version, nonce = message.system_version_info, message.nonce
    removed = (*message.removed_resources, *(each.name for each in message.removed_resource_names))
    try:
        items = tuple(_wrapped(each, message.type_url, version) for each in message.resources)
    except ParseError as error:
        return Response(kind, version, nonce, whole=False, error=error.message)
    twice = _twice((*(item.label for item in items), *removed))
    if twice:
        error_text = f"duplicate name {twice} found among added/updated resources"
        return Response(kind, version, nonce, whole=False, error=error_text)
    return Response(kind, version, nonce, items, removed, whole=False)


def _item(packed: Any, type_url: str, version: str) -> Item:
    if packed.type_url == WRAPPER:
        try:
            wrapper: Any = pool.message_class(names.DISCOVERY_RESOURCE).FromString(packed.value)
        except DecodeError:
            raise ParseError(f"the bytes are not a {WRAPPER}", code="bytes") from None
        return _wrapped(wrapper, type_url, version)
    _check_type(packed, type_url)
    return Item("", packed.value, version)


def _wrapped(wrapper: Any, type_url: str, version: str) -> Item:
    label = wrapper.name or wrapper.resource_name.name
    ttl = wrapper.ttl.ToNanoseconds() / 1e9 if wrapper.HasField("ttl") else None
    if not wrapper.HasField("resource"):
        return Item(label, None, wrapper.version or version, ttl)
    _check_type(wrapper.resource, type_url)
    return Item(label, wrapper.resource.value, wrapper.version or version, ttl)


def _check_type(packed: Any, type_url: str) -> None:
    if packed.type_url != type_url:
        raise ParseError(
            f"{packed.type_url} does not match the message-wide type URL {type_url} in DiscoveryResponse", code="kind"
        )


def _twice(labels: Iterable[str]) -> str:
    seen: set[str] = set()
    for label in labels:
        if label in seen:
            return label
        seen.add(label)
    return ""


def parse(kind: Kind, item: Item) -> tuple[str, Message]:
    """The name and message of a resource that is no heartbeat; ParseError when its bytes are none."""
    assert item.data is not None
    try:
        message = pool.message_class(kind.message).FromString(item.data)
    except DecodeError:
        raise ParseError(f"the bytes are not a {kind.url}", resource=item.label, code="bytes") from None
    return name_of(message), message
