"""Near misses: values one small step away from those of a configuration.

Every function takes a `random.Random` that Hypothesis seeds, so that a failure repeats, and bytes or
text that the configuration itself contains.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_HOST_EXTRAS = (":80", ":8080", ".", ":", ":x", "x")


def text(rng: Random, value: str) -> str:
    """A value near `value`: itself half of the time, else with one character changed, doubled, cut or added."""
    if rng.random() < 0.5 or not value:
        return value if value or rng.random() < 0.5 else "a"
    place = rng.randrange(len(value))
    step = rng.randrange(6)
    if step == 0:
        return value[:place] + value[place + 1 :]
    if step == 1:
        return value[:place] + value[place] + value[place:]
    if step == 2:
        return value[:place] + value[place].swapcase() + value[place + 1 :]
    if step == 3:
        return value[:-1]
    if step == 4:
        return value + rng.choice("abx/.-1")
    return rng.choice("abx/.-1") + value


def host(rng: Random, domains: Sequence[str]) -> str:
    """A host near one of the domains: wildcards filled in, ports and dots added, case changed."""
    value = rng.choice(domains)
    if "*" in value and rng.random() < 0.8:
        value = value.replace("*", rng.choice(("", "a", "x.y", "b", "-", ".", "a.b", "foo")))
    if rng.random() < 0.2:
        value += rng.choice(_HOST_EXTRAS)
    if rng.random() < 0.15:
        value = value.swapcase()
    return text(rng, value) if rng.random() < 0.4 else value


def path(rng: Random, paths: Sequence[str]) -> str:
    """A path near one of the paths: longer, shorter, with slashes, queries, parameters, escapes, case."""
    value = rng.choice(paths) or "/"
    step = rng.random()
    if step < 0.5:
        value += rng.choice(("", "", "/", "/a", "a", "?", "?a=b", "?x=/1", ";p=1", ";p/a", "//", "/.", "%2F", "%61"))
    elif step < 0.7 and len(value) > 1:
        value = value[: rng.randrange(1, len(value))]
    elif step < 0.8:
        value = value.swapcase()
    elif step < 0.85:
        value = value.replace("/", "//", 1)
    else:
        value = text(rng, value)
    return value if value.startswith("/") else "/" + value
