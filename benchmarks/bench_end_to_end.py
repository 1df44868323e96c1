"""The whole path of the bookinfo sidecar: connect, route and pick on the pilot's configuration for it."""

from __future__ import annotations

from typing import Any

import pytest
from rigs import tables

import fastroute

PROFILE = "current"


@pytest.fixture(scope="module")
def sidecar() -> fastroute.Router:
    from support.bookinfo import generated

    return fastroute.Router(fastroute.load(generated(PROFILE).as_mapping(), strict=False), random=lambda: 0)


def test_connect_route_pick(benchmark: Any, sidecar: fastroute.Router) -> None:
    benchmark.extra_info.update(suite="end to end", who="fastroute", kind="bookinfo sidecar", size=1, where="all")
    arriving = fastroute.Connection(
        destination=("10.231.20.47", 9080),
        source=("10.240.2.30", 50000),
        accepted=("0.0.0.0", 15001),
        transport_protocol="raw_buffer",
        application_protocols=("http/1.1",),
    )
    connect, route, pick = sidecar.connect, sidecar.route, sidecar.pick

    def request() -> Any:
        chain = connect(arriving)
        decision = route("reviews:9080", "/reviews/0", "GET", tables.HEADERS, chain=chain)
        return pick(decision)

    assert benchmark(request).port == 9080
