"""The router and its snapshot: swapping, binding, errors that name the culprit, one answer a request."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import fastroute


def cluster(name: str, *ports: int) -> dict[str, Any]:
    hosts = [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": p}}}} for p in ports]
    return {"name": name, "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]}}


def table(name: str, target: str) -> dict[str, Any]:
    route = {"name": "only", "match": {"prefix": "/"}, "route": {"cluster": target}}
    return {"name": name, "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}]}


def snapshot(target: str = "a", **more: Any) -> fastroute.Snapshot:
    return fastroute.load({"routes": [table("r", target)], "clusters": [cluster("a", 1, 2), cluster("b", 3)], **more})


def test_a_request_goes_to_an_endpoint() -> None:
    router = fastroute.Router(snapshot(), random=lambda: 0)
    decision = router.route("example.com", "/x?y", headers={"x-a": "1"})
    assert (decision.kind, decision.cluster, decision.route, decision.index) == ("forward", "a", "only", 0)
    assert (decision.method, decision.path, decision.authority) == ("GET", "/x?y", "example.com")
    assert {str(router.pick(decision)) for _ in range(4)} == {"127.0.0.1:1", "127.0.0.1:2"}


def test_swap_replaces_the_whole_snapshot_and_returns_the_old_one() -> None:
    first, second = snapshot("a"), snapshot("b")
    router = fastroute.Router(first)
    assert router.swap(second) is first
    assert router.snapshot is second
    assert router.route("h", "/").cluster == "b"


def test_bound_values_are_on_decisions_and_survive_a_swap() -> None:
    pool = object()
    router = fastroute.Router(snapshot("a"))
    router.bind({"a": pool})
    assert router.route("h", "/").value is pool
    router.swap(snapshot("a"))
    assert router.route("h", "/").value is pool
    router.swap(snapshot("b"))
    assert router.route("h", "/").value is None


def test_bound_values_are_on_decisions_of_routes_alone() -> None:
    router = fastroute.Router(fastroute.load({"routes": [table("r", "a")]}))
    router.bind({"b": 1})
    assert (router.route("h", "/").cluster, router.route("h", "/").value) == ("a", None)
    router.bind({"a": 2})
    assert router.route("h", "/").value == 2


def test_a_cluster_that_the_snapshot_does_not_have_is_a_503() -> None:
    decision = fastroute.Router(snapshot("c", listeners=[])).route("h", "/")
    assert (decision.kind, decision.status, decision.reason) == ("respond", 503, "cluster_not_found")


def test_routes_alone_cannot_tell_which_clusters_exist() -> None:
    router = fastroute.Router(fastroute.load({"routes": [table("r", "anything")]}))
    assert not router.snapshot.knows_clusters
    assert router.route("h", "/").cluster == "anything"


def test_several_route_configurations_have_to_be_told_apart() -> None:
    router = fastroute.Router(fastroute.load({"routes": [table("r", "a"), table("s", "b")]}))
    with pytest.raises(LookupError, match="say which route_config, or give a chain; there are: 'r', 's'"):
        router.route("h", "/")
    with pytest.raises(LookupError, match="no route configuration 't'"):
        router.route("h", "/", route_config="t")
    assert router.route("h", "/", route_config="s").cluster == "b"


def test_picking_for_a_decision_that_goes_nowhere() -> None:
    router = fastroute.Router(snapshot("c"))
    with pytest.raises(ValueError, match="goes to no cluster"):
        router.pick(router.route("h", "/"))
    with pytest.raises(LookupError, match="no cluster 'zzz'"):
        router.pick("zzz")


def test_all_errors_of_a_source_are_reported_at_once() -> None:
    bad = {"routes": [{"name": "r", "virtual_hosts": [{"name": "v", "domains": ["a", "A"]}]}], "clusters": []}
    bad["routes"].append({**table("s", "a"), "vhds": {"config_source": {"ads": {}, "resource_api_version": "V3"}}})
    with pytest.raises(fastroute.ConfigError) as caught:
        fastroute.load(bad)
    assert isinstance(caught.value, fastroute.RejectedError)
    assert [type(other) for other in caught.value.others] == [fastroute.UnsupportedError]
    assert caught.value.others[0].path == "vhds"


def test_a_refused_load_leaves_the_router_as_it_was(tmp_path: Path) -> None:
    router = fastroute.Router(snapshot("a"))
    file = tmp_path / "bad.json"
    file.write_text('{"name": "r", "virtual_hosts": [{"name": "v", "domainz": ["*"]}]}', encoding="utf-8")
    with pytest.raises(fastroute.ParseError) as caught:
        router.swap(fastroute.load(file))
    assert caught.value.path == "virtual_hosts[0].domainz"
    assert str(caught.value.where) == f"{file}:1:47"
    assert router.route("h", "/").cluster == "a"


def test_versions_follow_the_content() -> None:
    assert snapshot("a").version == snapshot("a").version != snapshot("b").version


def test_the_explanation_ends_with_the_same_decision() -> None:
    router = fastroute.Router(snapshot("a"))
    decision = router.route("h", "/q")
    told = router.explain("h", "/q")
    assert told.decision["cluster"] == decision.cluster
    assert told.decision["route"] == decision.route
    assert [step.stage for step in told.steps][-2:] == ["route", "cluster"]


def test_readers_see_one_whole_snapshot_while_another_thread_swaps() -> None:
    """The route's cluster always exists in the snapshot that decided: nothing is half swapped."""
    sources = [
        fastroute.load({"routes": [table("r", name)], "clusters": [cluster(name, 1)]}) for name in ("a", "b", "c")
    ]
    router = fastroute.Router(sources[0])
    stop = threading.Event()
    seen: list[str] = []

    def read() -> None:
        while not stop.is_set():
            decision = router.route("h", "/")
            if decision.kind != "forward":
                seen.append(repr(decision))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(3000):
        router.swap(sources[number % 3])
    stop.set()
    for reader in readers:
        reader.join()
    assert seen == []


def test_hosts_that_stay_keep_their_state_in_the_next_snapshot() -> None:
    first = snapshot("a")
    first.clusters["a"].set_health("127.0.0.1:1", "unhealthy")
    kept = fastroute.load({"routes": [table("r", "a")], "clusters": [cluster("a", 1, 2, 3)]}, previous=first)
    fresh = fastroute.load({"routes": [table("r", "a")], "clusters": [cluster("a", 1, 2, 3)]})
    assert (kept.clusters["a"]["127.0.0.1:1"].health, fresh.clusters["a"]["127.0.0.1:1"].health) == (
        "unhealthy",
        "healthy",
    )
