"""Builds `floor.c` with the machine's C compiler and calls it: what hash tables cost in plain C, in this very run."""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest


@functools.cache
def library() -> ctypes.CDLL:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("the floor in C needs a C compiler")
    built = Path(tempfile.mkdtemp(prefix="fastroute-floor-"), "floor.so")
    source = Path(__file__).with_name("floor.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", str(source), "-o", str(built)], check=True)
    return ctypes.CDLL(str(built))


class Floor:
    """The two tables over `keys`, into buffers made beforehand."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.keys = (ctypes.c_char_p * len(keys))(*keys)
        self.count = len(keys)

    def ring(self, each: int) -> tuple[ctypes.Array[ctypes.c_uint64], ctypes.Array[ctypes.c_uint32]]:
        hashes, owners = (ctypes.c_uint64 * (self.count * each))(), (ctypes.c_uint32 * (self.count * each))()
        assert library().floor_ring(self.keys, self.count, each, hashes, owners) == 0
        return hashes, owners

    def maglev(self, size: int) -> ctypes.Array[ctypes.c_uint32]:
        slots = (ctypes.c_uint32 * size)()
        assert library().floor_maglev(self.keys, self.count, ctypes.c_uint32(size), slots) == 0
        return slots
