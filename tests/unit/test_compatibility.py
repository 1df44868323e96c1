"""docs/compatibility.md is complete and true: every rule is there, and every test that it names exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from support.rules import answers, beyond, client, codec, hosts, matches, normal, upgrade
from support.shared import ROOT, shared

PAGE = ROOT / "docs" / "compatibility.md"
AREAS = ("PIPE", "LS", "LF", "FC", "NF", "HC", "VH", "RM", "RA", "FI", "CL", "LB", "CB", "DO", "OD", "XD")
STATUSES = ("tested", "refused", "outside")
MODULES = (answers, codec, normal, client, upgrade, hosts, matches)
ROWS_OF = {
    "test_rule": {rule for module in MODULES for row in module.ROWS for rule in row.rules.split()},
    "test_load_refuses": {rule for module in MODULES for row in module.REFUSED for rule in row.rules.split()},
    "test_load_refuses_as_unsupported": {rule for row in beyond.BEYOND for rule in row.rules.split()},
}


class Line(NamedTuple):
    """One line of a table of rules."""

    rule: str
    about: str
    status: str
    tests: tuple[str, ...]


def lines() -> list[Line]:
    """The tables of rules."""
    found = re.findall(r"^\| ([A-Z]+-\d+) \| (.+?) \| (\w+) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    return [Line(rule, about, status, tuple(re.findall(r"`([^`]+)`", tests))) for rule, about, status, tests in found]


def traps() -> dict[int, tuple[str, str]]:
    """The table of traps: number to rules and what shows them."""
    found = re.findall(r"^\| (\d+) \| ([A-Z][^|]*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    return {int(number): (rules, shown) for number, rules, shown in found}


def exists(name: str) -> bool:
    """Whether a test of this name (`conformance/test_x.py::test_y`) exists."""
    path, _, function = name.partition("::")
    file = ROOT / "tests" / Path(path)
    return file.exists() and re.search(rf"^def {re.escape(function)}\(", file.read_text(), re.MULTILINE) is not None


def test_every_rule_of_the_areas_is_listed_once() -> None:
    spec = shared("spec/envoy-semantics.md").read_text()
    wanted = [rule for area in AREAS for rule in re.findall(rf"^- ({area}-\d+) ", spec, re.MULTILINE)]
    listed = [line.rule for line in lines()]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(wanted)


def test_every_trap_is_listed() -> None:
    section = shared("spec/envoy-semantics.md").read_text().partition("## (a)")[2]
    assert set(traps()) == {int(number) for number in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)}


@pytest.mark.parametrize("line", lines(), ids=lambda line: line.rule)
def test_a_line_is_true(line: Line) -> None:
    assert line.status in STATUSES
    assert line.tests or line.status == "outside"
    assert line.status != "refused" or "`" in line.about
    for name in line.tests:
        assert exists(name), name
        path, _, function = name.partition("::")
        if path == "conformance/test_http_rules.py" and function in ROWS_OF and line.status != "outside":
            assert line.rule in ROWS_OF[function]


def test_traps_name_tests_that_exist() -> None:
    rules = {line.rule for line in lines()}
    for number, (named, shown) in traps().items():
        names = re.findall(r"`([^`]+)`", shown)
        assert all(exists(name) for name in names), number
        assert names or shown == "the rule"
        assert shown != "the rule" or rules & set(re.findall(r"[A-Z]+-\d+", named))
