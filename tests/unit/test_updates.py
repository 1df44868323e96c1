"""Snapshots that follow changes: what is shared, what is judged anew, and that refusals change nothing."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

import fastroute
from fastroute.api import names, transcode
from fastroute.snapshot import Changes


def cluster(name: str, **more: Any) -> Any:
    return transcode.message(names.CLUSTER, {"name": name, **more})


def eds(name: str, service: str = "") -> Any:
    source = {"eds_config": {"ads": {}}, "service_name": service}
    return cluster(name, type="EDS", eds_cluster_config=source)


def assignment(name: str, *ports: int) -> Any:
    hosts = [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": p}}}} for p in ports]
    tree = {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]}
    return transcode.message(names.CLUSTER_LOAD_ASSIGNMENT, tree)


def routes(name: str, *targets: str, **more: Any) -> Any:
    hosts = [
        {
            "name": f"v{at}",
            "domains": [f"{target}.example"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": target}}],
        }
        for at, target in enumerate(targets)
    ]
    return transcode.message(names.ROUTE_CONFIGURATION, {"name": name, "virtual_hosts": hosts, **more})


def base() -> fastroute.Snapshot:
    return fastroute.load(
        {
            "routes": [routes("r", "a", "b")],
            "clusters": [eds("a"), eds("b", "service")],
            "endpoints": [assignment("a", 1, 2), assignment("service", 3)],
        }
    )


def hosts(snapshot: fastroute.Snapshot, name: str) -> list[str]:
    return [str(host) for host in snapshot.clusters[name].endpoints]


def test_endpoints_change_by_the_name_of_the_assignment_and_the_old_snapshot_stays() -> None:
    before = base()
    after = before.updated(Changes(endpoints={"service": assignment("service", 4, 5)}))
    assert hosts(after, "b") == ["127.0.0.1:4", "127.0.0.1:5"]
    assert hosts(before, "b") == ["127.0.0.1:3"]
    assert hosts(after, "a") == hosts(before, "a")


def test_wire_bytes_are_as_good_as_a_message() -> None:
    content = assignment("a", 9)
    one = base().updated(Changes(endpoints={"a": content}))
    other = base().updated(Changes(endpoints={"a": content.SerializeToString()}))
    assert hosts(one, "a") == hosts(other, "a") == ["127.0.0.1:9"]
    assert one.version == other.version != base().version


def test_a_message_that_its_owner_changes_afterwards_is_a_change_when_it_comes_again() -> None:
    mine = routes("r", *(f"c{at}" for at in range(40)))
    snapshot = fastroute.load({"routes": [mine]})
    for target in ("b", "a", "b"):
        mine.virtual_hosts[7].routes[0].route.cluster = target
        assert fastroute.Router(snapshot).route("c7.example", "/").cluster != target
        snapshot = snapshot.updated(Changes(routes={"r": mine}))
        assert fastroute.Router(snapshot).route("c7.example", "/").cluster == target


def test_a_resource_without_content_is_gone() -> None:
    router = fastroute.Router(base().updated(Changes(clusters={"a": None}, endpoints={"a": None})))
    assert list(router.snapshot.clusters) == ["b"]
    decision = router.route("a.example", "/")
    assert (decision.kind, decision.reason) == ("respond", "cluster_not_found")


def test_hosts_that_stay_keep_their_state() -> None:
    before = base()
    before.clusters["a"].set_health("127.0.0.1:1", "unhealthy")
    before.clusters["a"]["127.0.0.1:1"].begin()
    after = before.updated(Changes(endpoints={"a": assignment("a", 3, 1)}))
    assert [host.health for host in after.clusters["a"].endpoints] == ["healthy", "unhealthy"]
    assert after.clusters["a"]["127.0.0.1:1"].active == 1


def test_what_is_reported_to_the_cluster_of_one_snapshot_counts_in_all() -> None:
    before = base()
    held = before.clusters["a"]
    after = before.updated(Changes(endpoints={"a": assignment("a", 1, 2, 3)}))
    last = after.updated(Changes(endpoints={"a": assignment("a", 1, 3)}))
    held.set_health("127.0.0.1:1", "unhealthy")
    for snapshot, ports in ((after, {2, 3}), (last, {3})):
        picked = {snapshot.clusters["a"].pick(random=lambda: 1) for _ in range(6)}
        assert {host.port for host in picked if host is not None} == ports
    last.clusters["a"].set_health("127.0.0.1:1", "healthy")
    assert [host.health for host in held.endpoints] == ["healthy", "healthy"]
    assert {host.port for host in (held.pick(random=lambda: 1) for _ in range(4)) if host is not None} == {1, 2}


def test_a_host_that_checks_keep_stays_until_its_check_fails() -> None:
    check = {
        "timeout": "1s",
        "interval": "1s",
        "unhealthy_threshold": 1,
        "healthy_threshold": 1,
        "tcp_health_check": {},
    }
    source = {"eds_config": {"ads": {}}}
    checked = cluster("a", type="EDS", eds_cluster_config=source, health_checks=[check])
    before = fastroute.load({"clusters": [checked], "endpoints": [assignment("a", 1, 2)]})
    for port in (1, 2):
        before.clusters["a"].set_health(f"127.0.0.1:{port}", "healthy")
    after = before.updated(Changes(endpoints={"a": assignment("a", 2)}))
    assert sorted(hosts(after, "a")) == ["127.0.0.1:1", "127.0.0.1:2"]
    after.clusters["a"].set_health("127.0.0.1:1", "unhealthy")
    assert hosts(after, "a") == ["127.0.0.1:2"]


def test_all_that_is_refused_is_told_and_nothing_is_applied() -> None:
    before = base()
    bad = cluster("c", type="EDS")
    changes = Changes(clusters={"c": bad, "d": b"\xff"}, endpoints={"a": assignment("x", 1)})
    with pytest.raises(fastroute.ParseError) as caught:
        before.updated(changes)
    assert [each.resource for each in (caught.value, *caught.value.others)] == [
        'Cluster "d"',
        'ClusterLoadAssignment "a"',
        'Cluster "c"',
    ]
    with pytest.raises(fastroute.RejectedError, match="cannot create an EDS cluster without an EDS config"):
        before.updated(Changes(clusters={"c": bad}))
    assert list(before.clusters) == ["a", "b"]


def test_the_constraints_of_the_api_hold_for_what_changes() -> None:
    bad = transcode.message(names.ROUTE_CONFIGURATION, {"name": "r", "virtual_hosts": [{"name": "v"}]})
    with pytest.raises(fastroute.RejectedError) as caught:
        base().updated(Changes(routes={"r": bad}))
    assert caught.value.path == "virtual_hosts[0].domains"


def test_a_message_of_another_kind_is_refused() -> None:
    with pytest.raises(fastroute.ParseError, match=r"not a envoy\.config\.cluster\.v3\.Cluster"):
        base().updated(Changes(clusters={"a": assignment("a")}))


def test_which_clusters_exist_is_judged_anew() -> None:
    checked = base().updated(Changes(routes={"r": routes("r", "a", "b", validate_clusters=True)}))
    with pytest.raises(fastroute.RejectedError, match="unknown cluster 'b'"):
        checked.updated(Changes(clusters={"b": None}))
    with pytest.raises(fastroute.RejectedError, match="unknown cluster 'c'"):
        checked.updated(Changes(routes={"s": routes("s", "c", validate_clusters=True)}))
    both = Changes(routes={"s": routes("s", "c", validate_clusters=True)}, clusters={"c": eds("c")})
    assert list(checked.updated(both).routes) == ["r", "s"]


def test_nothing_changed_is_the_same_version() -> None:
    assert not Changes()
    assert base().updated(Changes()).version == base().version


def zoned(zone: str, *ports: int) -> dict[str, Any]:
    hosts = [{"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": p}}}} for p in ports]
    return {"locality": {"region": "r", "zone": zone}, "lb_endpoints": hosts}


def test_the_local_cluster_moves_the_traffic_of_all_others() -> None:
    """LB-22: with one peer in each zone all stays at home, with two peers at home a part has to leave."""
    static = {
        "name": "up",
        "connect_timeout": "1s",
        "common_lb_config": {"zone_aware_lb_config": {"min_cluster_size": 1}},
        "load_assignment": {"cluster_name": "up", "endpoints": [zoned("a", 1), zoned("b", 2)]},
    }
    source = {"eds_config": {"path_config_source": {"path": "/dev/null"}}}
    local = {"name": "local", "type": "EDS", "connect_timeout": "1s", "eds_cluster_config": source}
    bootstrap = {
        "node": {"id": "n", "cluster": "n", "locality": {"region": "r", "zone": "a"}},
        "cluster_manager": {"local_cluster_name": "local"},
        "static_resources": {"clusters": [local, static]},
    }

    def peers(*groups: dict[str, Any]) -> Any:
        return transcode.message(names.CLUSTER_LOAD_ASSIGNMENT, {"cluster_name": "local", "endpoints": [*groups]})

    def ports(snapshot: fastroute.Snapshot) -> list[int]:
        found = [snapshot.clusters["up"].pick(random=Random(seed).getrandbits(64).__int__) for seed in range(60)]
        return [host.port for host in found if host is not None]

    before = fastroute.load(bootstrap).updated(Changes(endpoints={"local": peers(zoned("a", 11), zoned("b", 12))}))
    after = before.updated(Changes(endpoints={"local": peers(zoned("a", 11, 13, 14), zoned("b", 12))}))
    assert set(ports(before)) == {1}
    assert set(ports(after)) == {1, 2}
    assert set(ports(before)) == {1}


def test_resolved_hosts_stay_over_updates_of_something_else() -> None:
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "up.example", "port_value": 80}}}}
    named = {"cluster_name": "d", "endpoints": [{"lb_endpoints": [endpoint]}]}
    dns = cluster("d", type="STRICT_DNS", load_assignment=named)
    before = fastroute.load({"clusters": [dns, eds("a")], "endpoints": [assignment("a", 1)]})
    before.resolve(lambda name, family: ["10.0.0.7"])
    after = before.updated(Changes(endpoints={"a": assignment("a", 2)}))
    assert hosts(after, "d") == ["10.0.0.7:80"]
