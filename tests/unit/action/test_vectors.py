"""Observations of the real Envoy, replayed: redirects (RA-40 … RA-45), responses and rewrites (RA-21 … RA-31)."""

from __future__ import annotations

import json

import pytest
from support.shared import shared

from fastroute.request import Connection
from fastroute.router import Router
from fastroute.snapshot import load

REDIRECTS = ("t09a", "t09b", "t09t", "t09u", "t09w", "t09x", "t42")
CLIENT = Connection(("127.0.0.1", 21000), ("127.0.0.1", 40000))


def vectors(name):
    return json.loads(shared(f"spec/vectors/{name}.json").read_text(encoding="utf-8"))


def replay(name):
    """Each case with our decision about its request."""
    read = vectors(name)
    router = Router(load(read["config"]), random=lambda: 0)
    chain = router.connect(CLIENT)
    for case in read["cases"]:
        given = case["request"] if isinstance(case["request"], dict) else {"path": case["request"]}
        headers = [tuple(pair) for pair in given.get("headers", [])]
        decision = router.route(
            given.get("host", "a.com"), given["path"], given.get("method", "GET"), headers, chain=chain
        )
        yield case, decision


@pytest.mark.parametrize("name", REDIRECTS)
def test_redirects_and_direct_responses(name):
    for case, decision in replay(name):
        shown = f"{decision.status} -> {decision.location} " if decision.location else f"{decision.status} "
        assert shown + decision.body.decode() == case["observed"], case


def test_rewrites():
    for case, decision in replay("t10a"):
        assert shown(decision) == case["observed"], case


def shown(decision):
    """What the echo upstream would say."""
    if decision.kind != "forward":
        return f"{decision.status} "
    headers = dict(decision.upstream_headers())

    def of(name):
        return headers.get(name, b"-").decode()

    told = {
        "P": decision.path,
        "H": decision.authority,
        "OP": of(b"x-envoy-original-path"),
        "OH": of(b"x-envoy-original-host"),
        "XFH": of(b"x-forwarded-host"),
        "S": decision.scheme.decode(),
    }
    return "200 " + " ".join(f"{name}={value}" for name, value in told.items())


def test_a_router_that_suppresses_envoys_headers():
    for case, decision in replay("t10b"):
        assert shown(decision) == case["observed"], case
