"""The rules of the protocol one by one, on the machine without I/O."""

from __future__ import annotations

from typing import Any

import pytest
from support import xds_model as model
from support import xds_resources as made
from support.ads_server import AdsServer
from support.xds_model import FakeTables

from fastroute.api import names, pool, transcode
from fastroute.config import read
from fastroute.errors import RejectedError, UnsupportedError
from fastroute.xds import connect
from fastroute.xds.backoff import Backoff, backoff_of
from fastroute.xds.feeds import origin
from fastroute.xds.kinds import CLUSTERS, ENDPOINTS, LISTENERS, ROUTES, Kind
from fastroute.xds.machine import Machine
from fastroute.xds.tables import SnapshotTables

SOURCE = "envoy.config.core.v3.ConfigSource"


class Talk:
    """A machine with one connected stream."""

    def __init__(self, *, delta: bool = False, tables: Any = None) -> None:
        self.tables = tables or FakeTables()
        self.machine = Machine(model.start(delta=delta), self.tables)
        self.machine.begin(0.0)
        (self.feed,) = self.machine.feeds
        self.machine.opened(self.feed)
        self.delta, self.nonce = delta, 0

    def said(self) -> list[Any]:
        """What the client says now."""
        return self.machine.requests(self.feed)

    def hear(self, kind: Kind, *items: Any, version: str = "1", removed: tuple[str, ...] = (), now: float = 0.0) -> str:
        """A response with messages, or `Resource` wrappers; why it is refused."""
        self.nonce += 1
        response: Any = pool.new(names.DELTA_DISCOVERY_RESPONSE if self.delta else names.DISCOVERY_RESPONSE)
        response.type_url, response.nonce = kind.url, f"n{self.nonce}"
        if self.delta:
            response.system_version_info = version
            response.resources.extend(items)
            response.removed_resources.extend(removed)
        else:
            response.version_info = version
            for each in items:
                response.resources.add(type_url=names.url(each.DESCRIPTOR.full_name), value=each.SerializeToString())
        return self.machine.received(self.feed, response, now)

    def held(self, kind: Kind) -> dict[str, str]:
        return {name: model.mark_of(message) for name, message in self.tables.held[kind].items()}


def wrapped(name: str, message: Any = None, version: str = "v", ttl: str | None = None) -> Any:
    """A `Resource`; a heartbeat without a message."""
    found: Any = pool.new(names.DISCOVERY_RESOURCE)
    found.name, found.version = name, version
    if ttl is not None:
        found.ttl.FromJsonString(ttl)
    if message is not None:
        found.resource.type_url = names.url(message.DESCRIPTOR.full_name)
        found.resource.value = message.SerializeToString()
    return found


def test_listeners_are_asked_for_when_every_cluster_has_its_endpoints() -> None:
    talk = Talk()
    (first,) = talk.said()
    assert (first.type_url, list(first.resource_names)) == (CLUSTERS.url, [])
    assert (first.version_info, first.response_nonce) == ("", "")
    assert first.node.id == "n"
    talk.hear(CLUSTERS, model.cluster("c", "1", "s"))
    assert [(each.type_url, list(each.resource_names)) for each in talk.said()] == [
        (CLUSTERS.url, []),
        (ENDPOINTS.url, ["s"]),
    ]
    assert talk.held(CLUSTERS) == {}
    talk.hear(ENDPOINTS, model.endpoints("s", "2"))
    assert [each.type_url for each in talk.said()] == [ENDPOINTS.url, LISTENERS.url]
    assert talk.held(CLUSTERS) == {"c": "1"}
    talk.hear(LISTENERS, model.listener("l", "3", ("r",)))
    assert not talk.machine.ready
    talk.hear(ROUTES, model.routes("r", "4"))
    assert talk.machine.ready


def test_a_refusal_holds_the_accepted_version_and_the_new_nonce() -> None:
    talk = Talk()
    talk.hear(CLUSTERS, model.cluster("c", "1", None), version="one")
    talk.said()
    assert "Error adding/updating cluster(s) d" in talk.hear(CLUSTERS, model.cluster("d", "bad2", None), version="two")
    (request,) = talk.said()
    assert (request.version_info, request.response_nonce) == ("one", "n2")
    assert request.error_detail.code == 13
    assert request.error_detail.message == "Error adding/updating cluster(s) d: d is bad"
    assert talk.said() == []
    assert talk.held(CLUSTERS) == {}


def test_equal_content_is_no_change_whatever_its_version() -> None:
    talk = Talk()
    talk.hear(CLUSTERS, model.cluster("c", "1", None), version="one")
    count = talk.tables.applied
    talk.hear(CLUSTERS, model.cluster("c", "1", None), version="two")
    assert talk.tables.applied == count
    talk.hear(CLUSTERS, model.cluster("c", "2", None), version="two")
    assert talk.held(CLUSTERS) == {"c": "2"}


