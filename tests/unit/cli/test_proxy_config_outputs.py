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
