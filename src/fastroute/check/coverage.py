"""How much of a route configuration its tests cover, by the arithmetic of Envoy's tool.

The plain figure counts routes that some passed comparison touched, each weighted cluster on its own. The
comprehensive figure (`--covall`) takes, for each of them, the part of its properties that were compared:
five for a forwarding route, two (path and code of the redirect) for one that Envoy answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf import text_format

from fastroute.check.tables import Route

_FORWARDED = frozenset(("cluster_name", "virtual_cluster_name", "virtual_host_name", "path_rewrite", "host_rewrite"))
_ANSWERED = frozenset(("path_redirect", "code_redirect"))


class Coverage:
    """Collects what was covered."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = routes
        self._covered: dict[tuple[int, str], set[str]] = {}

    def mark(self, way: tuple[int, str], name: str) -> None:
        """A comparison of `name` on the route and cluster `way` passed."""
        self._covered.setdefault(way, set()).add(name)

    @property
    def total(self) -> int:
        """How many ways through the configuration there are."""
        return sum(route.weight for route in self.routes)

    def percentage(self) -> float:
        """Covered ways per cent."""
        return 100 * len(self._covered) / self.total if self.total else 0.0

    def comprehensive(self) -> float:
        """Covered properties per cent."""
        parts = (self._part(way, names) for way, names in self._covered.items())
        return 100 * sum(parts) / self.total if self.total else 0.0

    def _part(self, way: tuple[int, str], names: set[str]) -> float:
        wanted = _FORWARDED if way[0] >= 0 and self.routes[way[0]].forwards else _ANSWERED
        return len(names & wanted) / len(wanted)

    def missing(self) -> list[Route]:
        """The routes that no passed comparison touched."""
        covered = {number for number, _ in self._covered}
        return [route for route in self.routes if route.number not in covered]


def missing_by_match(routes: Sequence[Route]) -> list[str]:
    """Missing tests in the words of the comprehensive report."""
    return [
        f"Missing test for host: {route.host.name}, route: {text_format.MessageToString(route.message.match)}"
        for route in routes
    ]


def missing_by_name(routes: Sequence[Route]) -> list[str]:
    """Missing tests in the words of `--detailed-coverage`; the number makes names unique."""
    return [
        f"Missing test for host: {route.host.name}, route name: {route.message.name}-{route.number}" for route in routes
    ]
