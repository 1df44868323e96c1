"""What a run left out goes into its JSON, with the reasons: a missing rival is a line of the report, not a silence.

So do its mode and how busy the machine was.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from rigs import scale

left_out = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[left_out] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """A benchmark that fails, or whose answer is wrong, has no figure in the report."""
    report = yield
    if not report.passed and "benchmark" in getattr(item, "funcargs", {}):
        item.funcargs["benchmark"].has_error = True  # type: ignore[attr-defined]
    if report.skipped and isinstance(report.longrepr, tuple):
        item.config.stash[left_out][item.name] = report.longrepr[2].removeprefix("Skipped: ")
    elif report.failed and call.excinfo is not None:
        item.config.stash[left_out][item.name] = f"failed: {call.excinfo.exconly()}".splitlines()[0][:200]
    return report


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    output_json["left_out"] = config.stash[left_out]
    output_json["mode"] = scale.MODE
    output_json["load_average"] = os.getloadavg()[2]
