"""The core raises and never crashes, whatever it is called with: each module in a process of its own, by drawn calls.

A crash is told with the call that did not come back; `support/abuse.py` makes the same calls again from the seed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import stubs
from support.shared import ROOT

CALLS = 6_000
LONG_CALLS = 20_000


def abused(modules: list[str], seed: int, count: int, folder: Path) -> None:
    """Draw calls of the modules, and expect the process to reach its end."""
    journal = folder / "journal"
    command = [sys.executable, "-m", "support.abuse", ",".join(modules), str(seed), str(count), str(journal)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT / "tests", timeout=500)
    last = journal.read_text("utf-8", "replace").splitlines()[-1:] if journal.exists() else []
    assert done.returncode == 0, f"seed {seed}: {last}\n{done.stderr[-3000:]}"
    assert "came back" in done.stdout


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_call_of_any_module(seed: int, tmp_path: Path) -> None:
    abused(stubs.modules(), seed, CALLS, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("module", stubs.modules())
def test_many_calls_of_one_module(module: str, tmp_path: Path) -> None:
    abused([module], 4, LONG_CALLS, tmp_path)
