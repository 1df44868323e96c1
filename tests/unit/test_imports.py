"""The import table holds, and every module can be imported alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import check_imports
import pytest

MODULES = sorted(
    ".".join(("fastroute", *path.relative_to(check_imports.SOURCE).with_suffix("").parts)).removesuffix(".__init__")
    for path in check_imports.SOURCE.rglob("*.py")
    if path.name != "__main__.py"
)


@pytest.mark.parametrize(
    "path", sorted(check_imports.SOURCE.rglob("*.py")), ids=lambda p: p.relative_to(check_imports.SOURCE).as_posix()
)
def test_import_table(path: Path) -> None:
    assert list(check_imports.violations(path)) == []


def test_a_forbidden_import_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "src" / "fastroute" / "pilot"
    source.mkdir(parents=True)
    file = source / "peek.py"
    file.write_text("import numpy\nfrom fastroute.core import table\nfrom fastroute import compile\n", encoding="utf-8")
    monkeypatch.setattr(check_imports, "ROOT", tmp_path)
    monkeypatch.setattr(check_imports, "SOURCE", tmp_path / "src" / "fastroute")
    messages = list(check_imports.violations(file))
    assert [message.partition(": ")[2] for message in messages] == [
        "pilot may not import numpy",
        "pilot may not import fastroute.core",
        "pilot may not import fastroute.compile",
    ]


def test_every_module_imports_alone() -> None:
    """Each module in an interpreter of its own namespace: a cycle shows as a failure whatever the order."""
    program = (
        "import sys, importlib\n"
        "for name in sys.argv[1:]:\n"
        "    for loaded in [m for m in sys.modules if m.partition('.')[0] == 'fastroute' and '.core.' not in m]:\n"
        "        del sys.modules[loaded]\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ImportError as error:\n"
        "        sys.exit(f'{name}: {error}')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(check_imports.SOURCE.parent)}
    command = [sys.executable, "-c", program, *MODULES]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0, run.stderr
