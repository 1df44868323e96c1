"""Fault decisions compared with the live Envoy (FI-01 … FI-06), and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.action_bed import Sent
from support.envoy import require_binary
from support.fault_bed import FAULT, NAME, FaultBed, FaultMaker, RuntimeFaultBed
from support.http1 import HttpClient

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[FaultBed]:
    require_binary()
    made = FaultBed()
    made.start()
    yield made
    made.stop()


def compare(bed: FaultBed, seeds: range, *, keyed: bool = False) -> int:
    """Compare the faults of `seeds`; the number of requests compared."""
    count = 0
    for seed in seeds:
        maker = FaultMaker(seed, keyed=keyed)
        assert bed.load(maker.configuration()) == ("", ""), f"seed {seed}"
        compared = bed.faults(maker.requests(12, 6))
        wrong = [(sent, theirs, ours) for sent, theirs, ours in compared if theirs != ours]
        assert wrong == [], f"seed {seed}"
        count += len(compared)
    return count


def test_random_faults(bed):
    assert compare(bed, range(30)) == 2160


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_random_faults(bed):
    assert compare(bed, range(1000, 1300)) == 21_600


def test_runtime_keys_of_the_filter() -> None:
    """FI-07."""
    require_binary()
    bed = RuntimeFaultBed()
    bed.start()
    try:
        assert compare(bed, range(30), keyed=True) == 2160
    finally:
        bed.stop()


def faulty(**fault: object) -> dict[str, object]:
    """A table whose only route has a fault."""
    config = {"@type": FAULT, **fault}
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "up0"}, "typed_per_filter_config": {NAME: config}}]
    return {"name": "table", "virtual_hosts": [{"name": "vh", "domains": ["h"], "routes": routes}]}


ALL = {"percentage": {"numerator": 100}}


@pytest.mark.parametrize("most", [0, 1, 2])
def test_active_faults(bed: FaultBed, most: int) -> None:
    """FI-08: with `max_active_faults` requests delayed already, nothing is injected."""
    table = faulty(delay={"fixed_delay": "0.6s", **ALL}, max_active_faults=most)
    assert bed.load(table) == ("", "")
    port = bed.envoy.envoy.port("plain")
    sent = Sent("/", "h")
    clients = [HttpClient(port) for _ in range(3)]
    started = []
    with ThreadPoolExecutor(3) as pool:
        for client in clients:
            started.append(pool.submit(client.send, sent.raw))
            time.sleep(0.1)
        delayed = ["DI" in (each.result().header("x-told-flags") or "") for each in started]
    for client in clients:
        client.close()
    decision = bed.decide(sent)
    active, ours = 0, []
    for _ in clients:
        fault = decision.action.fault(decision, active=active)
        ours.append(fault is not None)
        active += fault is not None
    assert delayed == ours == [number < most for number in range(3)]


LIMITS = [
    ({"fixed_limit": {"limit_kbps": 3}, **ALL}, (), 3),
    ({"fixed_limit": {"limit_kbps": 3}}, (), None),
    ({"header_limit": {}, **ALL}, (), None),
    ({"header_limit": {}, **ALL}, (("x-envoy-fault-throughput-response", "7"),), 7),
    ({"header_limit": {}, **ALL}, (("x-envoy-fault-throughput-response", "0"),), None),
    ({"header_limit": {}, **ALL}, (("x-envoy-fault-throughput-response", "x"),), None),
    (
        {"header_limit": {}, **ALL},
        (("x-envoy-fault-throughput-response", "7"), ("x-envoy-fault-throughput-response-percentage", "0")),
        None,
    ),
]


@pytest.mark.parametrize(("limit", "headers", "rate"), LIMITS)
def test_limits_of_the_response(bed: FaultBed, limit, headers, rate) -> None:
    """FI-08: whether a response is limited, which Envoy counts."""
    assert bed.load(faulty(response_rate_limit=limit)) == ("", "")
    sent = Sent("/", "h", headers=headers)
    before = bed.envoy.envoy.stat("http.test.fault.response_rl_injected")
    bed.envoy.client("plain").send(sent.raw)
    limited = bed.envoy.envoy.stat("http.test.fault.response_rl_injected") - before
    fault = bed.decide(sent).fault
    assert (None if fault is None else fault.response_kilobytes) == rate
    assert limited == (rate is not None)
