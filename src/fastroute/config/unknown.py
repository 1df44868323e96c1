"""The types of a text that Envoy 1.40 does not contain.

Envoy refuses them. Dumps of Istio's proxies are full of them, so that lenient loading keeps each as
a TypedStruct with the type URL that it had.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api import names, pool
from fastroute.api.faults import Fault, index, key, kind
from fastroute.api.transcode import snake_case

MARK = names.TYPED_STRUCT.encode()
"""What the wire form of a message with a type of this kind contains."""

_TYPED_STRUCTS = frozenset((names.TYPED_STRUCT, names.UDPA_TYPED_STRUCT))


def errors(tree: object) -> Iterator[Fault]:
    """A fault for each Any in the tree whose type Envoy lacks, in the order of the text."""
    if isinstance(tree, dict):
        url = _unknown(tree)
        if url is not None:
            yield Fault(
                f'Envoy 1.40 has no extension of the type "{url}"',
                remedy="Remove the extension, or load leniently.",
                code="unknown-type",
            )
            return
        for name, item in tree.items():
            yield from _below(item, snake_case(name) if name.replace("_", "").isalnum() else key(name))
    elif isinstance(tree, list):
        for position, item in enumerate(tree):
            yield from _below(item, index(position))


def _below(item: object, step: str) -> Iterator[Fault]:
    for fault in errors(item):
        fault.steps.append(step)
        yield fault


def _unknown(tree: dict[str, object]) -> str | None:
    url = tree.get("@type")
    if not isinstance(url, str):
        return None
    if pool.type_name(url) in _TYPED_STRUCTS:
        url = str(tree.get("type_url", tree.get("typeUrl", "")))
    return None if pool.is_known(url) else url or kind(None)