def test_a_response_of_a_kind_that_nobody_asked_for_is_dropped() -> None:
    talk = Talk()
    talk.said()
    assert talk.hear(ROUTES, model.routes("r", "1")) == ""
    assert talk.said() == []


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
def test_time_to_live(delta: bool) -> None:
    talk = Talk(delta=delta)
    talk.hear(CLUSTERS, wrapped("c", model.cluster("c", "1", None), ttl="10s"), now=0)
    assert talk.machine.next_time() == 10
    assert talk.hear(CLUSTERS, wrapped("c", ttl="10s"), now=5) == ""
    talk.machine.advance(12)
    assert talk.held(CLUSTERS) == {"c": "1"}
    talk.machine.advance(15)
    assert talk.held(CLUSTERS) == {}


def test_unknown_fields_are_taken() -> None:
    talk = Talk()
    message = model.cluster("c", "1", None)
    data = message.SerializeToString() + b"\xc2\x3e\x03abc"
    odd: Any = pool.new(names.CLUSTER)
    odd.ParseFromString(data)
    assert talk.hear(CLUSTERS, odd) == ""
    assert talk.held(CLUSTERS) == {"c": "1"}


def test_the_inner_name_counts_and_the_outer_one_is_tracked() -> None:
    talk = Talk(delta=True)
    talk.hear(CLUSTERS, wrapped("outer", model.cluster("inner", "1", None)))
    assert talk.held(CLUSTERS) == {"inner": "1"}
    talk.said()
    talk.machine.closed(talk.feed)
    talk.machine.opened(talk.feed)
    assert dict(talk.said()[0].initial_resource_versions) == {"outer": "v"}


def test_what_nobody_needs_is_given_up() -> None:
    talk = Talk()
    talk.hear(CLUSTERS, model.cluster("c", "1", "s"), model.cluster("d", "2", "t"))
    talk.hear(ENDPOINTS, model.endpoints("s", "3"), model.endpoints("t", "4"))
    talk.said()
    talk.hear(CLUSTERS, model.cluster("d", "2", "t"))
    assert [list(each.resource_names) for each in talk.said() if each.type_url == ENDPOINTS.url] == [["t"]]
    assert talk.held(ENDPOINTS) == {"t": "4"}
    talk.hear(CLUSTERS)
    assert [list(each.resource_names) for each in talk.said() if each.type_url == ENDPOINTS.url] == [[]]


def test_the_node_goes_with_the_first_message_only_when_asked() -> None:
    talk = Talk()
    talk.hear(CLUSTERS)
    assert all(each.HasField("node") for each in talk.said())
    talk.feed.config.set_node_on_first_message_only = True
    try:
        talk = Talk()
        talk.hear(CLUSTERS)
        assert [each.HasField("node") for each in talk.said()] == [True, False]
    finally:
        talk.feed.config.set_node_on_first_message_only = False


V3 = {"resource_api_version": "V3"}
WITHOUT_DELAY = {"api_type": "REST", "cluster_names": ["x"]}


