"""The whole path of the bookinfo sidecar: connect, route and pick on the pilot's configuration for it."""

from __future__ import annotations

from typing import Any

import pytest
from rigs import tables
from rigs.turns import OURS

import fastroute

PROFILE = "current"


@pytest.fixture(scope="module")
def sidecar() -> fastroute.Router:
    from support.bookinfo import generated

    return fastroute.Router(fastroute.load(generated(PROFILE).as_mapping(), strict=False), random=lambda: 0)


ARRIVING = fastroute.Connection(
    destination=("10.231.20.47", 9080),
    source=("10.240.2.30", 50000),
    accepted=("0.0.0.0", 15001),
    transport_protocol="raw_buffer",
    application_protocols=("http/1.1",),
)
STEPS = ("connect", "route", "pick", "connect, route and pick")


@pytest.mark.parametrize("step", STEPS)
def test_request(benchmark: Any, sidecar: fastroute.Router, step: str) -> None:
    """Each step alone, and all of them, as for the first request of a connection."""
    benchmark.extra_info.update(suite="end to end", who=OURS, kind="bookinfo sidecar", size=1, where=step)
    connect, route, pick = sidecar.connect, sidecar.route, sidecar.pick

    def routed(chain: Any) -> Any:
        return route("reviews:9080", "/reviews/0", "GET", tables.HEADERS, chain=chain)

    chain = connect(ARRIVING)
    decision = routed(chain)
    ask, port = {
        "connect": (lambda: connect(ARRIVING), None),
        "route": (lambda: routed(chain), None),
        "pick": (lambda: pick(decision), 9080),
        STEPS[-1]: (lambda: pick(routed(connect(ARRIVING))), 9080),
    }[step]
    found = benchmark(ask)
    assert found is not None
    assert port is None or found.port == port
    assert decision.cluster == "outbound|9080|v2|reviews.default.svc.cluster.local"
