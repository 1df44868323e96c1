"""The plain arguments of `fastroute route`, read without click, whose import takes longer than the decision.

Only what click would read the same way is read here: each option once (the repeatable ones aside), by its full name
or as a lone letter, with its value as the next argument or after `=`. For all else, help and every error among it,
the answer is None, and click has its turn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from fastroute.cli.decide import Asked, to_address
from fastroute.config.load import URLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FLAGS = {"--explain": "explain", "--lenient": "lenient"}
_REPEATABLE = {"-H": "headers", "--header": "headers", "--runtime": "runtime", "--alpn": "alpn"}
_VALUES: dict[str, tuple[str, Callable[[str], object | None]]] = {
    "-X": ("method", str),
    "--method": ("method", str),
    "--route-config": ("route_config", str),
    "--to": ("destination", to_address),
    "--accepted": ("accepted", to_address),
    "--from": ("peer", to_address),
    "--sni": ("sni", str),
    "--random": ("random", lambda text: int(text) if text.isascii() and text.isdigit() else None),
    "-o": ("output", lambda text: text if text in ("text", "json") else None),
    "--output": ("output", lambda text: text if text in ("text", "json") else None),
}


def read(arguments: Sequence[str]) -> Asked | None:
    """What is asked, or None where it takes click to tell."""
    found: dict[str, object] = {}
    several: dict[str, tuple[str, ...]] = {}
    places: list[str] = []
    rest = list(reversed(arguments))
    while rest:
        word = rest.pop()
        if not word.startswith("-"):
            places.append(word)
            continue
        if word in _FLAGS:
            found[_FLAGS[word]] = True
            continue
        name, value = _named(word, rest)
        if value is None:
            return None
        if name in _REPEATABLE:
            several[_REPEATABLE[name]] = (*several.get(_REPEATABLE[name], ()), value)
            continue
        kept, convert = _VALUES[name]
        converted = convert(value)
        if converted is None or kept in found:
            return None
        found[kept] = converted
    if len(places) != 2 or not (places[0].startswith(URLS) or os.path.exists(places[0])):  # noqa: PTH110 - no pathlib yet
        return None
    values: dict[str, Any] = {"source": places[0], "url": places[1], **several, **found}
    return Asked(**values)


def _named(word: str, rest: list[str]) -> tuple[str, str | None]:
    """The option that a word names and its value; None where there is no such option, or no value."""
    name, equals, value = word.partition("=")
    if name not in _VALUES and name not in _REPEATABLE:
        return name, None
    if equals:
        return name, value if name.startswith("--") else None
    return name, rest.pop() if rest else None
