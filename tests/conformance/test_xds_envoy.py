"""A real Envoy and a following router hear the same from a control plane: they answer alike and hold the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import xds_resources as made
from support.envoy import require_binary
from support.ports import free_ports
from support.xds_bed import ENVOY, ROUTER, Bed

from fastroute.xds.kinds import CLUSTERS, ENDPOINTS, LISTENERS, ROUTES

pytestmark = pytest.mark.envoy
ONE_SECOND = {**made.ADS, "initial_fetch_timeout": "1s"}
BROKEN_CLUSTER = {"name": "broken", "type": "STATIC", "connect_timeout": "0s"}
BAD_CLUSTER = {"name": "bad", "type": "EDS"}
BROKEN_ENDPOINTS = {"cluster_name": "c", "endpoints": [{"priority": 200}]}
TWO_DROPS: dict[str, Any] = {
    "cluster_name": "c",
    "policy": {"drop_overloads": [{"category": "a", "drop_percentage": {}}, {"category": "b", "drop_percentage": {}}]},
}
"""Passes the constraints; Envoy refuses it when it is put in force."""
TWICE = made.routes("r")["virtual_hosts"][0]
BAD_ROUTES = {"name": "r", "virtual_hosts": [TWICE, {**TWICE, "name": "w"}]}
PORTS = free_ports(2)


@pytest.fixture(scope="module", params=[False, True], ids=["sotw", "delta"])
def long_bed(request: pytest.FixtureRequest) -> Iterator[Bed]:
    require_binary()
    with Bed(delta=request.param) as bed:
        yield bed


@pytest.fixture
def bed(long_bed: Bed) -> Bed:
    long_bed.clear()
    return long_bed


def both_say(bed: Bed, nonce: str, start: str) -> None:
    for client in (ENVOY, ROUTER):
        assert bed.script.reason(nonce, client).startswith(start), bed.script.reason(nonce, client)


def serve(bed: Bed, *ports: int, source: Any = made.ADS) -> None:
    """The cluster `c` with these hosts, in force."""
    bed.send(CLUSTERS, [made.eds("c", source)])
    bed.answered(bed.send(ENDPOINTS, [made.endpoints("c", *ports)]))
    assert bed.agree()["hosts"]["c"] == list(ports)


def test_a_refused_cluster_leaves_the_others(bed: Bed) -> None:
    assert bed.answered(bed.send(CLUSTERS, [made.static("a", 1), made.static("z", 9)])) == "ACK"
    bed.agree()
    nonce = bed.send(CLUSTERS, [made.static("b", 2), BAD_CLUSTER, made.static("a", 3)], ["z"])
    assert bed.answered(nonce) == "NACK"
    assert bed.agree()["hosts"] == {"a": [3], "b": [2], "xds": [bed.script.port]}
    both_say(bed, nonce, "Error adding/updating cluster(s) bad: ")


@pytest.mark.parametrize("span", ["0s", "9223372036s"])
def test_a_broken_constraint_refuses_all(bed: Bed, span: str) -> None:
    assert bed.answered(bed.send(CLUSTERS, [made.static("a", 1)])) == "ACK"
    broken = {**BROKEN_CLUSTER, "connect_timeout": span}
    assert bed.answered(bed.send(CLUSTERS, [made.static("b", 2), broken], ["a"])) == "NACK"
    assert sorted(bed.agree()["hosts"]) == ["a", "xds"]


def test_what_is_found_when_a_resource_is_built_refuses_that_one(bed: Bed) -> None:
    """Not so the constraints of the resource itself: those of what an Any in it holds are found later."""
    check = {"timeout": "1s", "interval": "1s", "unhealthy_threshold": 1, "healthy_threshold": 1}
    bad = made.static("bad", 2, health_checks=[{**check, "grpc_health_check": {}}])
    assert bed.answered(bed.send(CLUSTERS, [bad, made.static("a", 1)])) == "NACK"
    assert bed.agree()["hosts"] == {"a": [1], "xds": [bed.script.port]}
    chain = {"filters": [made.manager(stat_prefix="", route_config=made.routes("x", "a"))]}
    wrong = {"name": "w", "address": made.address(PORTS[1]), "filter_chains": [chain]}
    chain = {"filters": [made.manager(route_config=made.routes("x", "a"))]}
    right = {"name": "g", "address": made.address(PORTS[0]), "filter_chains": [chain]}
    nonce = bed.send(LISTENERS, [wrong, right])
    assert bed.answered(nonce) == "NACK"
    both_say(bed, nonce, "Error adding/updating listener(s) w: ")
    assert list(bed.agree()["listeners"]) == ["g"]


def test_of_two_of_one_name_the_first_counts(bed: Bed) -> None:
    nonce = bed.send(CLUSTERS, [made.static("a", 1), made.static("a", 2), made.static("b", 3)])
    assert bed.answered(nonce) == "NACK"
    if bed.delta:
        assert sorted(bed.agree()["hosts"]) == ["xds"]
        both_say(bed, nonce, "duplicate name a found among added/updated resources")
    else:
        assert bed.agree()["hosts"] == {"a": [1], "b": [3], "xds": [bed.script.port]}
        both_say(bed, nonce, "Error adding/updating cluster(s) a: duplicate cluster a found")


def test_a_static_cluster_is_not_replaced_and_not_removed(bed: Bed) -> None:
    assert bed.answered(bed.send(CLUSTERS, [made.static("xds", 1), made.static("a", 2)])) == "ACK"
    assert bed.agree()["hosts"] == {"a": [2], "xds": [bed.script.port]}
    assert bed.answered(bed.send(CLUSTERS, [], ["xds", "a"])) == "ACK"
    assert bed.agree()["hosts"] == {"xds": [bed.script.port]}


def test_a_cluster_waits_for_its_endpoints_and_the_answer_with_it(bed: Bed) -> None:
    first = bed.send(CLUSTERS, [made.eds("c"), made.static("d", 5)])
    bed.withheld(first)
    assert sorted(bed.agree()["hosts"]) == ["d", "xds"]
    for client in (ENVOY, ROUTER):
        assert bed.last(ENDPOINTS, client).type_url == ENDPOINTS.url
    assert bed.answered(bed.send(ENDPOINTS, [made.endpoints("c", 1, 2), made.endpoints("other", 3)])) == "ACK"
    assert bed.answered(first) == "ACK"
    assert bed.agree()["hosts"]["c"] == [1, 2]


def test_a_changed_cluster_serves_as_it_was_until_a_new_answer(bed: Bed) -> None:
    serve(bed, 1)
    nonce = bed.send(CLUSTERS, [made.eds("c", lb_policy="RANDOM")])
    bed.withheld(nonce)
    assert bed.agree()["hosts"]["c"] == [1]
    assert bed.answered(bed.send(ENDPOINTS, [made.endpoints("c", 1)])) == "ACK"
    assert bed.answered(nonce) == "ACK"
    assert bed.agree()["hosts"]["c"] == [1]


def test_without_an_answer_the_one_of_before_is_used(bed: Bed) -> None:
    serve(bed, 1, source=ONE_SECOND)
    nonce = bed.send(CLUSTERS, [made.eds("c", ONE_SECOND, lb_policy="RANDOM"), made.eds("new", ONE_SECOND)])
    bed.withheld(nonce)
    assert bed.answered(nonce) == "ACK"
    hosts = bed.agree()["hosts"]
    assert (hosts["c"], hosts["new"]) == ([1], [])


@pytest.mark.parametrize("bad", [BROKEN_ENDPOINTS, TWO_DROPS], ids=["constraint", "meaning"])
def test_refused_endpoints_leave_those_in_force(bed: Bed, bad: Any) -> None:
    serve(bed, 1)
    assert bed.answered(bed.send(ENDPOINTS, [bad])) == "NACK"
    assert bed.agree()["hosts"]["c"] == [1]


@pytest.mark.parametrize("bad", [BROKEN_ENDPOINTS, TWO_DROPS], ids=["constraint", "meaning"])
def test_refused_endpoints_end_the_waiting(bed: Bed, bad: Any) -> None:
    first = bed.send(CLUSTERS, [made.eds("c")])
    assert bed.answered(bed.send(ENDPOINTS, [bad])) == "NACK"
    assert bed.answered(first) == "ACK"
    assert bed.agree()["hosts"]["c"] == []
    bed.answered(bed.send(ENDPOINTS, [made.endpoints("c", 1)]))
    assert bed.agree()["hosts"]["c"] == [1]
    second = bed.send(CLUSTERS, [made.eds("c", lb_policy="RANDOM")])
    bed.withheld(second)
    assert bed.answered(bed.send(ENDPOINTS, [bad])) == "NACK"
    assert bed.answered(second) == "ACK"
    assert bed.agree()["hosts"]["c"] == []


def test_endpoints_that_are_absent_or_removed_stay(bed: Bed) -> None:
    serve(bed, 1)
    assert bed.answered(bed.send(ENDPOINTS, [], ["c"])) == "ACK"
    assert bed.answered(bed.send(ENDPOINTS, [made.endpoints("other", 4)])) == "ACK"
    assert bed.agree()["hosts"]["c"] == [1]


def test_removed_endpoints_end_the_waiting(bed: Bed) -> None:
    if not bed.delta:
        pytest.skip("nothing is removed by name")
    first = bed.send(CLUSTERS, [made.eds("c")])
    bed.withheld(first)
    bed.answered(bed.send(ENDPOINTS, [], ["c"]))
    assert bed.answered(first, 3) == "ACK"
    assert bed.agree()["hosts"]["c"] == []


def test_listeners_one_by_one(bed: Bed) -> None:
    good = made.listener("l", "r", PORTS[0])
    nonce = bed.send(LISTENERS, [{"name": "bad", "address": made.address(PORTS[1])}, good])
    assert bed.answered(nonce) == "NACK"
    both_say(bed, nonce, "Error adding/updating listener(s) bad: ")
    assert bed.answered(bed.send(ROUTES, [made.routes("other")])) == "ACK"
    assert bed.agree()["listeners"] == {}
    assert bed.answered(bed.send(ROUTES, [made.routes("r"), made.routes("other")])) == "ACK"
    found = bed.agree()
    assert (list(found["listeners"]), list(found["routes"])) == (["l"], ["r"])
    assert bed.answered(bed.send(LISTENERS, [], ["l"])) == "ACK"
    assert bed.agree()["listeners"] == {}


def test_routes_are_replaced_refused_and_kept(bed: Bed) -> None:
    bed.send(LISTENERS, [made.listener("l", "r", PORTS[0])])
    assert bed.answered(bed.send(ROUTES, [made.routes("r")])) == "ACK"
    before = bed.agree()
    assert bed.answered(bed.send(ROUTES, [BAD_ROUTES])) == "NACK"
    assert bed.answered(bed.send(ROUTES, [{"name": "r", "virtual_hosts": [{"name": "v"}]}])) == "NACK"
    assert bed.agree() == before
    assert bed.answered(bed.send(ROUTES, [], ["r"])) == "ACK"
    assert bed.agree() == before
    assert bed.answered(bed.send(ROUTES, [made.routes("r", "d")])) == "ACK"
    assert bed.agree() != before


def test_refused_routes_let_the_listener_go_on_without_any(bed: Bed) -> None:
    bed.send(LISTENERS, [made.listener("l", "r2", PORTS[0])])  # Listeners that drain still hold `r`.
    assert bed.answered(bed.send(ROUTES, [{**BAD_ROUTES, "name": "r2"}])) == "NACK"
    found = bed.agree()
    assert (list(found["listeners"]), list(found["routes"])) == (["l"], [])


def test_without_routes_the_listener_goes_on_after_the_time(bed: Bed) -> None:
    bed.send(LISTENERS, [made.listener("l", "r3", PORTS[0], ONE_SECOND)])
    assert bed.agree()["listeners"] == {}
    made.until(lambda: "l" in bed.agree()["listeners"], 5)


def test_another_type_refuses_all(bed: Bed) -> None:
    assert bed.answered(bed.send(CLUSTERS, [made.static("a", 1)])) == "ACK"
    message = bed._message(CLUSTERS, [made.static("b", 2)], [], "odd")
    item = message.resources[0].resource if bed.delta else message.resources[0]
    item.type_url = LISTENERS.url
    bed.script.say(message.SerializeToString())
    assert bed.answered("odd") == "NACK"
    assert "does not match the message-wide type URL" in bed.script.reason("odd", ENVOY)
    assert "does not match the message-wide type URL" in bed.script.reason("odd", ROUTER)
    assert sorted(bed.agree()["hosts"]) == ["a", "xds"]


def test_a_new_stream_begins_with_what_was_accepted(bed: Bed) -> None:
    serve(bed, 1)
    bed.answered(bed.send(CLUSTERS, [made.eds("c"), made.static("kept", 3), BAD_CLUSTER]))
    bed.agree()
    before = dict(bed.script.streams)
    marks = {client: len(bed.script.heard[client]) for client in (ENVOY, ROUTER)}
    bed.script.end_streams()
    made.until(lambda: all(bed.script.streams[client] > before[client] for client in (ENVOY, ROUTER)), 10)

    def first(client: str) -> dict[str, Any]:
        """The first request of each kind on the new stream."""
        found: dict[str, Any] = {}
        for each in bed.script.heard[client][marks[client] :]:
            found.setdefault(each.type_url, each)
        return found

    kinds = {each.url for each in (CLUSTERS, LISTENERS, ENDPOINTS)}
    made.until(lambda: all(set(first(client)) >= kinds for client in (ENVOY, ROUTER)), 10)
    for url in kinds:
        theirs, ours = first(ENVOY)[url], first(ROUTER)[url]
        assert theirs.response_nonce == ours.response_nonce == ""
        if bed.delta:
            assert dict(theirs.initial_resource_versions) == dict(ours.initial_resource_versions)
            assert sorted(theirs.resource_names_subscribe) == sorted(ours.resource_names_subscribe)
        else:
            assert theirs.version_info == ours.version_info
            assert sorted(theirs.resource_names) == sorted(ours.resource_names)
    bed.answered(bed.send(CLUSTERS, [], ["kept"]))
    bed.agree()
