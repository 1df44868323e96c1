"""The C API's functions and their capsule; embedders include `fastroute/capi.h` or cimport `fastroute.capi`."""

from fastroute.core.table import RouteTable

_v1: object
"""The capsule with the table of functions, version 1."""

def time_find(table: RouteTable, authority: bytes, paths: list[bytes], rounds: int) -> tuple[float, float]:
    """Seconds of CPU for one `find` through the capsule, and for the descent of the trie alone.

    Both over all `paths`, `rounds` times, in C; the cost of the loop is taken off. For benchmarks.
    """
