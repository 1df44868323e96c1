"""Changes as sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from fastroute.analysis.diff.fields import ADDED, CHANGED, MOVED, REMOVED, FieldChange
from fastroute.analysis.diff.pairs import address_text

_LONGEST = 100
"""Characters of a value in a sentence; what is longer ends in an ellipsis. JSON has all of it."""


def sentences(changes: Sequence[FieldChange]) -> Iterator[str]:
    """One sentence a change; weights of one route are told together."""
    for weighted, together in groupby(changes, _weighted_in):
        if weighted is None:
            yield from map(sentence, together)
        else:
            told = (f"{one.place[-2].removeprefix('cluster ')} {_arrow(one)}" for one in together)
            yield f"{', '.join(weighted)}: weights {', '.join(told)}" if weighted else f"weights {', '.join(told)}"


def _weighted_in(change: FieldChange) -> tuple[str, ...] | None:
    """The place of the route whose cluster's weight changed."""
    if ".clusters[" not in change.path or change.place[-1] != "weight" or not change.place[-2].startswith("cluster "):
        return None
    return tuple(word for word in change.place[:-2] if word not in ("route", "weighted_clusters"))


def sentence(change: FieldChange) -> str:
    """The change in words."""
    place = ", ".join(_joined(change.place))
    if change.change == MOVED:
        return f"{place} moved from position {change.before} to {change.after}"
    if change.element and change.change in (ADDED, REMOVED):
        return f"{place} {change.change}"
    if change.change == CHANGED or not change.path.endswith("]"):
        return f"{place}: {_arrow(change)}"
    value = change.after if change.change == ADDED else change.before
    return f"{place}: {_text(value)} {change.change}"


def _joined(place: Sequence[str]) -> Iterator[str]:
    """The place with runs of plain fields as one dotted path."""
    for plain, run in groupby(place, lambda word: " " not in word):
        words = list(run)
        yield from [".".join(words)] if plain else words


def _arrow(change: FieldChange) -> str:
    if change.before is not None and change.before == change.after:
        return "changed"
    return f"{_text(change.before)} → {_text(change.after)}"


def _text(value: object) -> str:
    if value is None:
        return "unset"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def about(message: Any) -> str:
    """What a resource is, in a few words, for one that came or went."""
    teller = _ABOUT.get(str(message.DESCRIPTOR.name))
    return teller(message) if teller else ""


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _cluster(one: Any) -> str:
    kind = one.cluster_type.name or one.DESCRIPTOR.fields_by_name["type"].enum_type.values_by_number[one.type].name
    policies = one.DESCRIPTOR.fields_by_name["lb_policy"].enum_type.values_by_number
    return f"{kind}, {policies[one.lb_policy].name}"


def _routes(one: Any) -> str:
    routes = sum(len(host.routes) for host in one.virtual_hosts)
    return f"{_count(len(one.virtual_hosts), 'virtual host')}, {_count(routes, 'route')}"


def _endpoints(one: Any) -> str:
    return _count(sum(len(group.lb_endpoints) for group in one.endpoints), "endpoint")


def _listener(one: Any) -> str:
    return f"{address_text(one.address)}, {_count(len(one.filter_chains), 'filter chain')}"


_ABOUT: dict[str, Callable[[Any], str]] = {
    "Cluster": _cluster,
    "RouteConfiguration": _routes,
    "ClusterLoadAssignment": _endpoints,
    "Listener": _listener,
    "VirtualHost": lambda one: _count(len(one.routes), "route"),
}
