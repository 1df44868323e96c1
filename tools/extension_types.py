"""Write src/fastroute/api/extension_table.py: which extensions Envoy has, by the category that a field takes them from.

An Envoy tells them itself, in `node.extensions` of its config dump:

    curl -s 127.0.0.1:9901/config_dump | python tools/extension_types.py > src/fastroute/api/extension_table.py

A test compares the file with what a running Envoy 1.40 says.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from fastroute.api.extension_points import FURTHER, POINTS

_HEAD = '''"""The types of the extensions that Envoy 1.40 has, by category; written by tools/extension_types.py.

Types of one package are told together.
"""

TABLE = """
'''


def categories() -> set[str]:
    """The categories that fields of the API take their extensions from."""
    return {category for fields in POINTS.values() for category in fields.values()}.union(FURTHER)


def table(extensions: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The types of each category, from the extensions that an Envoy tells."""
    found: dict[str, set[str]] = {category: set() for category in categories()}
    for extension in extensions:
        if extension["category"] in found:
            found[extension["category"]].update(extension.get("type_urls", ()))
    return found


def module(types: Mapping[str, set[str]]) -> str:
    """The text of the module."""
    lines: list[str] = []
    for category in sorted(types):
        lines.append(f"{category}:")
        lines += textwrap.wrap(" ".join(_words(types[category])), 116, initial_indent="  ", subsequent_indent="  ")
    return _HEAD + "\n".join(lines) + '\n"""\n'


def _words(types: set[str]) -> Iterable[str]:
    """Type names, the part that many share before them."""
    last = ""
    for name in sorted(types, key=lambda one: (_shared(one), one)):
        if _shared(name) != last:
            last = _shared(name)
            yield last
        yield name.removeprefix(last)


def _shared(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:3]) + "." if parts[0] == "envoy" and len(parts) > 4 else ".".join(parts[:2]) + "."


def main() -> int:
    """Read a config dump, write the module."""
    bootstrap = json.load(sys.stdin)["configs"][0]["bootstrap"]
    sys.stdout.write(module(table(bootstrap["node"]["extensions"])))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
