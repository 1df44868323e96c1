"""Runtime fractions and weighted clusters against Envoy: RM-20 … RM-22, RA-10 … RA-13.

Envoy draws its own random value, so decisions are compared in two ways: exactly, where every fraction is
0 or certain and weights are chosen by a header; and as sets, where the walk over every random value
from 0 to 99 must give every answer that Envoy gave.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from support import near
from support.compare import Differential, budgets, of_decision, of_envoy, raw, spend
from support.envoy import require_binary
from support.families.common import Table
from support.http_envoy import CLUSTERS, HttpEnvoy

from fastroute.reference import http
from fastroute.reference.manager import Tables
from fastroute.request import Request

pytestmark = pytest.mark.envoy

PER_TABLE = 60
RUNTIME: dict[str, Any] = {
    "zero": 0,
    "hundred": 100,
    "more": 101,
    "huge": 99999999999,
    "negative": -1,
    "nearly": 0.9,
    "above": 100.5,
    "true": True,
    "false": False,
    "text": "100",
    "text-zero": "0",
    "text-float": "100.7",
    "text-negative": "-1",
    "text-space": " 100",
    "word": "abc",
    "empty": "",
    "struct": {"numerator": 100},
    "struct-zero": {"numerator": 0, "denominator": "HUNDRED"},
    "struct-million": {"numerator": 1000000, "denominator": "MILLION"},
    "struct-none": {"denominator": "MILLION"},
    "struct-odd": {"numerator": 100, "other": 1},
    "struct-word": {"numerator": "abc"},
    "struct-text": {"numerator": "100"},
    "struct-scale": {"numerator": 100, "denominator": "TEN"},
    "struct-number": {"numerator": 100, "denominator": 0},
    "struct-case": {"numerator": 100, "denominator": "hundred"},
    "struct-negative": {"numerator": -1},
    "struct-half": {"numerator": 0.5},
    "struct-empty": {},
    "struct-true": {"numerator": True},
    "nested": {"zero": 0, "hundred": 100, "deep": {"hundred": 100}},
    "w.c0": 0,
    "w.c1": 50,
    "w.c2": 150,
    "w.c3": "7",
    "w.c4": -5,
    "w.c5": True,
    "w.c6": 2.9,
}
KEYS = (
    *(key for key in RUNTIME if not key.startswith("w.")),
    "nested.zero",
    "nested.hundred",
    "nested.deep.hundred",
    "no",
)
CERTAIN = (
    (0, "HUNDRED"),
    (100, "HUNDRED"),
    (101, "HUNDRED"),
    (0, "MILLION"),
    (1000000, "MILLION"),
    (10000, "TEN_THOUSAND"),
)
NUMBERS = ("0", "1", "9", "10", "99", "100", "+5", " 15", "-1", "abc", "1.5", "", "0x10", "18446744073709551615", "007")
BOOTSTRAP = {"layered_runtime": {"layers": [{"name": "static", "static_layer": RUNTIME}]}}


@st.composite
def fractions(draw: st.DrawFn) -> dict[str, Any]:
    """A runtime fraction that is certain, whatever is drawn."""
    numerator, denominator = draw(st.sampled_from(CERTAIN))
    default = {"numerator": numerator, "denominator": denominator}
    return {"default_value": default, "runtime_key": draw(st.sampled_from(("", *KEYS)))}


@st.composite
def weighted(draw: st.DrawFn) -> dict[str, Any]:
    """Weighted clusters chosen by a header, some with weights of the runtime."""
    drawn = draw(st.lists(st.tuples(st.sampled_from(CLUSTERS[:8]), st.integers(0, 60)), min_size=1, max_size=4))
    entries: list[dict[str, Any]] = [{"name": name, "weight": weight} for name, weight in drawn]
    entries.append({"name": "c9", "weight": draw(st.integers(1, 30))})
    if draw(st.integers(0, 3)) == 0:
        entries.append({"cluster_header": "x-cluster", "weight": draw(st.integers(0, 30))})
    clusters: dict[str, Any] = {"clusters": entries, "header_name": "x-r"}
    if draw(st.booleans()):
        clusters["runtime_key_prefix"] = "w"
    return {"weighted_clusters": clusters}


@st.composite
def exact_tables(draw: st.DrawFn) -> Table:
    """Routes whose fractions are certain and whose weights are chosen by header."""
    routes = []
    for number in range(draw(st.integers(1, 8))):
        match: dict[str, Any] = {"prefix": "/"}
        if draw(st.booleans()):
            match["runtime_fraction"] = draw(fractions())
        action = draw(weighted()) if draw(st.booleans()) else {"cluster_header": "x-cluster"}
        status = draw(st.sampled_from(("SERVICE_UNAVAILABLE", "NOT_FOUND", "INTERNAL_SERVER_ERROR")))
        route = {**action, "cluster_not_found_response_code": status}
        routes.append({"name": f"r{number}", "match": match, "route": route})
    return {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}


def exact_requests(seed: int) -> list[Request]:
    """Requests with a selection value, or two, and a cluster's name."""
    rng = Random(seed)
    made = []
    for _ in range(PER_TABLE):
        values = [rng.choice(NUMBERS) if rng.random() < 0.5 else str(rng.randrange(200))]
        if rng.random() < 0.2:
            values = [near.text(rng, "10").strip()]
        headers = [(b"x-r", value.strip().encode()) for value in values if _decides(value)]
        headers = headers or [(b"x-r", b"7")]
        for name in rng.choice(((), ("c1",), ("c2", "c3"), ("none",), ("",))):
            headers.append((b"x-cluster", name.encode()))
        made.append(Request(b"h", b"/", headers=tuple(headers)))
    return made


