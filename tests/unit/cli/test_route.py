"""`fastroute route`: how a URL is read, and which fields are printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fastroute.cli.main import cli

ROUTES = """name: r
virtual_hosts:
- name: v
  domains: [a.com, "a.com:8080"]
  routes:
  - match: {prefix: /old}
    redirect: {path_redirect: /}
  - name: all
    match: {prefix: /}
    route: {cluster: c}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text(ROUTES)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["route", *(str(argument) for argument in arguments)])


@pytest.mark.parametrize("url", ["http://a.com/x", "a.com/x", "a.com:8080/x"])
def test_a_url_without_a_scheme_is_http(source: Path, url: str) -> None:
    assert "cluster        c\n" in run(source, url).output


def test_a_url_without_a_host_is_refused(source: Path) -> None:
    result = run(source, "/x")
    assert result.exit_code == 2
    assert "'/x' names no host; write http://HOST/PATH" in result.output


def test_a_broken_url_is_refused(source: Path) -> None:
    result = run(source, "http://[::1/x")
    assert result.exit_code == 2
    assert "'http://[::1/x' is no URL: Invalid IPv6 URL" in result.output


def test_the_first_route_has_its_index(source: Path) -> None:
    result = run(source, "a.com/old", "-o", "json")
    assert json.loads(result.output) == {
        "kind": "redirect",
        "status": 301,
        "reason": "direct_response",
        "virtual_host": "v",
        "route_config": "r",
        "index": 0,
        "location": "http://a.com/",
    }


def test_without_a_route_none_is_printed(source: Path) -> None:
    result = run(source, "b.com/")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == ["kind", "status", "reason", "route_config"]
