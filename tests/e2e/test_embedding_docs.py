"""Every block of docs/embedding.md runs, in order, and its names exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support.shared import ROOT

GUIDE = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.M | re.S)


def test_every_block_runs(tmp_path: Path) -> None:
    (configuration,) = blocks("yaml")
    (tmp_path / "mesh.yaml").write_text(configuration, encoding="utf-8")
    (tmp_path / "guide.py").write_text("\n".join(blocks("python")), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "guide.py"], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "chosen" in done.stdout


def test_the_fields_of_the_table_are_those_of_decisions() -> None:
    from fastroute.core.decision import Decision

    rows = re.findall(r"^\| (`[a-z_`, ()]+) \|", GUIDE.partition("| field |")[2].partition("\n\n")[0], re.M)
    named = [name for row in rows for name in re.findall(r"`([a-z_]+)", row)]
    assert len(named) > 10
    assert [name for name in named if not hasattr(Decision, name)] == []


def test_links_lead_to_files() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (ROOT / "docs" / target).exists(), target