def _decides(value: str) -> bool:
    number = value.strip().removeprefix("+")
    return number.isdigit() and int(number) < 2**64


@st.composite
def drawn_tables(draw: st.DrawFn) -> Table:
    """Routes with any fractions of 100 and weights that sum up to 100."""
    routes = []
    for number in range(draw(st.integers(1, 5))):
        match: dict[str, Any] = {"prefix": "/"}
        if draw(st.booleans()):
            match["runtime_fraction"] = {"default_value": {"numerator": draw(st.integers(0, 100))}}
        first = draw(st.integers(0, 100))
        entries = [{"name": "c1", "weight": first}, {"name": "c2", "weight": 100 - first}]
        route = {"weighted_clusters": {"clusters": entries}}
        routes.append({"name": f"r{number}", "match": match, "route": route})
    return {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}


@pytest.fixture(scope="module")
def bed() -> Iterator[HttpEnvoy]:
    """An Envoy with runtime keys of every kind."""
    require_binary()
    found = HttpEnvoy(bootstrap=BOOTSTRAP)
    found.start()
    yield found
    found.stop()


@budgets(ci=2_000, long=50_000)
def test_certain_fractions_and_weights_by_header(bed: HttpEnvoy, budget: int) -> None:
    differential = Differential(bed)
    differential.runtime = RUNTIME
    spend(
        differential,
        exact_tables(),
        lambda table, seed: differential.check(table, exact_requests(seed)),
        budget,
        PER_TABLE,
    )


@budgets(ci=2_000, long=50_000)
def test_every_drawn_answer_is_one_of_the_walk(bed: HttpEnvoy, budget: int) -> None:
    differential = Differential(bed)
    request = Request(b"h", b"/")

    def check(table: Table, _: int) -> None:
        message = bed.swap(table)
        possible = set()
        for random in range(100):
            at = Request(b"h", b"/", random=random, connection=differential.connection("plain"))
            tables = Tables({"table": message})
            walked = http.handle(differential.managers["plain"], at, tables=tables, clusters=frozenset(CLUSTERS))
            possible.add(of_decision(walked.decision))
        seen = {of_envoy(observed) for observed in bed.decide([raw(request)] * PER_TABLE)}
        differential.compared += PER_TABLE
        assert seen <= possible

    spend(differential, drawn_tables(), check, budget, PER_TABLE)


