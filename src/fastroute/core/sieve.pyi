"""Filter chain match, compiled: nested tables in Envoy's order (FC-01 to FC-12)."""

from collections.abc import Mapping
from typing import Any, final

ABSENT: tuple[object, ...]
LOCAL: int
EXTERNAL: int

@final
class Node:
    """One criterion below one path."""

@final
class Sieve:
    """Mappings nested by level, as `fastroute.compile.filter_chains.compile_matches` builds them."""

    depth: int

    def __new__(cls, nested: Mapping[Any, Any]) -> Sieve: ...
