"""Flat: the cost of an answer, in instructions, does not grow with the table, whatever tells its entries apart.

What may grow is the depth of a trie, which is by the logarithm of the number of its texts.
"""

from __future__ import annotations

import importlib
import shutil

import instructions
import pytest

GROWTH = 1.3


def counted(monkeypatch: pytest.MonkeyPatch, small: int, large: int) -> dict[str, tuple[int, int]]:
    """Instructions a call on a small and on a large table, by case."""
    if shutil.which("valgrind") is None:
        pytest.skip("needs valgrind")
    monkeypatch.syspath_prepend(str(instructions.BENCHMARKS))
    flatness = importlib.import_module("flatness")
    names = [f"{which} {name}" for name in flatness.CASES for which in ("small", "large")]
    found = instructions.count_calls(flatness.CALLS, names, "flatness.py", str(small), str(large))
    return {name: (found[f"small {name}"], found[f"large {name}"]) for name in flatness.CASES}


@pytest.mark.parametrize(("small", "large"), [(8, 256), pytest.param(8, 8192, marks=pytest.mark.long)])
def test_the_table_may_grow(monkeypatch: pytest.MonkeyPatch, small: int, large: int) -> None:
    grown = {
        name: (few, many) for name, (few, many) in counted(monkeypatch, small, large).items() if many > few * GROWTH
    }
    assert grown == {}
