"""The README's example prints what the README says, and its commands exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.shared import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def fenced(language: str, number: int = 0) -> str:
    """The text of a fenced block."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)[number]


def indented(after: str) -> str:
    """The indented block that follows the text `after`."""
    block = README.partition(after)[2].lstrip("\n")
    lines = []
    for line in block.splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line[4:])
    return "\n".join(lines).strip("\n")


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=directory, env=environment
    )


def test_the_embedding_example_prints_what_the_readme_shows(tmp_path: Path) -> None:
    (tmp_path / "envoy.yaml").write_text(fenced("yaml"), encoding="utf-8")
    done = run(tmp_path, "-c", fenced("python"))
    assert done.stderr == ""
    assert done.stdout.strip() == indented("it prints\n")


def test_the_error_is_the_one_that_the_readme_shows(tmp_path: Path) -> None:
    text = fenced("yaml").replace("prefix_rewrite", "prefix_rewrit")
    (tmp_path / "envoy.yaml").write_text(text, encoding="utf-8")
    done = run(tmp_path, "-m", "fastroute", "route", "envoy.yaml", "http://shop.example.com/")
    assert done.returncode == 1
    assert done.stderr.strip() == indented("line, column and field:\n")


@pytest.mark.parametrize("command", sorted(set(re.findall(r"^\| `fastroute ((?:pilot )?[a-z-]+)", README, re.M))))
def test_every_command_of_the_readme_exists(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, "-m", "fastroute", *command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage:")


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {"demo", "test"} <= targets
    assert "make demo" in README
    assert "make test" in README


def test_the_demo_prints_the_steps_that_the_readme_shows(tmp_path: Path) -> None:
    shown = indented("### The demo\n")
    done = run(tmp_path, "-m", "fastroute", "demo")
    assert done.returncode == 0
    assert shown in done.stdout
