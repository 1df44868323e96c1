"""Nothing stays behind: thousands of snapshots, decisions, chains, picks and explanations, and memory is where it was.

Counted are the interpreter's blocks and what is taken of the C library, which is where the tables are; not a time, and
not the resident size, which the allocators round.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

import fastroute

INSPECTOR = {
    "name": "tls",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"},
}
MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ROUTER = {"name": "r", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}
ARRIVING = fastroute.Connection(destination=("10.0.0.1", 443), source=("10.0.0.2", 40000), server_name="a.example")


def source(number: int) -> dict[str, Any]:
    """Something of each kind of table; the number makes it another one."""
    address = {"socket_address": {"address": "10.0.0.9", "port_value": 1000 + number % 50}}
    assignment = {"cluster_name": "c", "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}] * 3}]}
    cluster = {"name": "c", "type": "STATIC", "lb_policy": "RING_HASH", "load_assignment": assignment}
    matches: list[dict[str, Any]] = [
        {"safe_regex": {"regex": f"/.*/[a-z]+-{number}"}},
        {"prefix": "/h", "headers": [{"name": "x", "string_match": {"exact": f"v{number}"}}]},
        {"prefix": "/q", "query_parameters": [{"name": "q", "string_match": {"prefix": "a"}}]},
        {"prefix": "/i", "case_sensitive": False},
        {"prefix": "/"},
    ]
    forward = {"cluster": "c", "hash_policy": [{"header": {"header_name": "x"}}]}
    hosts = [
        {"name": f"v{domain}", "domains": [domain], "routes": [{"match": each, "route": forward} for each in matches]}
        for domain in ("a.example", "*.example", "b.*", "*")
    ]
    manager = {
        "@type": MANAGER,
        "stat_prefix": "s",
        "route_config": {"name": "inline", "virtual_hosts": hosts},
        "http_filters": [ROUTER],
    }
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "10.0.0.1", "port_value": 443}},
        "listener_filters": [INSPECTOR],
        "filter_chains": [
            {"filter_chain_match": {"server_names": [name]}, "filters": [{"name": "h", "typed_config": manager}]}
            for name in ("a.example", f"b{number}.example")
        ],
    }
    return {"listeners": [listener], "clusters": [cluster], "routes": [{"name": "r", "virtual_hosts": hosts}]}


def taken() -> tuple[int, int]:
    """Blocks of the interpreter; bytes of the C library."""
    gc.collect()
    return sys.getallocatedblocks(), of_libc()


def of_libc() -> int:
    class Mallinfo2(ctypes.Structure):
        _fields_ = [
            (name, ctypes.c_size_t)
            for name in (
                "arena",
                "ordblks",
                "smblks",
                "hblks",
                "hblkhd",
                "usmblks",
                "fsmblks",
                "uordblks",
                "fordblks",
                "x",
            )
        ]

    told = ctypes.CDLL(None).mallinfo2
    told.restype = Mallinfo2
    now = told()
    return int(now.uordblks + now.hblkhd)


def asked(router: fastroute.Router, number: int) -> None:
    chain = router.connect(ARRIVING)
    assert chain is not None
    for path in ("/a/b-1", "/h", "/q?q=a", "/I", "/", "/%41", "bad", "/" + "x" * 70_000):
        for host in ("a.example", "x.example", "b.net", "other"):
            decision = router.route(
                host, path, "GET", [("x", f"v{number}"), ("x-forwarded-proto", "https")], chain=chain
            )
            assert decision.status or decision.cluster == "c"
    decision = router.route("a.example", "/h", "GET", {"x": "1"}, route_config="r")
    endpoint = router.pick(decision)
    assert endpoint is not None
    assert router.pick(decision, skip=[endpoint]) is not None
    with pytest.raises(LookupError):
        router.pick("nothing")
    with pytest.raises(TypeError):
        router.route("h", "/", "GET", [("x", 1)], chain=chain)


def explained(router: fastroute.Router) -> None:
    explanation = router.explain("a.example", "/h", "GET", [("x", "v1")], route_config="r")
    assert explanation.steps


def grown(work: Callable[[int], None], rounds: int) -> tuple[int, int]:
    """What the second half of the rounds takes; the first fills what is kept on purpose."""
    for number in range(rounds):
        work(number)
    before = taken()
    for number in range(rounds):
        work(number)
    blocks, size = taken()
    return blocks - before[0], size - before[1]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs the counts of the GNU C library")
@pytest.mark.parametrize("rounds", [100, pytest.param(2_000, marks=pytest.mark.long)])
def test_snapshots_and_answers_leave_nothing_behind(rounds: int) -> None:
    router = fastroute.Router(fastroute.load(source(0)), random=lambda: 7)

    def work(number: int) -> None:
        router.swap(fastroute.load(source(number)))
        asked(router, number)
        explained(router)

    blocks, size = grown(work, rounds)
    # One object a round would be as many blocks as rounds, and one table a round many kilobytes.
    assert blocks < rounds / 2
    assert size < 32_768
