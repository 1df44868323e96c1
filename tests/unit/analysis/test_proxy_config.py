"""The tables are those of the seed, line by line; filters; both profiles."""

from __future__ import annotations

from typing import Any

from support import bookinfo

from fastroute import config
from fastroute.analysis import proxy_config
from fastroute.analysis.proxy_config.routes import shortest, some
from fastroute.api import names

OLD, NEW = "1.8", "current"


def test_s081_endpoint_table_is_block_06() -> None:
    table = proxy_config.endpoint_table(bookinfo.resources(OLD), cluster=bookinfo.REVIEWS)
    assert bookinfo.lines(table.text()) == bookinfo.lines(bookinfo.block("06-endpoint-table.txt"))
    assert table.text().splitlines()[0] == "ENDPOINT              STATUS      OUTLIER CHECK     CLUSTER"


def test_s062_listener_table_is_block_12() -> None:
    table = proxy_config.listener_table(bookinfo.resources(OLD), port=15001)
    assert table.text().splitlines() == bookinfo.block("12-listener-table-15001.txt").splitlines()[2:]


def test_s064_s070_tables_are_block_13() -> None:
    listeners = proxy_config.listener_table(bookinfo.resources(OLD), port=9080)
    routes = proxy_config.route_table(bookinfo.resources(OLD), name="9080")
    wanted = bookinfo.lines(bookinfo.block("13-listener-and-route-tables-9080.txt"))
    assert bookinfo.lines(listeners.text()) + bookinfo.lines(routes.text()) == wanted


def test_s065_listener_table_is_block_15() -> None:
    table = proxy_config.listener_table(bookinfo.resources(OLD), port=15006)
    assert table.text().splitlines() == bookinfo.block("15-listener-table-15006.txt").splitlines()[2:]


def test_s051_cluster_table_sorts_by_host_subset_port_and_direction() -> None:
    table = proxy_config.cluster_table(bookinfo.resources(OLD), fqdn="reviews.default.svc.cluster.local")
    assert [row[1:] for row in table.rows] == [
        ("9080", subset, "outbound", "EDS", "reviews.default") for subset in ("-", "v1", "v2", "v3")
    ]
    special = [row for row in proxy_config.cluster_table(bookinfo.resources(OLD)).rows if "Cluster" in row[0]]
    assert [row[:5] for row in special] == [
        ("BlackHoleCluster", "-", "-", "-", "STATIC"),
        ("InboundPassthroughClusterIpv4", "-", "-", "-", "ORIGINAL_DST"),
        ("PassthroughCluster", "-", "-", "-", "ORIGINAL_DST"),
    ]


def test_filters() -> None:
    everything = bookinfo.resources(NEW)
    assert {row[1] for row in proxy_config.cluster_table(everything, port=9411).rows} == {"9411"}
    assert {row[3] for row in proxy_config.cluster_table(everything, direction="inbound").rows} == {"inbound"}
    assert {row[2] for row in proxy_config.cluster_table(everything, subset="v1").rows} == {"v1"}
    assert {row[0] for row in proxy_config.listener_table(everything, address="10.231.40.10").rows} == {"10.231.40.10"}
    assert {row[1] for row in proxy_config.listener_table(everything, kind="tcp").rows} == {"443", "15001", "15012"}
    assert proxy_config.endpoint_table(everything, status="unhealthy").rows == ()
    assert len(proxy_config.endpoint_table(everything, port=9411).rows) == 1


def test_current_shows_the_lists_that_1_8_had_labels_for() -> None:
    rows = proxy_config.listener_table(bookinfo.resources(NEW), profile=NEW, port=9080).rows
    assert rows[0][2] == "Trans: raw_buffer; App: http/1.1,h2c"


def test_current_route_table() -> None:
    table = proxy_config.route_table(bookinfo.resources(NEW), profile=NEW, name="9080")
    name = "reviews.default.svc.cluster.local:9080"
    assert table.rows[-1] == ("9080", name, "reviews, reviews.default + 1 more...", "/*", "reviews.default")


def test_domains_shown() -> None:
    assert shortest(["10.0.0.1", "a.b.c", "a.b", "1.1.1.1"]) == "a.b"
    assert shortest(["10.0.0.1"]) == "10.0.0.1"
    assert shortest([]) == ""
    assert some(["a.b.svc.cluster.local", "a", "a.b.svc", "a.b", "10.1.1.1", "a:80"]) == "a, a.b + 1 more..."


