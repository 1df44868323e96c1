"""The core's decisions are the reference walk's, for drawn connection managers and requests near their values."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.envoy import parse
from support.filter_bed import CONTENT_TYPES, grpc_web, off
from support.http_tables import KNOWN_CLUSTERS, http_manager, near_requests

from fastroute.api import names
from fastroute.compile.context import Context
from fastroute.compile.hcm import compile_hcm
from fastroute.config.resources import Resource
from fastroute.core.deciding import route
from fastroute.core.decision import Decision
from fastroute.core.hcm import HttpManager
from fastroute.core.request import Context as Surroundings
from fastroute.records import replace
from fastroute.reference import http
from fastroute.request import Request

PER_MANAGER = 40
RUNTIME: dict[str, object] = {"k": 50}
CLUSTERS: dict[str, object] = dict.fromkeys(sorted(KNOWN_CLUSTERS))
COMPARED = (
    "kind", "cluster", "route", "virtual_host", "index", "route_config", "status", "reason", "location", "body",
    "method", "path", "authority",
)  # fmt: skip


def surroundings(request: Request) -> Surroundings | None:
    """What the core is told of the request's connection."""
    known = request.connection
    if known is None:
        return None
    tls = known.tls
    return Surroundings(
        source=known.source,
        destination=known.destination,
        tls=tls is not None,
        presented=tls is not None and tls.presented,
        validated=tls is not None and tls.validated,
    )


def decide(manager: HttpManager, request: Request) -> Decision:
    """The core's decision."""
    assert manager.route_table is not None
    return route(
        manager.route_table,
        request.authority,
        request.path,
        request.method,
        request.headers,
        scheme=request.scheme,
        random=request.random,
        context=surroundings(request),
        manager=manager,
        clusters=CLUSTERS,
    )


def told(decision: Decision) -> dict[str, Any]:
    """The fields of a core decision, in the reference's form."""
    return {
        **{name: getattr(decision, name) for name in COMPARED[:10]},
        "method": decision.original_method,
        "path": decision.original_path,
        "authority": decision.original_authority,
    }


def with_grpc_web(drawn: dict[str, Any], rng: Random) -> dict[str, Any]:
    """The manager with a filter for gRPC-Web, and bodies and settings for it to act on."""
    for host in drawn["route_config"]["virtual_hosts"]:
        for each in host.get("routes", ()):
            if "direct_response" in each:
                each["direct_response"] = {"status": rng.choice((201, 404, 503)), "body": {"inline_string": "text"}}
            if rng.random() < 0.2:
                each["typed_per_filter_config"] = off("web")
        if rng.random() < 0.1:
            host["typed_per_filter_config"] = off("web")
    return {**drawn, "http_filters": [grpc_web(disabled=rng.random() < 0.1), *drawn["http_filters"]]}


def of_grpc_web(request: Request, rng: Random) -> Request:
    """The request with a content type of gRPC-Web, or nearly so."""
    kept = [pair for pair in request.headers if pair[0].lower() != b"content-type"]
    return replace(request, headers=(*kept, (b"content-type", rng.choice(CONTENT_TYPES).encode())))


def compare(seed: int, count: int = PER_MANAGER, *, web: bool = False) -> int:
    """Compare the answers to some requests on one manager; the number of comparisons."""
    rng = Random(seed)
    drawn = with_grpc_web(http_manager(rng), rng) if web else http_manager(rng)
    message = parse(drawn, names.HTTP_CONNECTION_MANAGER)
    ctx = Context(Resource("drawn", message), runtime=RUNTIME)
    manager = compile_hcm(message, ctx, "", KNOWN_CLUSTERS)
    for request in near_requests(rng, drawn, count):
        request = of_grpc_web(request, rng) if web else request
        walked = http.handle(message, request, runtime=RUNTIME, clusters=KNOWN_CLUSTERS)
        expected = {name: walked.decision[name] for name in COMPARED}
        found = told(decide(manager, request))
        if str(found["reason"]).startswith("http1."):
            # What the codec refuses has no path or authority yet.
            expected["path"], expected["authority"] = found["path"], found["authority"]
        if request.path is None and found["kind"] == "redirect":
            expected["location"] = found["location"]
        wrong = {name: (found[name], expected[name]) for name in COMPARED if found[name] != expected[name]}
        assert not wrong, f"seed {seed}: {wrong}\n{request}\n{walked.text()}"
    return count


@given(st.integers(0, 2**32))
@example(87624)  # the body of the answer to an https URL on a plain connection
@settings(max_examples=75, deadline=None)
def test_core_decides_as_the_reference_walks(seed: int) -> None:
    compare(seed)


@given(st.integers(0, 2**32))
@settings(max_examples=75, deadline=None)
def test_core_decides_as_the_reference_walks_with_grpc_web(seed: int) -> None:
    compare(seed, web=True)


@pytest.mark.long
@given(st.integers(0, 2**64))
@settings(max_examples=12_500, deadline=None)
def test_core_decides_as_the_reference_walks_at_length(seed: int) -> None:
    compare(seed)
