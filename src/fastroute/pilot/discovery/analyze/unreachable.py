"""Routes and matches that no request can reach, because earlier ones in the same rule take all of it.

IST0130  all matches of a route are taken before
IST0131  some matches of a route are taken before
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.traffic import HTTPMatch, StringMatch, TextMatch, VirtualService

EVERYTHING = HTTPMatch()

Key = TypeVar("Key", bound=str)


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about the HTTP routes of all VirtualServices."""
    for one in mesh.registry.virtual_services:
        yield from _rule(one)


def _rule(one: Object[VirtualService]) -> Iterator[Finding]:
    earlier: list[tuple[HTTPMatch, str]] = []
    for number, route in enumerate(one.spec.http):
        matches = route.match or (EVERYTHING,)
        taken = [(index, by) for index, match in enumerate(matches) if (by := _taken(match, earlier))]
        name = f"route {route.name or number}"
        if len(taken) == len(matches):
            yield found("IST0130", one, f"{name} is never reached: {taken[0][1]} takes all of it", "http", number)
        else:
            for index, by in taken:
                yield found("IST0131", one, f"this match has no effect: {by} takes it", "http", number, "match", index)
        earlier.extend((match, f"http[{number}]") for match in matches)


def _taken(match: HTTPMatch, earlier: list[tuple[HTTPMatch, str]]) -> str:
    return next((where for other, where in earlier if covers(other, match)), "")


def covers(wide: HTTPMatch, narrow: HTTPMatch) -> bool:
    """Whether every request that `narrow` takes is taken by `wide`. May be False although it is so."""
    return (
        _uri(wide, narrow)
        and all(_equal(getattr(wide, name), getattr(narrow, name)) for name in ("scheme", "method", "authority"))
        and _maps(wide.headers, narrow.headers)
        and _maps(wide.query_params, narrow.query_params)
        and all(narrow.without_headers.get(name) == how for name, how in wide.without_headers.items())
        and wide.port in (None, narrow.port)
        and wide.source_namespace in ("", narrow.source_namespace)
        and wide.source_labels.items() <= narrow.source_labels.items()
        and (not wide.gateways or (bool(narrow.gateways) and set(narrow.gateways) <= set(wide.gateways)))
    )


def _uri(wide: HTTPMatch, narrow: HTTPMatch) -> bool:
    above, below = wide.uri, narrow.uri
    if above is None or above == StringMatch() or above.prefix in ("", "/") or above.regex in (".*", "/.*"):
        return True
    if below is None or wide.ignore_uri_case != narrow.ignore_uri_case:
        return False
    if above.prefix is not None:
        text = below.exact if below.exact is not None else below.prefix
        return text is not None and text.startswith(above.prefix)
    return above == below


def _equal(wide: StringMatch | None, narrow: StringMatch | None) -> bool:
    return wide is None or wide == narrow


def _maps(wide: Mapping[Key, TextMatch], narrow: Mapping[Key, TextMatch]) -> bool:
    return all(name in narrow and (how.is_presence or how == narrow[name]) for name, how in wide.items())
