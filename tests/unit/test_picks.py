"""Picks through the router: what a decision or a chain tells the cluster."""

from __future__ import annotations

from typing import Any

import pytest
from support.clusters import endpoint, locality, seeded, static

from fastroute.request import Connection
from fastroute.router import Router
from fastroute.snapshot import load

HCM = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {"name": "r", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
TCP = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
SUBSETS = {"subset_selectors": [{"keys": ["v"]}]}


def routed(cluster: str, **more: Any) -> dict[str, Any]:
    fields = {key: more.pop(key) for key in list(more) if key in ("hash_policy", "metadata_match")}
    return {"match": {"prefix": f"/{cluster}"}, "route": {"cluster": cluster, **fields}, **more}


@pytest.fixture(scope="module")
def router() -> Router:
    original = {"header": {"key": "x-envoy-original-dst-host", "value": "127.8.9.9:99"}}
    routes = [
        routed("maglev", hash_policy=[{"header": {"header_name": "x-user"}}]),
        routed("subset", metadata_match={"filter_metadata": {"envoy.lb": {"v": "2"}}}),
        routed("pass", request_headers_to_add=[original]),
        routed("plain"),
    ]
    hosts = [endpoint(i, lb={"v": str(i)}) for i in range(1, 6)]
    clusters = [
        {**static(locality(hosts), lb_policy="MAGLEV"), "name": "maglev"},
        {**static(locality(hosts), lb_subset_config=SUBSETS), "name": "subset"},
        {
            "name": "pass",
            "type": "ORIGINAL_DST",
            "lb_policy": "CLUSTER_PROVIDED",
            "original_dst_lb_config": {"use_http_header": True},
        },
        {"name": "plain", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"},
    ]
    manager = {
        "@type": HCM,
        "stat_prefix": "x",
        "http_filters": [ROUTER],
        "route_config": {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]},
    }
    tcp = {"@type": TCP, "stat_prefix": "t", "cluster": "plain"}
    listeners = [
        {
            "name": name,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
            "listener_filters": [
                {
                    "name": "o",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst"
                    },
                }
            ],
            "filter_chains": [{"filters": [{"name": "f", "typed_config": config}]}],
        }
        for name, port, config in (("http", 15001, manager), ("tcp", 15002, tcp))
    ]
    source = {"static_resources": {"clusters": clusters, "listeners": listeners}}
    return Router(load(source), random=seeded())


def chain(router: Router, port: int) -> Any:
    return router.connect(Connection(("10.0.0.9", 9000), accepted=("127.0.0.1", port)))


def decide(router: Router, path: str, headers: Any = ()) -> Any:
    return router.route("h", path, "GET", headers, chain=chain(router, 15001))


def test_the_hash_of_the_route_chooses(router: Router) -> None:
    picks = {str(router.pick(decide(router, "/maglev", [("x-user", "ann")]))) for _ in range(10)}
    assert len(picks) == 1
    assert len({str(router.pick(decide(router, "/maglev"))) for _ in range(50)}) > 1


def test_the_metadata_of_the_route_chooses_the_subset(router: Router) -> None:
    assert {router.pick(decide(router, "/subset")).port for _ in range(5)} == {2}


def test_headers_that_the_route_adds_name_the_original_destination(router: Router) -> None:
    assert str(router.pick(decide(router, "/pass"))) == "127.8.9.9:99"
    given = [("x-envoy-original-dst-host", "127.8.9.1:9")]
    assert str(router.pick(decide(router, "/pass", given))) == "127.8.9.1:9"


def test_the_connection_names_the_original_destination(router: Router) -> None:
    assert str(router.pick(decide(router, "/plain"))) == "10.0.0.9:9000"
    assert str(router.pick(chain(router, 15002))) == "10.0.0.9:9000"
