"""The C API's functions and their capsule; embedders include `fastroute/capi.h` or cimport `fastroute.capi`."""

from fastroute.core.table import RouteTable

_v1: object
"""The capsule with the table of functions, version 1."""

def repeat_find(table: RouteTable, authority: bytes, paths: list[bytes], rounds: int, bare: bool = False) -> int:
    """Find all `paths` in C, `rounds` times, through the capsule; `bare`: by the descent of the trie alone.

    Returns the sum of the routes' numbers. For benchmarks, which take the time.
    """
