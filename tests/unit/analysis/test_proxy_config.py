"""The tables are those of the seed, line by line; filters; both profiles."""

from __future__ import annotations

from support import bookinfo

from fastroute.analysis import proxy_config
from fastroute.analysis.proxy_config.routes import shortest, some

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
