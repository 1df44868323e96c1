"""Late modules: stand-ins until something of them is used, then the modules."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from types import ModuleType

import pytest

PACKAGES = ("action", "api", "compile", "config", "snapshot")
PROGRAM = """
import sys
from fastroute.compile import redirects
assert "fastroute.compile.redirects" not in sys.modules
assert redirects.rooted(b"x") == b"/x"
assert redirects.rooted is sys.modules["fastroute.compile.redirects"].rooted
try:
    redirects.nothing
except AttributeError as error:
    print(error)
from fastroute.compile import redirects as again
assert again is sys.modules["fastroute.compile.redirects"]
"""


def test_a_module_is_loaded_when_it_is_used() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert run.stdout == "module 'fastroute.compile.redirects' has no attribute 'nothing'\n"


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_late_is_there(package: str) -> None:
    whole = importlib.import_module(f"fastroute.{package}")
    make = vars(whole)["__getattr__"]
    for name in inspect.getclosurevars(make).nonlocals["names"]:
        stand_in = make(name)
        module = importlib.import_module(f"fastroute.{package}.{name}")
        assert isinstance(stand_in, ModuleType)
        for each in vars(module):
            assert getattr(stand_in, each) is getattr(module, each) or each.startswith("__")
    with pytest.raises(AttributeError, match=f"module 'fastroute.{package}' has no attribute 'nothing'"):
        make("nothing")


def test_a_name_of_a_module_is_the_packages_once_it_is_used() -> None:
    program = (
        "import sys, fastroute.snapshot as package\n"
        "assert 'Changes' not in vars(package)\n"
        "from fastroute.snapshot import Changes\n"
        "assert vars(package)['Changes'] is Changes is sys.modules['fastroute.config.changes'].Changes\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_function_is_loaded_by_its_first_call() -> None:
    program = (
        "import sys\n"
        "from fastroute import late\n"
        "rooted = late.function('fastroute.compile.redirects', 'rooted')\n"
        "assert 'fastroute.compile.redirects' not in sys.modules\n"
        "assert rooted(b'x') == b'/x'\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_public_name_is_there() -> None:
    program = (
        "import sys, fastroute\n"
        "assert 'fastroute.errors' not in sys.modules\n"
        "assert fastroute.errors.ConfigError is fastroute.ConfigError\n"
        "for name in fastroute.__all__:\n"
        "    assert getattr(fastroute, name) is vars(fastroute)[name]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
