"""The check of instruction counts itself: what it calls a problem, and what it reads out of a profile."""

from __future__ import annotations

from pathlib import Path

import instructions
import pytest


def test_a_count_within_the_tolerance_passes():
    assert instructions.problems({"route": 1030}, {"route": 1000}) == []


def test_a_count_above_the_tolerance_is_named():
    (problem,) = instructions.problems({"route": 1100}, {"route": 1000})
    assert problem == "route: 1100 instructions, 10% over its budget of 1000"


def test_scenarios_and_budgets_must_agree():
    assert instructions.problems({"new": 5}, {"old": 5}) == ["new: no budget", "old: a budget and no scenario"]


def test_totals_of_a_profile(tmp_path: Path):
    part = tmp_path / "profile.3"
    part.write_text("# callgrind format\nevents: Ir\nsummary: 5544479\n\nfn=(1) main\n0 7\n", encoding="utf-8")
    assert instructions.totals(part) == 5544479


def test_a_profile_without_totals_is_an_error(tmp_path: Path):
    part = tmp_path / "profile.1"
    part.write_text("events: Ir\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="has no totals"):
        instructions.totals(part)


def test_the_stored_budgets_are_those_of_the_driver(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(instructions.BENCHMARKS))
    import json

    import driver

    for budgets in json.loads(instructions.BUDGETS.read_text("utf-8")).values():
        assert list(budgets) == [*driver.SCENARIOS, instructions.START]


def test_a_count_far_below_its_budget_is_one_of_something_else():
    (problem,) = instructions.problems({"route": -275}, {"route": 1000})
    assert problem == "route: -275 instructions, not half of its budget of 1000: what was counted?"
