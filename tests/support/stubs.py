"""The public surface of the core, read from its stubs: what can be called, and what each parameter should be.

for module in modules():
    for call in calls_of(module):
        call.module, call.owner, call.name, call.parameters
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CORE = Path(__file__).parents[2] / "src" / "fastroute" / "core"


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    annotation: ast.expr | None
    required: bool
    keyword: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function, a constructor (`__new__`), a method, or a property (no parameters)."""

    module: str
    owner: str
    name: str
    parameters: tuple[Parameter, ...] = ()
    is_property: bool = False


def modules() -> list[str]:
    """The names of the core's modules that have anything public."""
    return sorted(path.stem for path in CORE.glob("*.pyi") if calls_of(path.stem))


@cache
def calls_of(module: str) -> tuple[Call, ...]:
    """Everything public of a module."""
    return tuple(_calls(module))


@cache
def aliases_of(module: str) -> dict[str, ast.expr]:
    """The names that a stub gives to annotations."""
    tree = ast.parse((CORE / f"{module}.pyi").read_text("utf-8"))
    plain = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)]
    return {node.targets[0].id: node.value for node in plain if isinstance(node.targets[0], ast.Name)}


@cache
def classes() -> dict[str, str]:
    """Every public class of the core, with its module."""
    return {call.owner: module for module in modules() for call in calls_of(module) if call.owner}


def _calls(module: str) -> Iterator[Call]:
    tree = ast.parse((CORE / f"{module}.pyi").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield Call(module, "", node.name, _parameters(node.args, bound=False))
        elif isinstance(node, ast.ClassDef) and not _is_protocol(node):
            yield from _members(module, node)


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id in ("Protocol", "ValueError") for base in node.bases)


def _members(module: str, owner: ast.ClassDef) -> Iterator[Call]:
    methods = [node for node in owner.body if isinstance(node, ast.FunctionDef)]
    if not any(node.name in ("__new__", "__init__") for node in methods):
        yield Call(module, owner.name, "__new__")
    for node in owner.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield Call(module, owner.name, node.target.id, is_property=True)
    for node in methods:
        name = "__new__" if node.name == "__init__" else node.name
        is_property = any(isinstance(mark, ast.Name) and mark.id == "property" for mark in node.decorator_list)
        yield Call(module, owner.name, name, _parameters(node.args, bound=True), is_property)


def _parameters(arguments: ast.arguments, bound: bool) -> tuple[Parameter, ...]:
    placed = [*arguments.posonlyargs, *arguments.args]
    without = len(placed) - len(arguments.defaults)
    found = [Parameter(each.arg, each.annotation, at < without, keyword=False) for at, each in enumerate(placed)]
    named = [
        Parameter(each.arg, each.annotation, default is None, keyword=True)
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    return tuple(found[1 if bound else 0 :] + named)
