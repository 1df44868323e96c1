"""`help()` and tab completion show what the stubs of the extension modules say."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import fastroute
from fastroute.core import chain, decision, endpoint, engine

FOLDER = Path(fastroute.__file__).parent / "core"
SHOWN = ((chain, "Chain"), (decision, "Decision"), (endpoint, "Endpoint"), (endpoint, "Locality"), (engine, "Engine"))


def documented() -> Iterator[tuple[type, str, str | None]]:
    """Each class with the names of its stub and what that says of each; the name "" is the class itself."""
    for module, name in SHOWN:
        stub = ast.parse((FOLDER / f"{module.__name__.rpartition('.')[2]}.pyi").read_text())
        (found,) = (each for each in stub.body if isinstance(each, ast.ClassDef) and each.name == name)
        yield getattr(module, name), "", ast.get_docstring(found)
        for member in found.body:
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                yield getattr(module, name), member.name, ast.get_docstring(member)


@pytest.mark.parametrize(
    ("kind", "name", "text"), [pytest.param(*each, id=f"{each[0].__name__}.{each[1]}") for each in documented()]
)
def test_help_says_what_the_stub_says(kind: type, name: str, text: str | None) -> None:
    shown = inspect.getdoc(getattr(kind, name) if name else kind)
    # A plain attribute of an extension type can carry no text of its own: the class's names it.
    assert shown == text if shown else f"`{name}`" in str(inspect.getdoc(kind))


def test_completion_offers_what_is_loaded_at_first_use() -> None:
    assert dir(fastroute) == sorted(fastroute.__all__)
    assert all(hasattr(fastroute, name) for name in dir(fastroute))
