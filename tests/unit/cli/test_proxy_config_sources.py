"""Every filter of `fastroute proxy-config` over every kind of source shows the same resources."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support.page import serving

from fastroute.api import names
from fastroute.cli.proxy_config import proxy_config

Tree = dict[str, Any]
V1, INBOUND, DNS = "outbound|80|v1|a.ns.svc.cluster.local", "inbound|9080||", "outbound|443||b.com"


def host(address: str, port: int, **fields: Any) -> Tree:
    return {"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}, **fields}


def typed(kind: str, **fields: Any) -> Tree:
    return {"@type": names.url(kind), **fields}


def listener(name: str, address: str, port: int, filter_config: Tree) -> Tree:
    bound = {"socket_address": {"address": address, "port_value": port}}
    chain = {"filters": [{"name": "f", "typed_config": filter_config}]}
    return {"name": name, "address": bound, "filter_chains": [chain]}


def manager(*filters: Tree) -> Tree:
    rds = {"route_config_name": "8080", "config_source": {"ads": {}, "resource_api_version": "V3"}}
    router = {"name": "router", "typed_config": typed(names.ROUTER)}
    return typed(names.HTTP_CONNECTION_MANAGER, stat_prefix="s", rds=rds, http_filters=[*filters, router])


RULE = {"filter_metadata": {"istio": {"config": "/apis/networking.istio.io/v1alpha3/namespaces/ns/destination-rule/a"}}}
CLUSTERS: list[Tree] = [
    {"name": V1, "type": "EDS", "metadata": RULE, "eds_cluster_config": {"eds_config": {"ads": {}}}},
    {"name": INBOUND, "load_assignment": {
        "cluster_name": INBOUND, "endpoints": [{"lb_endpoints": [host("127.0.0.1", 9080)]}]}},
    {"name": DNS, "cluster_type": {
        "name": "dns", "typed_config": typed("envoy.extensions.clusters.dns.v3.DnsCluster")}},
    {"name": "BlackHoleCluster", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"},
]  # fmt: skip
ENDPOINTS: list[Tree] = [
    {"cluster_name": V1, "endpoints": [{"lb_endpoints": [
        host("10.0.0.2", 80, health_status="UNHEALTHY"), host("10.0.0.1", 81)]}]},
]  # fmt: skip
TCP = typed(names.TCP_PROXY, stat_prefix="s", cluster=DNS)
LISTENERS = [listener("http", "0.0.0.0", 8080, manager()), listener("tcp", "10.0.0.9", 443, TCP)]
WASM = {"name": "istio.stats", "typed_config": typed(
    names.TYPED_STRUCT, type_url="type.googleapis.com/stats.PluginConfig", value={"a": 1})}  # fmt: skip
ISTIO = [listener("http", "0.0.0.0", 8080, manager(WASM)), LISTENERS[1]]
ROUTES: list[Tree] = [
    {"name": name, "virtual_hosts": [{"name": "a", "domains": ["a.ns", "a.ns:80", "a"], "routes": [
        {"match": {"prefix": "/x"}, "route": {"cluster": V1}}]}]}
    for name in ("9090", "8080")
]  # fmt: skip


def dump(listeners: list[Tree]) -> Tree:
    """A config dump with endpoints."""

    def packed(kind: str, tree: Tree) -> Tree:
        return typed(kind, **tree)

    def section(kind: str, **fields: Any) -> Tree:
        return typed(f"envoy.admin.v3.{kind}ConfigDump", **fields)

    return {
        "configs": [
            section("Bootstrap", bootstrap={"node": {"id": "n", "cluster": "c"}}),
            section("Clusters", dynamic_active_clusters=[{"cluster": packed(names.CLUSTER, one)} for one in CLUSTERS]),
            section("Endpoints", dynamic_endpoint_configs=[
                {"endpoint_config": packed(names.CLUSTER_LOAD_ASSIGNMENT, one)} for one in ENDPOINTS]),
            section("Listeners", dynamic_listeners=[
                {"name": one["name"], "active_state": {"listener": packed(names.LISTENER, one)}} for one in listeners]),
            section("Routes", dynamic_route_configs=[
                {"route_config": packed(names.ROUTE_CONFIGURATION, one)} for one in ROUTES]),
        ]
    }  # fmt: skip


def response(kind: str, trees: list[Tree]) -> Tree:
    return {"type_url": names.url(kind), "version_info": "1", "resources": [typed(kind, **tree) for tree in trees]}


KINDS = {
    names.CLUSTER: CLUSTERS,
    names.CLUSTER_LOAD_ASSIGNMENT: ENDPOINTS,
    names.LISTENER: LISTENERS,
    names.ROUTE_CONFIGURATION: ROUTES,
}


def _directory(path: Path) -> Path:
    for number, (kind, trees) in enumerate(KINDS.items()):
        (path / f"{number}.yaml").write_text(yaml.safe_dump(response(kind, trees)))
    return path


def _resources(path: Path) -> Path:
    """A directory of single resources."""
    for number, tree in enumerate(tree for trees in KINDS.values() for tree in trees):
        (path / f"{number}.json").write_text(json.dumps(tree))
    return path


def _file(name: str, tree: Tree) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        file = path / name
        file.write_text(json.dumps(tree))
        return file

    return write


STATIC = {"static_resources": {"clusters": CLUSTERS, "listeners": LISTENERS}}
SOURCES: dict[str, Callable[[Path], Path]] = {
    "discovery responses": _directory,
    "resources": _resources,
    "dump": _file("dump.json", dump(LISTENERS)),
    "Istio's dump": _file("dump.json", dump(ISTIO)),
    "admin page": _file("page.json", dump(ISTIO)),
    "bootstrap": _file("bootstrap.json", STATIC),
}
FILTERS: list[tuple[list[str], list[str]]] = [
    (["cluster"], ["BlackHoleCluster", "a.ns.svc.cluster.local", "b.com"]),
    (["cluster", "--fqdn", "a.ns"], ["a.ns.svc.cluster.local"]),
    (["cluster", "--port", "443"], ["b.com"]),
    (["cluster", "--subset", "v1"], ["a.ns.svc.cluster.local"]),
    (["cluster", "--direction", "outbound"], ["a.ns.svc.cluster.local", "b.com"]),
    (["cluster", "--direction", "outbound", "--port", "80"], ["a.ns.svc.cluster.local"]),
    (["cluster", "--fqdn", "nobody"], []),
    (["listener"], ["0.0.0.0", "10.0.0.9"]),
    (["listener", "--address", "10.0.0.9"], ["10.0.0.9"]),
    (["listener", "--port", "8080"], ["0.0.0.0"]),
    (["listener", "--type", "tcp"], ["10.0.0.9"]),
    (["listener", "--type", "HTTP"], ["0.0.0.0"]),
    (["listener", "--type", "HTTP", "--port", "443"], []),
    (["route"], ["8080", "9090"]),
    (["route", "--name", "9090"], ["9090"]),
    (["route", "--name", "90"], []),
    (["endpoint"], ["10.0.0.1:81", "10.0.0.2:80", "127.0.0.1:9080"]),
    (["endpoint", "--cluster", V1], ["10.0.0.1:81", "10.0.0.2:80"]),
    (["endpoint", "--address", "10.0.0.1"], ["10.0.0.1:81"]),
    (["endpoint", "--port", "80"], ["10.0.0.2:80"]),
    (["endpoint", "--status", "unhealthy"], ["10.0.0.2:80"]),
    (["endpoint", "--status", "healthy"], ["10.0.0.1:81", "127.0.0.1:9080"]),
    (["endpoint", "--status", "healthy", "--cluster", INBOUND], ["127.0.0.1:9080"]),
]
ROWS = [
    ["BlackHoleCluster", "-", "-", "-", "ORIGINAL_DST"],
    ["a.ns.svc.cluster.local", "80", "v1", "outbound", "EDS", "a.ns"],
    ["b.com", "443", "-", "outbound", "STATIC"],
]


@pytest.fixture(scope="module", params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    file = SOURCES[request.param](tmp_path_factory.mktemp("source"))
    if request.param != "admin page":
        yield request.param, str(file)
        return
    with serving(file.read_bytes()) as base:
        yield request.param, f"{base}/config_dump?include_eds"


def run(*arguments: str) -> str:
    found = CliRunner().invoke(proxy_config, arguments)
    assert found.exit_code == 0, found.output
    return found.stdout


def expected(kind: str, command: str, wanted: list[str]) -> list[str]:
    """A bootstrap has neither routes of RDS nor endpoints of EDS."""
    if kind != "bootstrap" or command in ("cluster", "listener"):
        return wanted
    return [] if command == "route" else [one for one in wanted if one.startswith("127.")]


@pytest.mark.parametrize(("arguments", "wanted"), FILTERS, ids=[" ".join(one) for one, _ in FILTERS])
def test_every_filter(source: tuple[str, str], arguments: list[str], wanted: list[str]) -> None:
    kind, place = source
    wanted = expected(kind, arguments[0], wanted)
    rows = [line.split() for line in run(*arguments, "-f", place).splitlines()[1:]]
    rows = [row for row in rows if row[0] != INBOUND and row[0] != "9080"]  # the inbound cluster has no host
    assert sorted({row[0] for row in rows}) == sorted(wanted)
    shown = json.loads(run(*arguments, "-f", place, "-o", "json"))
    assert yaml.safe_load(run(*arguments, "-f", place, "-o", "yaml")) == shown
    assert bool(shown) == bool(wanted)
    if arguments[0] == "route":
        assert [one["name"] for one in shown] == sorted(wanted)
    if arguments[0] == "listener":
        assert {one["address"]["socketAddress"]["address"] for one in shown} == set(wanted)


def test_the_whole_table_of_clusters(source: tuple[str, str]) -> None:
    lines = [line.split() for line in run("cluster", "-f", source[1]).splitlines()]
    assert lines[0] == ["SERVICE", "FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE", "DESTINATION", "RULE"]
    assert [line for line in lines[1:] if "inbound" not in line] == ROWS
    assert ["9080", "-", "inbound", "STATIC"] in lines
