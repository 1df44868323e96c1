"""What builds or asks the core with values that no loader gives gets an exception; each case crashed or hung once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fastroute.core.balancers import Policy, SourceBalancer
from fastroute.core.capi import repeat_find
from fastroute.core.chain import ChainEntry
from fastroute.core.clusters import Cluster
from fastroute.core.deciding import route
from fastroute.core.edf import picks_of
from fastroute.core.endpoint import Endpoint
from fastroute.core.engine import Engine, Tables
from fastroute.core.entries import RouteSpec, Target
from fastroute.core.filter_chains import Listener
from fastroute.core.hash_tables import Maglev, Ring
from fastroute.core.matchers import Input, TreeNode
from fastroute.core.outlier import Detector
from fastroute.core.predicates import HeaderPredicate, Predicate
from fastroute.core.sources import Memory
from fastroute.core.strings import StringMatcher
from fastroute.core.subsets import Selector
from fastroute.core.table import RouteTable

FORWARD = Target("forward", cluster="c")
NAN, INFINITE = float("nan"), float("inf")


def table_of(*routes: RouteSpec, **fields: Any) -> RouteTable:
    host = {"name": "v", "domains": [b"*"], "routes": list(routes), "tree": None, "lists": [], "require_tls": "none"}
    return RouteTable("r", [SimpleNamespace(**host | fields)])


def prefix(*predicates: Predicate, target: Target | None = FORWARD) -> RouteSpec:
    return RouteSpec("", 0, target, "prefix", b"/", True, predicates)


@pytest.mark.parametrize("size", [0, 1, 4, 9, 65536])
def test_the_size_of_a_maglev_table_is_a_prime(size: int) -> None:
    with pytest.raises(ValueError, match="prime"):
        Maglev([b"a"], [1.0], size)


@pytest.mark.parametrize(
    ("keys", "weights"),
    [([b"a", b"b"], [1.0]), ([b"a"], [NAN]), ([b"a"], [INFINITE]), ([b"a"], [0.0]), ([b"a"], [-1.0]), ([b"a"], [2.0])],
)
def test_hosts_of_a_table_have_normalised_weights(keys: list[bytes], weights: list[float]) -> None:
    for kind in (Ring, Maglev):
        with pytest.raises(ValueError, match="weight"):
            kind(keys, weights)


def test_a_ring_has_no_more_entries_than_can_be_numbered() -> None:
    with pytest.raises(ValueError, match="at most"):
        Ring([b"a"], [1.0], 2**40, 2**41)


def test_keys_are_bytes() -> None:
    for kind in (Ring, Maglev):
        with pytest.raises(TypeError, match="bytes"):
            kind([None], [1.0])  # type: ignore[list-item]


@pytest.mark.parametrize("weight", [NAN, INFINITE])
def test_a_scheduler_needs_finite_weights(weight: float) -> None:
    with pytest.raises(ValueError, match="weight"):
        picks_of([1.0, weight], 0, 1)


def test_a_cluster_has_few_priorities() -> None:
    cluster = Cluster("c", Policy("round_robin"))
    with pytest.raises(ValueError, match="priority levels"):
        cluster.replace([([], None)] * 130)
    with pytest.raises(ValueError, match="priority levels"):
        SourceBalancer([], Policy("round_robin"), Memory())


def test_a_policy_without_the_one_inside_it() -> None:
    for kind in ("subset", "override_host"):
        with pytest.raises(IndexError):
            Cluster("c", Policy(kind))


def test_clusters_that_depend_on_each_other() -> None:
    one, two = Cluster("one", Policy("round_robin")), Cluster("two", Policy("round_robin"))
    one.link({}, two)
    two.link({}, one)
    with pytest.raises(RecursionError):
        one.pick(1)


def test_a_selector_falls_back_on_fewer_keys() -> None:
    with pytest.raises(ValueError, match="fewer keys"):
        Selector(["a"], fallback=4, fallback_keys=["a"])


def test_policies_nested_without_end() -> None:
    policy = Policy("round_robin")
    for _ in range(100_000):
        policy = Policy("override_host", {}, (policy,))
    with pytest.raises(RecursionError):
        hash(policy)
    with pytest.raises(RecursionError):
        Cluster("c", policy)


def test_an_engine_that_nobody_initialised_has_no_tables() -> None:
    engine = Engine.__new__(Engine)
    with pytest.raises(LookupError):
        engine.route("h", "/")
    with pytest.raises(LookupError):
        engine.pick("c")


def test_a_cluster_of_another_class() -> None:
    engine = Engine(Tables({}, {"c": object()}, None), 0)  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        engine.pick("c")


def test_a_value_that_is_gone_from_the_clusters() -> None:
    values: dict[str, object] = {"c": object()}
    engine = Engine(Tables({"r": table_of(prefix())}, {}, values), 0)
    first = engine.route("h", "/").value
    assert first is values.pop("c")
    del first
    engine.route("h", "/")


def test_a_matcher_tree_that_yields_no_list() -> None:
    table = table_of(tree=TreeNode(action=5), lists=[[prefix()]])
    with pytest.raises(IndexError, match="list 5 of 1"):
        route(table, "h", "/")
    matched = Target("matched", entries=(FORWARD,), weights=(), tree=TreeNode(action=5))
    with pytest.raises(IndexError, match="entry 5 of 1"):
        route(table_of(prefix(target=matched)), "h", "/")
    with pytest.raises(ValueError, match="number of a list"):
        TreeNode(action=-2)


def test_a_matcher_tree_that_leads_to_itself() -> None:
    exact: dict[bytes, TreeNode] = {}
    node = TreeNode(input=Input(header=b"x"), exact=exact)
    exact[b"y"] = node
    with pytest.raises(RecursionError):
        table_of(tree=node)


def test_a_matcher_tree_of_many_levels() -> None:
    node = TreeNode(action=0)
    for _ in range(100_000):
        node = TreeNode(otherwise=node)
    with pytest.raises(RecursionError):
        table_of(tree=node, lists=[[prefix()]])


def test_nodes_of_a_tree_are_nodes() -> None:
    exact: dict[bytes, Any] = {b"y": TreeNode(action=0)}
    table = table_of(tree=TreeNode(input=Input(header=b"x"), exact=exact), lists=[[prefix()]])
    exact[b"y"] = "no node"
    with pytest.raises(TypeError):
        route(table, "h", "/", headers=[("x", "y")])


def test_a_predicate_belongs_to_one_table() -> None:
    shared = HeaderPredicate(b"x-one", StringMatcher("exact", b"y"))
    table_of(prefix(HeaderPredicate(b"x-other"), shared))
    with pytest.raises(ValueError, match="another's already"):
        table_of(prefix(shared))


def test_a_header_has_a_name() -> None:
    with pytest.raises(ValueError, match="name"):
        table_of(prefix(HeaderPredicate(b"")))


def test_a_route_has_a_target() -> None:
    with pytest.raises(ValueError, match="target"):
        table_of(prefix(target=None))
    with pytest.raises(TypeError, match="target"):
        Target("weighted", entries=(None,), weights=(1,))  # type: ignore[arg-type]


def test_domains_are_bytes() -> None:
    with pytest.raises(TypeError):
        table_of(prefix(), domains=["*"])


def test_a_bare_descent_needs_routes() -> None:
    with pytest.raises(ValueError, match="bare descent"):
        repeat_find(RouteTable("r", []), b"h", [b"/"], 1, True)


def test_weighted_clusters_of_a_chain_are_triples() -> None:
    with pytest.raises(IndexError):
        ChainEntry(name="c", index=0, kind="tcp", weighted=[()])


def test_a_match_that_leads_to_no_chain() -> None:
    with pytest.raises(ValueError, match="filter chain 3 of 0"):
        Listener(name="l", addresses=[], sieve={0: {None: {"": {"": {"": {None: {0: {None: {0: 3}}}}}}}}})
    with pytest.raises(TypeError, match="ChainEntry"):
        Listener(name="l", addresses=[], entries=[None])  # type: ignore[list-item]


def test_counters_of_another_class() -> None:
    cluster = Cluster("c", Policy("round_robin"))
    host = Endpoint("10.0.0.1", 1)
    host.state.outlier = host.state.load = "neither"
    with pytest.raises(TypeError):
        Detector(cluster).report(host, 500, now=0.0)


def test_hosts_of_a_level_that_somebody_took_away() -> None:
    cluster = Cluster("c", Policy("round_robin"))
    cluster.replace([([Endpoint("10.0.0.1", 1)], None)])
    cluster.levels[0].hosts.clear()
    cluster.levels[0].healthy.clear()
    with pytest.raises(IndexError):
        cluster.pick(random=lambda: 0)
