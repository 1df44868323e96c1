"""Three answers to one request: Envoy's, the reference walk's and the Router's. They must be equal.

    differential = Differential(bed)                     bed: an HttpEnvoy
    differential.check(table, requests, "plain")         AssertionError with the first difference
    differential.compared                                how many requests were compared so far

Drawn tables that Envoy refuses are kept in `refused`, with its words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fastroute.api import names
from fastroute.core.decision import Decision
from fastroute.errors import UnsupportedError
from fastroute.reference import http
from fastroute.reference.manager import Tables
from fastroute.request import Connection, Request
from support.core import Routed
from support.envoy import SwapRefusedError, parse
from support.families.common import Table
from support.http1 import render
from support.http_envoy import CLUSTERS, HttpEnvoy, Observed


class Answer(NamedTuple):
    """What is compared; `status` is 0 and `location` None for a forwarded request."""

    virtual_host: str
    route: str
    cluster: str
    status: int
    location: str | None
    details: str


def raw(request: Request) -> bytes:
    """The bytes of a request on an HTTP/1.1 connection."""
    target = request.authority if request.path is None else request.path
    return render(request.method, target, request.authority, request.headers)


UNROUTED = frozenset(
    (
        "path_normalization_failed",
        "query_missing_content_type",
        "absolute_path_rejected",
        "missing_host_header",
    )
)
"""Answers given before routing: Envoy resolves a route then only to log its name, which is no decision."""


def of_envoy(seen: Observed) -> Answer:
    """Envoy's answer."""
    if seen.details in UNROUTED:
        return Answer("", "", "", seen.status, seen.location, seen.details)
    if seen.kind == "forward":
        return Answer(seen.virtual_host, seen.route, seen.cluster, 0, None, "")
    return Answer(seen.virtual_host, seen.route, "", seen.status, seen.location, seen.details)


def of_decision(decision: Mapping[str, Any]) -> Answer:
    """The answer in the fields of a decision."""
    return Answer(
        str(decision["virtual_host"]),
        str(decision["route"]),
        str(decision["cluster"] or ""),
        int(decision["status"]),
        decision["location"],
        str(decision["reason"] or ""),
    )


def of_router(decision: Decision) -> Answer:
    """The Router's answer."""
    return Answer(
        decision.virtual_host,
        decision.route,
        decision.cluster or "",
        decision.status,
        decision.location,
        decision.reason or "",
    )


class Differential:
    """Compares answers on one test bed, and counts."""

    def __init__(
        self,
        bed: HttpEnvoy,
        listeners: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        with_router: bool = True,
    ) -> None:
        self.bed = bed
        self.managers = {
            name: parse(_untyped(bed.manager(overrides)), names.HTTP_CONNECTION_MANAGER)
            for name, overrides in (listeners or {"plain": {}}).items()
        }
        self.options = {name: bed.manager(overrides) for name, overrides in (listeners or {"plain": {}}).items()}
        self.with_router = with_router
        self.compared = 0
        self.routed = 0
        self.unsupported: Counter[str] = Counter()
        self.refused: list[tuple[Table, str]] = []
        self.kinds: Counter[str] = Counter()
        self.runtime: Mapping[str, object] = {}

    def connection(self, listener: str) -> Connection:
        """The connection of the bed's client to a listener."""
        return Connection(("127.0.0.1", self.bed.envoy.port(listener)), ("127.0.0.1", 40000))

    def check(self, table: Table, requests: Sequence[Request], listener: str = "plain") -> None:
        """Compare the answers to every request under this route table."""
        try:
            message = self.bed.swap(table)
        except SwapRefusedError as error:
            self.refused.append((table, str(error)))
            return
        self.ask(message, requests, listener, self.router(table, listener))

    def router(self, table: Table, listener: str) -> Routed | None:
        """A router with this table; None, and counted, where a part of it is not supported."""
        if not self.with_router:
            return None
        try:
            return Routed.of(self.options[listener], table, self.connection(listener), CLUSTERS, self.runtime)
        except UnsupportedError as error:
            self.unsupported[error.path] += 1
            return None

    def ask(
        self, message: Any, requests: Sequence[Request], listener: str = "plain", router: Routed | None = None
    ) -> None:
        """Compare under the table that is in force, which is `message`."""
        tables = Tables({"table": message})
        connection = self.connection(listener)
        seen = self.bed.decide([raw(request) for request in requests], listener)
        for request, observed in zip(requests, seen, strict=True):
            at = Request(**{**_fields(request), "connection": connection})
            walked = http.handle(
                self.managers[listener], at, tables=tables, clusters=frozenset(CLUSTERS), runtime=self.runtime
            )
            envoy, reference = of_envoy(observed), of_decision(walked.decision)
            self.compared += 1
            self.kinds[observed.kind] += 1
            assert reference == envoy, f"on {listener}: {raw(request)!r}\nwalk:\n{walked.text()}"
            if router is not None:
                routed = of_router(router.decide(at))
                self.routed += 1
                assert routed == envoy, f"router on {listener}: {raw(request)!r}\nwalk:\n{walked.text()}"


def _fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in Request.__dataclass_fields__}


def _untyped(message: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name != "@type"}


def budgets(ci: int = 3_000, long: int = 75_000) -> pytest.MarkDecorator:
    """Run a family with `budget` request comparisons: a few in CI, many in the long mode."""
    marks = [pytest.mark.long, pytest.mark.timeout(5400)]
    return pytest.mark.parametrize("budget", [pytest.param(ci, id="ci"), pytest.param(long, id="long", marks=marks)])


class Family(Protocol):
    """A module of `support.families`."""

    PER_TABLE: int

    def tables(self) -> st.SearchStrategy[Table]: ...
    def requests(self, table: Table, seed: int) -> tuple[str, list[Request]]: ...


def run_family(differential: Differential, family: Family, budget: int) -> None:
    """Draw tables of a family and compare until the budget is spent."""

    def check(table: Table, seed: int) -> None:
        listener, requests = family.requests(table, seed)
        differential.check(table, requests, listener)

    spend(differential, family.tables(), check, budget, family.PER_TABLE)


def spend(
    differential: Differential,
    tables: st.SearchStrategy[Table],
    check: Callable[[Table, int], None],
    budget: int,
    per_table: int,
) -> None:
    """Call `check` with drawn tables until the budget is spent; the number of comparisons is asserted."""
    before = differential.compared
    phases = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)

    @settings(max_examples=-(-budget // per_table), suppress_health_check=list(HealthCheck), phases=phases)
    @given(tables, st.integers(0, 2**32 - 1))
    def compare(table: Table, seed: int) -> None:
        check(table, seed)

    compare()
    done = differential.compared - before
    print(
        f"{done} requests compared, {differential.routed} with the router; {dict(differential.kinds)};"
        f" {len(differential.refused)} tables refused, unsupported: {dict(differential.unsupported)}"
    )
    assert done >= budget * 0.9
