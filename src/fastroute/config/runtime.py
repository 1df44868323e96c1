"""The runtime keys that a bootstrap sets by itself.

Rules: the layers of `layered_runtime` lie on each other, the later one above. A `static_layer` is a
Struct whose nested objects join to keys with dots (`{a: {b: 1}}` is `a.b`); an object with nothing
but `numerator` and `denominator` is a fraction, one value. Layers of the admin page, of a directory
and of RTDS are known only to a running Envoy and count as empty.
"""

from __future__ import annotations

from google.protobuf.message import Message

from fastroute.api import trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FRACTION = frozenset(("numerator", "denominator"))


def static_keys(bootstrap: Message) -> dict[str, object]:
    """All keys of the static layers."""
    source: Any = bootstrap
    keys: dict[str, object] = {}
    for layer in source.layered_runtime.layers:
        if layer.WhichOneof("layer_specifier") == "static_layer":
            _flatten(trees.struct_tree(layer.static_layer), "", keys)
    return keys


def _flatten(tree: dict[str, object], prefix: str, keys: dict[str, object]) -> None:
    for name, value in tree.items():
        key = f"{prefix}.{name}" if prefix else name
        if isinstance(value, dict) and not (value and value.keys() <= _FRACTION):
            _flatten(value, key, keys)
        else:
            keys[key] = value
