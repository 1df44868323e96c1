"""Options and profiles of the whole suite."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ("support.fixtures",)

SAME = settings(derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", SAME)
settings.register_profile("fresh", SAME, derandomize=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long mode of the property and conformance tests")
    parser.addoption("--fresh", action="store_true", help="draw other examples than the last time")


def pytest_configure(config: pytest.Config) -> None:
    """The suite draws the same examples in every run, so what fails is due to a change; the long mode draws others."""
    fresh = config.getoption("--fresh") or config.getoption("--long")
    settings.load_profile("fresh" if fresh else "same")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="long mode only: run with --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)
