"""Which extensions Envoy 1.40 has, by the category that a field of `fastroute.api.extension_points` takes them from."""

from __future__ import annotations

import functools

from fastroute.api.extension_table import TABLE


@functools.cache
def types_of(category: str) -> frozenset[str]:
    """The full names of the messages that configure the extensions of a category."""
    return _all()[category]


@functools.cache
def _all() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    category = package = ""
    for word in TABLE.split():
        if word.endswith(":"):
            category = word[:-1]
            found[category] = set()
        elif word.endswith("."):
            package = word
        else:
            found[category].add(package + word)
    return {name: frozenset(types) for name, types in found.items()}