def test_one_random_value_decides_fraction_and_cluster(bed: HttpEnvoy) -> None:
    """RM-22: the route with 30 of 100 always goes to the first 30 of the weights, the rest never does."""
    weights = {"clusters": [{"name": "c1", "weight": 30}, {"name": "c2", "weight": 70}]}
    fraction = {"default_value": {"numerator": 30}}
    routes = [
        {
            "name": "some",
            "match": {"prefix": "/", "runtime_fraction": fraction},
            "route": {"weighted_clusters": weights},
        },
        {"name": "rest", "match": {"prefix": "/"}, "route": {"weighted_clusters": weights}},
    ]
    bed.swap({"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]})
    seen = {(each.route, each.cluster) for each in bed.decide([raw(Request(b"h", b"/"))] * 500)}
    assert seen == {("some", "c1"), ("rest", "c2")}


USABLE = {
    "zero": False,
    "hundred": True,
    "more": True,
    "huge": True,
    "nearly": False,
    "above": True,
    "text": True,
    "text-zero": False,
    "text-float": True,
    "struct": True,
    "struct-zero": False,
    "struct-million": True,
    "struct-none": False,
    "struct-word": False,
    "struct-text": False,
    "struct-negative": True,
    "struct-half": False,
    "struct-empty": False,
    "struct-true": False,
    "nested.hundred": True,
    "nested.zero": False,
    "nested.deep.hundred": True,
}
"""Keys whose values replace the default, and what they make of a route. All others leave it."""


@pytest.mark.parametrize("key", sorted(set(KEYS) - {"text-space"}))
def test_a_runtime_value(bed: HttpEnvoy, key: str) -> None:
    """RM-21: each form of a runtime value, over a default of nothing and of everything."""
    differential = Differential(bed)
    differential.runtime = RUNTIME
    for numerator in (0, 100):
        fraction = {"default_value": {"numerator": numerator}, "runtime_key": key}
        routes = [{"name": "r", "match": {"prefix": "/", "runtime_fraction": fraction}, "route": {"cluster": "c1"}}]
        differential.check(
            {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}, [Request(b"h", b"/")]
        )
        expected = USABLE.get(key, numerator == 100)
        assert differential.kinds == {"forward" if expected else "respond": 1}
        differential.kinds.clear()


def test_weights_by_the_routes_hash(bed: HttpEnvoy) -> None:
    """RA-11: use_hash_policy picks by the hash of header, query parameter and cookie, combined."""
    weights = {
        "clusters": [{"name": f"c{number}", "weight": number + 1} for number in range(5)],
        "use_hash_policy": True,
    }
    policies = [
        {"query_parameter": {"name": "q"}, "terminal": True},
        {"header": {"header_name": "x-k"}},
        {"cookie": {"name": "sid"}},
        {"connection_properties": {"source_ip": True}},
    ]
    route = {"weighted_clusters": weights, "hash_policy": policies}
    table = {
        "virtual_hosts": [
            {"name": "h", "domains": ["*"], "routes": [{"name": "r", "match": {"prefix": "/"}, "route": route}]}
        ]
    }
    rng = Random(11)
    requests = []
    for number in range(120):
        path = f"/?q={number}" if rng.random() < 0.3 else "/"
        headers = [(b"x-k", b"v%d" % rng.randrange(20)) for _ in range(rng.choice((0, 1, 2)))]
        headers += [(b"cookie", b"sid=c%d" % number)] if rng.random() < 0.5 else []
        requests.append(Request(b"h", path.encode(), headers=tuple(headers)))
    differential = Differential(bed)
    differential.check(table, requests)
    assert differential.compared == differential.routed == 120
