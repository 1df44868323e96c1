"""`find` of the C API takes no memory, however many routes with more than a path lie on the way: counted in malloc."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COUNTING = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
size_t taken;
void *malloc(size_t size) {
    static void *(*next)(size_t);
    if (!next) next = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    taken++;
    return next(size);
}
"""
SCRIPT = """
import ctypes
import fastroute
from fastroute.core.capi import repeat_find

asked = [{"name": "x", "present_match": True}]
routes = [{"match": {"prefix": "/" + "a" * n, "headers": asked}, "route": {"cluster": "c"}} for n in range(40)]
host = {"name": "v", "domains": ["*"], "routes": routes}
snapshot = fastroute.load({"routes": [{"name": "r", "virtual_hosts": [host]}], "clusters": [{"name": "c"}]})
table, path = snapshot.routes["r"], b"/" + b"a" * 50
taken = ctypes.c_size_t.in_dll(ctypes.CDLL(None), "taken")
for bare in (False, True):
    for rounds in (1, 1, 10_000):
        before = taken.value
        repeat_find(table, b"h", [path], rounds, bare)
        print(rounds, taken.value - before)
"""


def test_find_takes_no_memory(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs Linux and a C compiler")
    source, library = tmp_path / "counting.c", tmp_path / "counting.so"
    source.write_text(COUNTING, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", str(source), "-o", str(library), "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    counts = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert [rounds for rounds, _ in counts] == [1, 1, 10_000] * 2
    assert max(taken for _, taken in counts[1:]) < 20, "one allocation a round would be 10 000"
