"""Where a request of the command line comes in, and that every step from there to the endpoint is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fastroute.cli.arrival import host_of
from fastroute.cli.main import cli

TYPES = "type.googleapis.com/envoy.extensions.filters."
HOST = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}}}}
CLUSTER = {"name": "a", "load_assignment": {"cluster_name": "a", "endpoints": [{"lb_endpoints": [HOST]}]}}
ROUTES = {
    "virtual_hosts": [
        {"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "a"}}]}
    ]
}
HTTP = {
    "@type": f"{TYPES}network.http_connection_manager.v3.HttpConnectionManager",
    "stat_prefix": "h",
    "http_filters": [{"name": "r", "typed_config": {"@type": f"{TYPES}http.router.v3.Router"}}],
    "route_config": {"name": "r", **ROUTES},
}
TCP = {"@type": f"{TYPES}network.tcp_proxy.v3.TcpProxy", "stat_prefix": "t", "cluster": "a"}

Run = Callable[..., Result]


def chain(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"filters": [{"name": "f", "typed_config": config}], **more}


def listener(name: str, address: str, port: int, *chains: dict[str, Any], **more: Any) -> dict[str, Any]:
    place = {"socket_address": {"address": address, "port_value": port}}
    return {"name": name, "address": place, "filter_chains": list(chains) or [chain(HTTP)], **more}


TLS = listener(
    *("tls", "0.0.0.0", 443),
    chain(HTTP, name="shop", filter_chain_match={"server_names": ["shop.test"]}),
    chain(TCP, name="database", filter_chain_match={"server_names": ["db.test"], "application_protocols": ["pg"]}),
    listener_filters=[{"name": "t", "typed_config": {"@type": f"{TYPES}listener.tls_inspector.v3.TlsInspector"}}],
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def command(listeners: list[dict[str, Any]], *arguments: str, name: str = "route") -> Result:
        source = tmp_path / "envoy.json"
        source.write_text(json.dumps({"static_resources": {"clusters": [CLUSTER], "listeners": listeners}}))
        given = arguments if any("://" in argument for argument in arguments) else ("http://x/", *arguments)
        return CliRunner().invoke(cli, [name, str(source), *given])

    return command


def stages(result: Result) -> list[str]:
    return [line[:14].strip() for line in result.output.partition("\n\n")[0].splitlines()]


@pytest.mark.parametrize("address", ["0.0.0.0", "10.1.2.3", "::"])
def test_the_only_listener_takes_the_request(run: Run, address: str) -> None:
    result = run([listener("l", address, 8080)], "--explain")
    assert stages(result) == [
        *("listener", "filter chain", "network filter"),
        *("normalisation", "sanitising", "virtual host", "route", "cluster"),
        *("cluster", "priority", "endpoint"),
    ]
    assert "endpoint       10.0.0.1:80\n" in result.output


def test_of_several_listeners_one_must_be_said(run: Run) -> None:
    both = [listener("one", "0.0.0.0", 8080), listener("two", "10.0.0.9", 81)]
    result = run(both)
    assert result.exit_code == 2
    assert "with --to IP:PORT; there are: one 0.0.0.0:8080, two 10.0.0.9:81" in " ".join(result.output.split())
    assert "cluster        a\n" in run(both, "--to", "10.0.0.9:81").output


@pytest.mark.parametrize("command", ["route", "simulate"])
def test_a_listener_without_http_is_told(run: Run, command: str) -> None:
    result = run([listener("l", "0.0.0.0", 8080, chain(TCP))], name=command)
    assert result.exit_code != 0
    assert "of listener 'l' is no HTTP: tcp a" in " ".join(result.output.split())


def test_simulate_comes_in_there_too(run: Run) -> None:
    assert "endpoint  10.0.0.1:80" in run([listener("l", "0.0.0.0", 8080)], "-n", "10", name="simulate").output


def test_https_names_the_host_of_the_url(run: Run) -> None:
    assert "cluster        a\n" in run([TLS], "https://shop.test:443/").output
    assert "filter_chain_not_found" in run([TLS], "https://other.test/").output
    assert "filter_chain_not_found" in run([TLS], "https://127.0.0.1/").output
    assert "cluster        a\n" in run([TLS], "https://other.test/", "--sni", "shop.test").output


def test_a_connection_alone(run: Run) -> None:
    result = run([TLS], "tcp://127.0.0.1:443", "--sni", "db.test", "--alpn", "pg", "-o", "json")
    assert json.loads(result.output) == {
        "kind": "tcp",
        "listener": "tls",
        "filter_chain": "database",
        "index": 1,
        "server_name": "db.test",
        "cluster": "a",
        "endpoint": "10.0.0.1:80",
    }
    closed = run([TLS], "tcp://127.0.0.1:443", "--sni", "db.test", "--explain")
    assert "reason         filter_chain_not_found" in closed.output
    assert "filter chain   passed over" in closed.output
    assert "not an IP address: 'db.test'" in str(run([TLS], "tcp://db.test:443").exception)
    assert "no listener takes connections to 127.0.0.1:444" in run([TLS], "tcp://127.0.0.1:444").output


@pytest.mark.parametrize(
    ("netloc", "host"),
    [("a.com", "a.com"), ("a.com:80", "a.com"), ("u:p@a.com:80", "a.com"), ("[::1]:80", "::1"), ("[::1]", "::1")],
)
def test_the_host_of_an_authority(netloc: str, host: str) -> None:
    assert host_of(netloc) == host
