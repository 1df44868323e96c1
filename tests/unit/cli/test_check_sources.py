"""`fastroute check` reads its configuration from files, directories and admin pages alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.page import serving

from fastroute.api import names
from fastroute.cli.check import check

ROUTES = {"name": "9080", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [
    {"match": {"prefix": "/"}, "route": {"cluster": "blue"}}]}]}  # fmt: skip
CASE = {
    "test_name": "t",
    "input": {"authority": "a", "path": "/", "method": "GET"},
    "validate": {"cluster_name": "blue"},
}
DUMP: dict[str, Any] = {"configs": [{
    "@type": names.url("envoy.admin.v3.RoutesConfigDump"),
    "dynamic_route_configs": [{"route_config": {"@type": names.url(names.ROUTE_CONFIGURATION), **routes}}
                              for routes in (ROUTES, {"name": "other"})]}]}  # fmt: skip


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    file = tmp_path / "tests.json"
    file.write_text(json.dumps({"tests": [CASE]}))
    return file


def run(*arguments: object) -> Result:
    return CliRunner().invoke(check, [str(argument) for argument in arguments], standalone_mode=False)


def test_an_admin_page(tests: Path) -> None:
    with serving(json.dumps(DUMP).encode()) as base:
        page = f"{base}/config_dump"
        for arguments in (("-c", page, "-t", tests), (page, tests)):
            found = run(*arguments, "--route-config", "9080")
            assert (found.return_value, found.output) == (0, "Current route coverage: 100%\n")
        several = run("-c", page, "-t", tests)
        assert several.return_value == 2
        assert "Name one with --route-config." in several.output


def test_a_directory(tests: Path, tmp_path: Path) -> None:
    directory = tmp_path / "configuration"
    directory.mkdir()
    (directory / "routes.json").write_text(json.dumps(ROUTES))
    assert run("-c", directory, "-t", tests).return_value == 0


@pytest.mark.parametrize("source", ["nothing.yaml", "http://127.0.0.1:1/config_dump"])
def test_what_cannot_be_read(tests: Path, source: str) -> None:
    found = run("-c", source, "-t", tests)
    assert found.return_value == 2
    assert source in found.output
