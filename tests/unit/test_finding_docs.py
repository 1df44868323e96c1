"""docs/findings.md is what its tool writes, and every code is given by its example."""

from __future__ import annotations

import finding_docs
import pytest

from fastroute.pilot.discovery.findings import CODES


def test_every_code_has_an_example() -> None:
    assert sorted(finding_docs.EXAMPLES) == sorted(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_an_example_gives_its_code(code: str) -> None:
    found = [one for one in finding_docs.findings(code) if one.code == code]
    assert found
    assert all(one.where is not None for one in found)


def test_the_page_is_up_to_date() -> None:
    assert finding_docs.OUTPUT.read_text(encoding="utf-8") == finding_docs.page(), "run tools/finding_docs.py"
