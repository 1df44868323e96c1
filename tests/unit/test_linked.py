"""The extension modules that are linked into one file, and the one that is not."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import fastroute
from fastroute import linked

FOLDER = Path(fastroute.__file__).parent
STUBS = {".".join(("fastroute", *file.relative_to(FOLDER).with_suffix("").parts)) for file in FOLDER.rglob("*.pyi")}
APART = {"fastroute.linked", "fastroute.core.re2"}


def test_every_stub_is_of_a_linked_module_and_every_linked_module_has_one() -> None:
    assert linked.MODULES == STUBS - APART


@pytest.mark.parametrize("name", sorted(linked.MODULES))
def test_a_linked_module_comes_from_the_one_file(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__name__ == name
    assert module.__file__ == linked.__file__


def test_others_are_for_other_finders() -> None:
    assert linked.Finder.find_spec("fastroute.core") is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("fastroute.core.nothing")


def test_re2_is_loaded_by_the_first_expression() -> None:
    program = (
        "import sys, fastroute.core.engine\n"
        "from fastroute.core.regexes import Regex\n"
        "loaded = lambda: {'fastroute.core.re2', 're2'} & sys.modules.keys()\n"
        "assert not loaded(), loaded()\n"
        "assert Regex('a+').fullmatch('aa')\n"
        "assert loaded()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
