"""How much memory the tables of a file take beyond its messages; runs in a process of its own.

    python benchmarks/rigs/memory.py FILE

Prints the bytes of the process that are resident with the messages alone, and those that the tables add.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from pathlib import Path


def resident() -> int:
    """Resident bytes, after everything that is free was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    from fastroute.config.load import read
    from fastroute.snapshot import build

    small = Path(sys.argv[2])
    build(read(small))
    before = resident()
    resources = read(Path(sys.argv[1]))
    messages = resident()
    snapshot = build(resources)
    tables = resident()
    print(messages - before, tables - messages)
    assert snapshot is not None


if __name__ == "__main__":
    main()
