"""The inspectors of the core and of the walk say the same, and neither raises, on any bytes.

With FASTROUTE_SANITIZE=1 in the build and libasan preloaded this is the fuzz run under AddressSanitizer:
    FASTROUTE_SANITIZE=1 python setup.py build_ext --inplace --force
    export LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc
    python -m pytest --long tests/property/test_inspectors.py
Every buffer is handed over as a copy of exactly its size, so that a read beyond it is seen.
"""

from __future__ import annotations

from array import array

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.drawn_bytes import hello_bytes, line_bytes, proxy_bytes
from support.first_bytes import alpn, client_hello, handshake, hello_body, records, server_name

from fastroute.core.client_hello import tls_inspector
from fastroute.core.inspectors import http_inspector, proxy_protocol
from fastroute.reference import client_hello as reference_tls
from fastroute.reference import first_bytes as reference

ANY = st.one_of(hello_bytes, line_bytes, proxy_bytes, st.binary(max_size=200))


def check(data: bytes) -> None:
    view = memoryview(array("B", data))
    for limit in (16384, 64):
        hello = reference_tls.inspect(data, limit)
        assert tls_inspector(view, limit) == tuple(hello)
    assert http_inspector(view) == reference.http_inspector(data)
    for optional in (False, True):
        for versions in ((1, 2), (1,), (2,)):
            header = reference.proxy_header(data, optional=optional, versions=frozenset(versions))
            found = proxy_protocol(view, optional=optional, versions=versions)
            assert (*found[:4], tuple(found[4])) == tuple(header)


@given(ANY)
@settings(max_examples=400)
@example(b"")
@example(records(handshake(hello_body([alpn([b"h2"])], version=0x0300))))
@example(records(handshake(hello_body([server_name(b"A.b")]))) + b"more")
@example(b"GET / \x00\n")
@example(b"GET /HTTP/1.1\r\n")
@example(b"\r\n\r\n\x00\r\nQUIT\n \x11\x00\x0c\n\x00\x00\x01\n\x00\x00\x01\x00\x07\x00\x08")
def test_core_and_reference(data: bytes) -> None:
    check(data)


@pytest.mark.long
@given(ANY)
@settings(max_examples=10000)
def test_core_and_reference_many_times(data: bytes) -> None:
    check(data)


@given(st.integers(0, 400), st.lists(st.integers(1, 60), max_size=4))
@settings(max_examples=100)
def test_every_truncation_needs_more(cut: int, sizes: list[int]) -> None:
    whole = client_hello("a.example", ["h2"], sizes)
    verdict, name, _ = tls_inspector(whole[:cut])
    assert (verdict, name) == (("found", b"a.example") if cut >= len(whole) else ("need more", None))
