"""The C API from outside: an embedder in C and one in Cython are built and run, and agree with `Router.route`."""

from __future__ import annotations

import ctypes
import importlib.util
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.envoy import parse

import fastroute
from fastroute.api import names
from fastroute.config.changes import Changes
from fastroute.core import capi
from fastroute.core.entries import RouteSpec, Target
from fastroute.core.table import RouteTable

ROOT = Path(__file__).parents[2]
CYTHON = """
from cpython.object cimport PyObject
from fastroute.capi cimport FASTROUTE_FOUND, fastroute_api, fastroute_found, fastroute_import

cdef const fastroute_api *api = fastroute_import()

def route_of(router, bytes host, bytes path):
    cdef fastroute_found found
    cdef PyObject *table = api.table(<PyObject *>router, NULL)
    cdef const char *host_text = host
    cdef const char *path_text = path
    cdef Py_ssize_t host_size = len(host), path_size = len(path)
    cdef int answer
    if table == NULL:
        raise LookupError("no table")
    owner = <object>table
    with nogil:
        answer = api.find(table, host_text, host_size, path_text, path_size, &found)
    return answer, (found.route if answer == FASTROUTE_FOUND else -1)
"""


def compiled(source: Path, folder: Path) -> ModuleType:
    """The C extension `source`, built as its own head comment says, and imported."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    built = folder / f"{source.stem}.so"
    includes = ["-I", sysconfig.get_paths()["include"], "-I", str(ROOT / "pyx")]
    flags = (
        ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"] if source.parent.name == "embed" else ["-shared", "-fPIC"]
    )
    subprocess.run([compiler, *flags, *includes, str(source), "-o", str(built)], check=True)
    spec = importlib.util.spec_from_file_location(source.stem, built)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return compiled(ROOT / "examples" / "embed" / "embedder.c", tmp_path_factory.mktemp("embedder"))


@pytest.fixture(scope="module")
def in_cython(tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("Cython", reason="needs Cython, which builds the project itself")
    folder = tmp_path_factory.mktemp("in_cython")
    (folder / "in_cython.pyx").write_text(CYTHON)
    command = [sys.executable, "-m", "cython", "-3", "-I", str(ROOT / "pyx"), str(folder / "in_cython.pyx")]
    subprocess.run(command, check=True)
    return compiled(folder / "in_cython.c", folder)


def router_of(routes: list[dict[str, Any]], domains: list[str], **more: Any) -> fastroute.Router:
    host = {"name": "v", "domains": domains, "routes": routes, **more}
    source = {"routes": [{"name": "r", "virtual_hosts": [host]}], "clusters": [{"name": name} for name in "ab"]}
    return fastroute.Router(fastroute.load(source), random=lambda: 0)


PLAIN = [
    {"match": {"path": "/exact"}, "route": {"cluster": "b"}},
    {"match": {"prefix": "/redirected"}, "redirect": {"path_redirect": "/"}},
    {"match": {"prefix": "/h", "headers": [{"name": "x", "present_match": True}]}, "route": {"cluster": "b"}},
    {"match": {"prefix": "/"}, "route": {"cluster": "a"}},
]


def test_a_loop_without_the_gil(embedder: Any) -> None:
    router = router_of(PLAIN, ["shop"])
    paths = [b"/exact", b"/other", b"/h", b"/a#b", b"no path", b"/%41"]
    assert embedder.route_all(router, b"Shop", paths) == (3, 0, 3)
    assert embedder.route_all(router, b"elsewhere", [b"/exact"]) == (0, 1, 0)


def test_the_cluster_of_a_request(embedder: Any) -> None:
    router = router_of(PLAIN, ["shop"])
    assert embedder.cluster_of(router, b"shop", b"/exact") == "b"
    assert embedder.cluster_of(router, b"shop", b"/h") == "a"
    assert embedder.cluster_of(router, b"shop", b"/redirected") is None
    assert embedder.cluster_of(router, b"nobody", b"/") is None


class Api(ctypes.Structure):
    """The head of `fastroute_api`, as far as `cluster`."""

    _fields_: ClassVar = [
        ("version", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("table", ctypes.c_void_p),
        ("find", ctypes.c_void_p),
        ("cluster", ctypes.PYFUNCTYPE(ctypes.c_int, *[ctypes.c_void_p] * 4)),
    ]


def test_the_cluster_of_a_route_without_memory_to_tell_it() -> None:
    """The UTF-8 of a name that is not ASCII is made when it is first asked for: -1 where that fails, no exception."""
    memory = pytest.importorskip("_testcapi", reason="needs an interpreter that can run out of memory on purpose")
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    api = Api.from_address(pointer(capi._v1, b"fastroute.core.capi._v1"))
    found, text, size = (ctypes.c_uint32 * 2)(), ctypes.c_char_p(), ctypes.c_ssize_t()
    told = []
    for allowed in range(30):
        target = Target("forward", cluster=f"a\u00e9{allowed}")
        host = SimpleNamespace(
            name="v", domains=[b"*"], routes=[RouteSpec("", 0, target, "prefix", b"/")], tree=None, require_tls="none"
        )
        table = RouteTable("r", [host])
        given = id(table), ctypes.addressof(found), ctypes.addressof(text), ctypes.addressof(size)
        memory.set_nomemory(allowed, allowed + 1)
        try:
            told.append(api.cluster(*given))
        except (MemoryError, ctypes.ArgumentError):
            continue  # of ctypes itself
        finally:
            memory.remove_mem_hooks()
        assert told[-1] or text.value == f"a\u00e9{allowed}".encode()
    assert set(told) == {0, -1}


def test_a_pick(embedder: Any) -> None:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}
    assignment = {"cluster_name": "a", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
    source = {"clusters": [{"name": "a", "type": "STATIC", "load_assignment": assignment}]}
    router = fastroute.Router(fastroute.load(source), random=lambda: 0)
    assert embedder.port_of(router, "a", 7) == 8080
    with pytest.raises(LookupError, match="no cluster 'x'"):
        embedder.port_of(router, "x", 7)


def test_what_is_no_router_is_refused(embedder: Any) -> None:
    with pytest.raises(TypeError):
        embedder.route_all(object(), b"shop", [])
    source = {"routes": [{"name": name, "virtual_hosts": []} for name in ("one", "two")]}
    router = fastroute.Router(fastroute.load(source), random=lambda: 0)
    with pytest.raises(LookupError, match="which route configuration"):
        embedder.route_all(router, b"shop", [])


def test_an_embedder_in_cython(in_cython: Any) -> None:
    router = router_of(PLAIN, ["shop"])
    assert in_cython.route_of(router, b"shop", b"/exact?x=1") == (0, 0)
    assert in_cython.route_of(router, b"shop", b"/z") == (0, 3)
    assert in_cython.route_of(router, b"x", b"/z") == (1, -1)


texts = st.sampled_from(["/", "/a", "/ab", "/A", "/a/b", "/a/", "//"])
matches = st.one_of(
    st.builds(lambda text: {"prefix": text}, texts),
    st.builds(lambda text: {"path": text}, texts),
    st.builds(lambda text: {"prefix": text, "case_sensitive": False}, texts),
    st.builds(lambda text: {"prefix": text, "headers": [{"name": "x", "present_match": False}]}, texts),
    st.builds(lambda text: {"safe_regex": {"regex": text + ".*"}}, texts),
)
hosts = st.fixed_dictionaries(
    {"routes": st.lists(st.builds(lambda match: {"match": match, "route": {"cluster": "a"}}, matches), max_size=6)},
    optional={"require_tls": st.sampled_from(["ALL", "EXTERNAL_ONLY"])},
)
authorities = st.sampled_from(["h0", "H1", "h0:80", "x.h2", "other", "h_0", "", "h0/", "h" * 300])
targets = st.one_of(
    texts,
    st.builds(
        lambda text, more: text + more, texts, st.sampled_from(["?q", "#f", "%41", "/..", " ", "\x7f", "b/c?d?e"])
    ),
    st.sampled_from(["", "*", "http://h0/a"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(hosts, min_size=1, max_size=3), st.booleans(), st.lists(st.tuples(authorities, targets), min_size=20))
def test_find_is_exact_or_asks(in_cython: Any, drawn: list[Any], any_port: bool, asked: list[tuple[str, str]]) -> None:
    domains = (["h0"], ["h1", "h1:*"], ["*.h2", "*"])
    named = [{"name": f"v{n}", "domains": domains[n], **host} for n, host in enumerate(drawn)]
    table = {"name": "r", "virtual_hosts": named, "ignore_port_in_host_matching": any_port}
    router = fastroute.Router(fastroute.load({"routes": [table], "clusters": [{"name": "a"}]}), random=lambda: 0)
    starts = [sum(len(host["routes"]) for host in drawn[:n]) for n in range(len(drawn))]
    for authority, target in asked:
        decision = router.route(authority, target)
        answer, number = in_cython.route_of(router, authority.encode(), target.encode())
        if answer == 0:
            assert decision.kind == "forward"
            assert number == starts[int(decision.virtual_host[1:])] + decision.index
        elif answer == 1:
            assert decision.reason == "route_not_found"


def test_find_on_a_revised_table(in_cython: Any, embedder: Any) -> None:
    """An update that changes one virtual host keeps the others where they were compiled."""

    def table(cluster: str) -> dict[str, Any]:
        hosts = [
            {"name": f"v{n}", "domains": [f"h{n}"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": name}}]}
            for n, name in enumerate(["a", cluster])
        ]
        return {"name": "r", "virtual_hosts": hosts}

    clusters = [{"name": "a"}, {"name": "b"}]
    before = fastroute.load({"routes": [table("a")], "clusters": clusters})
    after = before.updated(Changes(routes={"r": parse(table("b"), names.ROUTE_CONFIGURATION)}))
    router = fastroute.Router(after, random=lambda: 0)
    assert [embedder.cluster_of(router, host, b"/") for host in (b"h0", b"h1", b"h2")] == ["a", "b", None]
    assert in_cython.route_of(router, b"h1", b"/")[0] == 0


def test_what_benchmarks_repeat_finds_the_same_both_ways() -> None:
    table = router_of(PLAIN, ["shop"]).snapshot.routes["r"]
    once = [capi.repeat_find(table, b"shop", [path], 1) for path in (b"/exact", b"/other")]
    assert len(set(once)) == 2
    assert capi.repeat_find(table, b"shop", [b"/exact", b"/other"], 50) == 50 * sum(once)
    assert capi.repeat_find(table, b"shop", [b"/exact", b"/other"], 50, bare=True) == 50 * sum(once)