def socket(address: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": port}}


def endpoint(address: str, port: int, **fields: Any) -> dict[str, Any]:
    return {"endpoint": {"address": socket(address, port)}, **fields}


def cluster(name: str, *endpoints: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": list(endpoints)}]}}


HOSTS = {
    "clusters": [
        cluster("outbound|80||A.b", endpoint("10.0.0.1", 100), endpoint("10.0.0.1", 9, health_status="UNHEALTHY")),
        cluster("outbound|81|v1|c", endpoint("10.0.0.1", 9)),
        {"name": "outbound|82||empty", "type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}},
    ]
}


def endpoints(**filters: Any) -> list[tuple[str, str]]:
    return [(row[0], row[3]) for row in proxy_config.endpoint_table(config.read(HOSTS), **filters).rows]


def test_endpoints_are_sorted_by_port_as_numbers_and_filters_mind_no_case() -> None:
    first, second = "outbound|80||A.b", "outbound|81|v1|c"
    assert endpoints() == [("10.0.0.1:9", first), ("10.0.0.1:9", second), ("10.0.0.1:100", first)]
    assert endpoints(cluster="OUTBOUND|80||a.B", status="Healthy") == [("10.0.0.1:100", first)]
    assert endpoints(status="unhealthy") == [("10.0.0.1:9", first)]
    assert endpoints(port=9, address="10.0.0.1", status="HEALTHY") == [("10.0.0.1:9", second)]


def test_the_status_of_clusters_obeys_every_filter_and_leaves_out_those_without_hosts() -> None:
    def chosen(**filters: Any) -> list[str]:
        return [one.name for one in proxy_config.cluster_status(config.read(HOSTS), **filters)]

    assert chosen() == ["outbound|80||A.b", "outbound|81|v1|c"]
    assert chosen(status="unhealthy") == ["outbound|80||A.b"]
    assert chosen(port=100) == ["outbound|80||A.b"]
    assert chosen(address="10.0.0.2") == []
    (found,) = proxy_config.cluster_status(config.read(HOSTS), port=100)
    assert len(found.host_statuses) == 2


def test_filters_of_clusters_look_into_the_whole_name() -> None:
    def chosen(**filters: Any) -> list[str]:
        return [one.name for one in proxy_config.select_clusters(config.read(HOSTS), **filters)]

    assert chosen(fqdn="outbound|81") == ["outbound|81|v1|c"]
    assert chosen(subset="v") == ["outbound|81|v1|c"]
    assert chosen(port=80) == ["outbound|80||A.b"]
    assert chosen(port=8) == []
    assert chosen(direction="inbound") == []


def listener(name: str, port: int, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "address": socket("10.0.0.1", port), "filter_chains": [{"filters": list(filters)}]}


def proxy(to: str) -> dict[str, Any]:
    return {"name": "t", "typed_config": {"@type": names.url(names.TCP_PROXY), "stat_prefix": "s", "cluster": to}}


def manager(*hosts: dict[str, Any]) -> dict[str, Any]:
    inner = {"stat_prefix": "s", "route_config": {"virtual_hosts": list(hosts)}}
    return {"name": "h", "typed_config": {"@type": names.url(names.HTTP_CONNECTION_MANAGER), **inner}}


def test_types_of_listeners() -> None:
    host = {"name": "v", "domains": ["a", "b"], "routes": [{"match": {"prefix": "/x"}, "redirect": {}}]}
    listed = [
        listener("b", 1, proxy("x")),
        listener("a", 1, proxy("BlackHoleCluster")),
        listener("d", 1, manager(host)),
        listener("c", 2, manager(host), proxy("x")),
    ]
    found = config.read({"listeners": listed})
    table = proxy_config.listener_table(found, profile=OLD, verbose=False)
    assert table.header == ("ADDRESS", "PORT", "TYPE")
    assert [row[1:] for row in table.rows] == [("1", "HTTP"), ("1", "TCP"), ("1", "UNKNOWN"), ("2", "HTTP+TCP")]
    assert len(proxy_config.listener_table(found, kind="unknown").rows) == 1
    assert proxy_config.listener_table(found, kind="http").rows[0][3] == "Inline Route: a/b /x*"
