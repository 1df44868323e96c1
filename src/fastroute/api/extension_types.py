"""Which extensions Envoy 1.40 has, by the category that a field of `fastroute.api.extension_points` takes them from."""

from __future__ import annotations

import functools

from fastroute.api.extension_table import TABLE

_ALIKE = 0.9


@functools.cache
def types_of(category: str) -> frozenset[str]:
    """The full names of the messages that configure the extensions of a category."""
    return _all()[category]


def nearest(name: str) -> str | None:
    """The type whose name is like `name`: spelt nearly so, or of another version or package but called alike."""
    from difflib import get_close_matches

    every = sorted({each for types in _all().values() for each in types})
    close = get_close_matches(name, every, 1, _ALIKE)
    if close:
        return close[0]
    called = [each for each in every if each.rpartition(".")[2] == name.rpartition(".")[2]]
    return called[0] if len(called) == 1 else None


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
