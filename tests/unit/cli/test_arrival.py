"""Where a request of the command line comes in, and that every step from there to the endpoint is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fastroute.cli.main import cli

LISTENER = """
  - name: {name}
    address: {{socket_address: {{address: {address}, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: {filter}
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.{config}
"""
HTTP = """http_connection_manager.v3.HttpConnectionManager
          stat_prefix: h
          http_filters:
          - name: r
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          route_config:
            name: r
            virtual_hosts: [{name: v, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: a}}]}]"""
TCP = """tcp_proxy.v3.TcpProxy
          stat_prefix: t
          cluster: a"""
CLUSTER = """static_resources:
  clusters:
  - name: a
    load_assignment:
      cluster_name: a
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]
  listeners:"""

Run = Callable[..., Result]


def listener(name: str, address: str, port: int, config: str = HTTP) -> str:
    return LISTENER.format(name=name, address=address, port=port, filter="f", config=config)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def command(listeners: str, *arguments: str, name: str = "route") -> Result:
        source = tmp_path / "envoy.yaml"
        source.write_text(CLUSTER + listeners)
        return CliRunner().invoke(cli, [name, str(source), "http://x/", *arguments])

    return command


@pytest.mark.parametrize("address", ["0.0.0.0", "10.1.2.3", "'::'"])
def test_the_only_listener_takes_the_request(run: Run, address: str) -> None:
    result: Result = run(listener("l", address, 8080), "--explain")
    stages = [line.split("  ")[0].strip() for line in result.output.partition("\n\n")[0].splitlines()]
    assert stages == [
        *("listener", "filter chain", "network filter chosen"),
        *("normalisation", "sanitising", "virtual host", "route", "cluster"),
        *("cluster", "priority", "endpoint"),
    ]
    assert "endpoint       10.0.0.1:80\n" in result.output


def test_of_several_listeners_one_must_be_said(run: Run) -> None:
    both = listener("one", "0.0.0.0", 8080) + listener("two", "10.0.0.9", 81)
    result: Result = run(both)
    assert result.exit_code == 2
    assert "with --to IP:PORT; there are: one 0.0.0.0:8080, two 10.0.0.9:81" in " ".join(result.output.split())
    assert "cluster        a\n" in run(both, "--to", "10.0.0.9:81").output


@pytest.mark.parametrize("command", ["route", "simulate"])
def test_a_listener_without_http_is_told(run: Run, command: str) -> None:
    result: Result = run(listener("l", "0.0.0.0", 8080, TCP), name=command)
    assert result.exit_code != 0
    assert "of listener 'l' is no HTTP: tcp a" in " ".join(result.output.split())


def test_simulate_comes_in_there_too(run: Run) -> None:
    result: Result = run(listener("l", "0.0.0.0", 8080), "-n", "10", name="simulate")
    assert "endpoint  10.0.0.1:80" in result.output