@pytest.mark.parametrize(
    ("tree", "error", "words"),
    [
        ({"ads": {}}, RejectedError, "only the V3 API"),
        ({"ads": {}, "resource_api_version": "V2"}, RejectedError, "only the V3 API"),
        ({"ads": {}, **V3}, RejectedError, "ADS must be configured"),
        ({"self": {}, **V3}, RejectedError, "self names the source"),
        (V3, RejectedError, "missing config source specifier"),
        ({"api_config_source": {"api_type": "AGGREGATED_GRPC"}, **V3}, UnsupportedError, "AGGREGATED_GRPC"),
        ({"api_config_source": WITHOUT_DELAY, **V3}, RejectedError, "refresh_delay"),
        ({"ads": {}, "authorities": [{"name": "a"}], **V3}, UnsupportedError, "xdstp"),
    ],
)
def test_config_sources_that_are_refused(tree: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        origin(transcode.message(SOURCE, tree), CLUSTERS, "", "cds_config", ads=None)


def test_xdstp_names_are_refused() -> None:
    talk = Talk()
    error = talk.hear(CLUSTERS, model.cluster("c", "1", "xdstp://a/envoy.config.endpoint.v3.ClusterLoadAssignment/s"))
    assert "xdstp: names are not supported" in error


def test_self_is_the_source_of_the_parent() -> None:
    talk = Talk()
    message: Any = model.cluster("c", "1", "s")
    message.eds_cluster_config.eds_config.ClearField("ads")
    message.eds_cluster_config.eds_config.self.SetInParent()
    assert talk.hear(CLUSTERS, message) == ""
    assert [list(each.resource_names) for each in talk.said() if each.type_url == ENDPOINTS.url] == [["s"]]


def listener_with(**filter_config: Any) -> made.Tree:
    """A listener whose first HTTP filter is configured so."""
    rds = {"route_config_name": "r", "config_source": model.ADS}
    router = {"name": "r", "typed_config": {"@type": names.url(names.ROUTER)}}
    http = made.manager(rds=rds, http_filters=[{"name": "x", **filter_config}, router])
    return {"name": "m", "address": made.address(1), "filter_chains": [{"filters": [http]}]}


VHDS = {**made.routes("r"), "vhds": {"config_source": model.ADS}}
ON_DEMAND = {"@type": names.url("envoy.extensions.filters.http.on_demand.v3.OnDemand"), "odcds": {"source": model.ADS}}
ODCDS = listener_with(typed_config=ON_DEMAND)
ECDS = listener_with(config_discovery={"config_source": model.ADS, "type_urls": [names.url(names.ROUTER)]})


@pytest.mark.parametrize(
    ("kind", "tree", "words"),
    [(ROUTES, VHDS, "vhds"), (LISTENERS, ODCDS, "odcds"), (LISTENERS, ECDS, "discovered")],
    ids=["vhds", "odcds", "ecds"],
)
def test_what_is_fetched_on_demand_is_refused(kind: Kind, tree: Any, words: str) -> None:
    tables = SnapshotTables(read({"clusters": [made.static("c", 1)]}))
    talk = Talk(tables=tables)
    talk.hear(CLUSTERS)
    talk.hear(LISTENERS, transcode.message(names.LISTENER, made.listener("l", "r", 9, model.ADS)))
    assert words in talk.hear(kind, transcode.message(kind.message, tree))


def test_scopes_bring_their_routes() -> None:
    extractor = {"name": "x", "element_separator": ",", "index": 0}
    scoped = {
        "name": "s",
        "scope_key_builder": {"fragments": [{"header_value_extractor": extractor}]},
        "rds_config_source": made.ADS,
        "scoped_rds": {"scoped_rds_config_source": made.ADS},
    }  # fmt: skip

    def scope(name: str, key: str, route: str) -> made.Tree:
        return {"name": name, "route_configuration_name": route, "key": {"fragments": [{"string_key": key}]}}

    chains = [{"filters": [made.manager(scoped_routes=scoped)]}]
    world = {
        "clusters": [made.static("c", 1), made.static("d", 2)],
        "listeners": [{"name": "l", "address": made.address(10_000), "filter_chains": chains}],
        "scoped_routes": [scope("one", "a", "r"), scope("two", "b", "q")],
        "routes": [made.routes("r", "c"), made.routes("q", "d")],
    }  # fmt: skip
    with AdsServer(world) as server, connect(made.followed(server.port)) as router:
        router.ready(10)
        assert sorted(router.snapshot.routes) == ["q", "r"]
        assert len(router.snapshot.resources.scoped_routes) == 2
        server.push({"scoped_routes": [scope("one", "a", "q")]})
        made.until(lambda: sorted(router.snapshot.routes) == ["q"])
        server.push({"scoped_routes": [scope("one", "a", "q"), scope("three", "a", "r")]})
        made.until(lambda: server.refused)
        assert "scope key conflict found" in server.refused[0]
        assert [each.name for each in router.snapshot.resources.scoped_routes] == ["one"]


def test_one_name_at_two_sources_is_refused() -> None:
    talk = Talk()
    source = {"api_config_source": made.grpc(), "resource_api_version": "V3"}
    second: Any = transcode.message(names.CLUSTER, {**made.eds("d", source), "alt_stat_name": "2"})
    second.eds_cluster_config.service_name = "s"
    error = talk.hear(CLUSTERS, model.cluster("c", "1", "s"), second)
    assert error.startswith('Error adding/updating cluster(s) d: the load assignment "s" is asked for at two sources')
    talk.hear(ENDPOINTS, model.endpoints("s", "3"))
    assert talk.held(CLUSTERS) == {"c": "1"}


def test_back_off_doubles_to_its_cap_and_begins_anew() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.wait() for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    backoff.reset()
    assert backoff.wait() == 0.5
    for _ in range(5000):
        assert backoff.wait() <= 30
    assert Backoff(lambda: 0.0).wait() == 0.0
    policy: Any = transcode.message(
        "envoy.config.core.v3.RetryPolicy", {"retry_back_off": {"base_interval": "0.1s", "max_interval": "1s"}}
    )
    configured = backoff_of(policy, lambda: 0.5)
    assert (configured.base, configured.cap, configured.wait()) == (0.1, 1.0, 0.05)
