"""Check the import table: which part of fastroute may import which.

The table is the architecture: data flows in one direction, the core knows no protobuf, the pilot
never looks at compiled tables. Imports inside functions count as well.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "fastroute"

# part: (parts of fastroute it may import, third-party packages it may import)
ANYTHING = ("*", "*")
BASE = {"errors", "late", "types", "_version", "records", "patterns"}
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "errors": ({"records"}, set()),
    "types": (set(), set()),
    "_version": (set(), set()),
    "late": (set(), set()),
    "linked": (set(), set()),
    "patterns": (set(), set()),
    "request": (BASE, set()),
    "decision": (BASE | {"core", "request"}, set()),
    "wire": (BASE, set()),
    "api": (BASE | {"wire"}, {"google"}),
    "config": (BASE | {"api", "wire"}, {"google", "yaml"}),
    "core": (BASE | {"core"}, {"re2", "_re2"}),
    "action": (BASE | {"core", "decision"}, set()),
    "compile": (BASE | {"api", "wire", "config.resources", "core", "action", "request", "decision"}, {"google"}),
    "reference": (BASE | {"api", "action", "request", "decision", "core", "config.resources", "compile"}, {"google"}),
    "snapshot": (
        BASE | {"api", "wire", "compile", "core", "request", "decision", "config", "reference", "action"},
        {"google"},
    ),
    "explain": (BASE | {"api", "core", "request", "decision", "reference", "snapshot"}, {"google"}),
    "router": (BASE | {"api", "compile", "core", "request", "decision", "reference", "snapshot", "explain"}, set()),
    "analysis": (BASE | {"reference", "compile", "config", "api", "request", "decision"}, {"google"}),
    "check": (
        BASE | {"router", "snapshot", "config", "analysis", "api", "request", "decision", "action", "core", "compile"},
        {"google", "pytest", "rich", "_pytest"},
    ),
    "xds": (BASE | {"api", "config", "snapshot", "router"}, {"google", "grpc", "anyio"}),
    "adapters": (
        BASE | {"router", "snapshot", "request", "decision", "core", "action", "compile.reselect"},
        {"*"},
    ),
    "pilot": (
        BASE | {"api", "config", "xds"},
        {"google", "yaml", "re2", "grpc", "cryptography", "lightkube", "prometheus_client"},
    ),
    "lab": (
        BASE | {"api", "core", "decision", "pilot", "request", "router", "snapshot"},
        {"click", "cryptography", "yaml"},
    ),
    "cli": ({"*"}, {"*"}),
    "__init__": ({"*"}, set()),
    "__main__": ({"cli"}, set()),
}


def _modules(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module == "fastroute":
                for alias in node.names:
                    yield f"fastroute.{alias.name}", node.lineno
            elif node.level == 0:
                yield module, node.lineno
            else:
                yield "." * node.level + module, node.lineno


def part_of(path: Path) -> str:
    """The row of the table that governs the file `path`."""
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def violations(path: Path) -> Iterator[str]:
    """The imports of one file that its row does not allow, one message each."""
    part = part_of(path)
    where = path.relative_to(ROOT)
    if part not in TABLE:
        yield f"{where}: {part} has no row in the import table of tools/check_imports.py"
        return
    own, third_party = TABLE[part]
    for module, line in _modules(ast.parse(path.read_text(encoding="utf-8"))):
        if module.startswith("."):
            yield f"{where}:{line}: relative import; write the full name"
            continue
        root = module.partition(".")[0]
        if root == "fastroute":
            target = module.partition(".")[2]
            first = target.partition(".")[0]
            allowed = "*" in own or first == part or first in own or target in own
            if not allowed:
                yield f"{where}:{line}: {part} may not import fastroute.{target}"
        elif root not in sys.stdlib_module_names and root not in third_party and "*" not in third_party:
            yield f"{where}:{line}: {part} may not import {root}"


def main() -> int:
    found = [message for path in sorted(SOURCE.rglob("*.py")) for message in violations(path)]
    print("\n".join(found) if found else "import table: kept")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
