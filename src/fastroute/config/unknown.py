"""The types of a text that Envoy 1.40 does not contain.

Envoy refuses them. Dumps of Istio's proxies are full of them, so that lenient loading keeps each as
a TypedStruct with the type URL that it had.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor

from fastroute.api import declared, names, pool, transcode
from fastroute.api.faults import Fault, index, key, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TYPED_STRUCTS = frozenset((names.TYPED_STRUCT, names.UDPA_TYPED_STRUCT))


def errors(full_name: str, tree: object) -> Iterator[Fault]:
    """A fault for each Any in a message's tree whose type Envoy lacks, in the order of the text."""
    return _message(pool.pool().FindMessageTypeByName(full_name), tree)


def _message(descriptor: Descriptor | None, tree: object) -> Iterator[Fault]:
    if not isinstance(tree, dict):
        return
    if "@type" in tree:
        url = _unknown(tree)
        if url is not None:
            from fastroute.api import extension_types

            meant = extension_types.nearest(pool.type_name(url))
            yield Fault(
                f'Envoy 1.40 has no extension of the type "{url}"',
                remedy=f"Did you mean {meant}?" if meant else "Remove the extension, or load leniently.",
                code="unknown-type",
            )
            return
        descriptor = _type(tree)
    fields = transcode.plan(descriptor).fields if descriptor is not None else {}
    for name, item in tree.items():
        field: Any = descriptor.fields_by_name[fields[name].name] if descriptor is not None and name in fields else None
        if field is None or field.message_type is None:
            continue
        for fault in _field(field, item):
            fault.steps.append(field.name)
            yield fault


def _field(field: Any, item: object) -> Iterator[Fault]:
    parts: list[tuple[str, object]]
    if declared.is_map(field):
        parts = [(key(str(name)), one) for name, one in item.items()] if isinstance(item, dict) else []
        inner = field.message_type.fields_by_name["value"].message_type
    else:
        parts = [(index(position), one) for position, one in enumerate(item)] if isinstance(item, list) else []
        inner = field.message_type
        if not isinstance(item, list):
            yield from _message(inner, item)
    for step, one in parts if inner is not None else ():
        for fault in _message(inner, one):
            fault.steps.append(step)
            yield fault


def _type(tree: dict[str, object]) -> Descriptor | None:
    """The message that an Any of a known type holds; None for one that is JSON itself."""
    name = pool.type_name(str(tree["@type"]))
    if name in _TYPED_STRUCTS or not pool.is_known(name):
        return None
    return pool.pool().FindMessageTypeByName(name)


def _unknown(tree: dict[str, object]) -> str | None:
    url = tree.get("@type")
    if not isinstance(url, str):
        return None
    if pool.type_name(url) in _TYPED_STRUCTS:
        url = str(tree.get("type_url", tree.get("typeUrl", "")))
    return None if pool.is_known(url) else url or kind(None)
