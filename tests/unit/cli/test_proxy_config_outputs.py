"""`fastroute proxy-config`: outputs, sources, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from fastroute.cli.proxy_config import proxy_config

SOURCE = {
    "node": {"id": "n", "cluster": "c"},
    "static_resources": {"clusters": [{"name": "outbound|80|v1|a.b.svc.cluster.local", "type": "EDS"}]},
}
ROUTES = {"name": "80", "virtual_hosts": [{"name": "a", "domains": ["a.b", "a"], "routes": []}]}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(proxy_config, [str(argument) for argument in arguments])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "a.json").write_text(json.dumps(SOURCE))
    (tmp_path / "b.json").write_text(json.dumps(ROUTES))
    return tmp_path


@pytest.mark.parametrize("kind", ["cluster", "listener", "route", "endpoint", "bootstrap", "all"])
def test_yaml_says_what_json_says(source: Path, kind: str) -> None:
    found = run(kind, "-f", source, "-o", "json"), run(kind, "-f", source, "-o", "yaml")
    assert [one.exit_code for one in found] == [0, 0]
    assert json.loads(found[0].stdout) == yaml.safe_load(found[1].stdout)


def test_short_is_a_table_without_colours(source: Path) -> None:
    lines = run("cluster", "-f", source).stdout.splitlines()
    assert lines[0].split() == ["SERVICE", "FQDN", "PORT", "SUBSET", "DIRECTION", "TYPE", "DESTINATION", "RULE"]
    assert lines[1].split() == ["a.b.svc.cluster.local", "80", "v1", "outbound", "EDS"]
    assert "\x1b" not in "".join(lines)


def test_what_is_no_source() -> None:
    assert run("cluster", "-f", "nothing.json").exit_code == 2


def test_filters_hold_for_every_output(tmp_path: Path) -> None:
    hosts = [{"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 1}}}}]
    assignment = {"cluster_name": "c", "endpoints": [{"lb_endpoints": hosts}]}
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "10.0.0.9", "port_value": 7}},
        "filter_chains": [{"filters": []}],
    }
    file = tmp_path / "b.json"
    static = {"clusters": [{"name": "c", "load_assignment": assignment}], "listeners": [listener]}
    file.write_text(json.dumps({"static_resources": static}))
    for fitting, others in (
        (["endpoint", "--port", "1"], ["endpoint", "--port", "2"]),
        (["endpoint", "--status", "healthy"], ["endpoint", "--status", "unhealthy"]),
        (["endpoint", "--cluster", "C"], ["endpoint", "--cluster", "d"]),
        (["cluster", "--fqdn", "c"], ["cluster", "--fqdn", "d"]),
        (["listener", "--port", "7", "--address", "10.0.0.9"], ["listener", "--type", "HTTP"]),
    ):
        for arguments, count in ((fitting, 1), (others, 0)):
            assert len(run(*arguments, "-f", file).stdout.splitlines()) == 1 + count, arguments
            assert len(json.loads(run(*arguments, "-f", file, "-o", "json").stdout)) == count, arguments
            assert len(yaml.safe_load(run(*arguments, "-f", file, "-o", "yaml").stdout)) == count, arguments
    assert run("listener", "-f", file, "--no-verbose").stdout.split() == [
        "ADDRESSES",
        "PORT",
        "TYPE",
        "10.0.0.9",
        "7",
        "UNKNOWN",
    ]
