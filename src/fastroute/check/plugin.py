"""A pytest plugin that collects route test files as tests, one for each case.

    # conftest.py
    pytest_plugins = ["fastroute.check.plugin"]

Every file `NAME.routes.yaml` (`.yml`, `.json`, `.pb_text`) that holds route tests is collected. Its
configuration is `NAME.yaml` (`.yml`, `.json`) beside it, or what `--route-config-path` or the ini option
`route_config_path` names.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fastroute.check.cases import Case, looks_like_cases, read_cases
from fastroute.check.coverage import Coverage
from fastroute.check.runner import CaseResult, check
from fastroute.check.tables import Tables, find
from fastroute.errors import ParseError, Where

SUFFIXES = (".routes.yaml", ".routes.yml", ".routes.json", ".routes.pb_text")
CONFIGURATIONS = (".yaml", ".yml", ".json", ".pb", ".pb_text")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the configuration."""
    help_text = "the configuration that route test files (*.routes.yaml) are checked against"
    parser.getgroup("fastroute").addoption("--route-config-path", help=help_text)
    parser.addini("route_config_path", help_text, default="")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect route test files."""
    if file_path.name.endswith(SUFFIXES) and looks_like_cases(file_path):
        return RouteTestFile.from_parent(parent, path=file_path)
    return None


class RouteTestFile(pytest.File):
    """A test file; its configuration is compiled when its first case runs."""

    _tables: Tables | None = None

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each case."""
        for case in read_cases(self.path):
            yield RouteTest.from_parent(self, name=case.name, case=case)

    @property
    def tables(self) -> Tables:
        """The compiled configuration."""
        if self._tables is None:
            self._tables = find(self._configuration())
        return self._tables

    def _configuration(self) -> Path:
        named = self.config.getoption("--route-config-path") or self.config.getini("route_config_path")
        if named:
            return Path(self.config.rootpath, str(named))
        stem = self.path.name[: self.path.name.index(".routes.")]
        for suffix in CONFIGURATIONS:
            beside = self.path.with_name(stem + suffix)
            if beside.exists():
                return beside
        raise ParseError(
            f"no configuration {stem}.yaml beside this test file",
            where=Where(str(self.path)),
            remedy="Put it there, or name one with --route-config-path.",
        )


class RouteCheckError(Exception):
    """A case did not come out as expected."""


class RouteTest(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.case = case

    def runtest(self) -> None:
        """Check the case; all its failures at once."""
        file = self.parent
        assert isinstance(file, RouteTestFile)
        routes = file.tables.routes
        result = check(self.case, file.tables, routes, Coverage(routes))
        if not result.passed:
            raise RouteCheckError(_text(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:  # noqa: ARG002
        """The lines of Envoy's tool, without a traceback."""
        if isinstance(excinfo.value, RouteCheckError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the case stands."""
        return self.path, None, f"route test: {self.name}"


def _text(result: CaseResult) -> str:
    return "\n".join([result.case.name, *(failure.text for failure in result.failures)])
