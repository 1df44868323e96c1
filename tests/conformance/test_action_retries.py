"""Retries compared with the live Envoy: how many attempts a scripted upstream sees (RA-100 … RA-108)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.action_bed import Sent
from support.envoy import require_binary
from support.retry_bed import RetryBed, RetryMaker

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[RetryBed]:
    require_binary()
    made = RetryBed()
    made.start()
    yield made
    made.stop()


def compare(bed: RetryBed, seeds: range) -> int:
    """Compare the policies of `seeds`; the number of requests compared."""
    count = 0
    for seed in seeds:
        maker = RetryMaker(seed)
        configuration = maker.configuration()
        assert bed.load(configuration) == ("", ""), f"seed {seed}"
        compared = bed.attempts(maker.requests(configuration, 5))
        wrong = [(sent, theirs, ours) for sent, theirs, ours in compared if theirs != ours]
        assert wrong == [], f"seed {seed}"
        count += len(compared)
    return count


def test_random_policies_and_scripts(bed):
    assert compare(bed, range(40)) == 2400


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_random_policies_and_scripts(bed):
    assert compare(bed, range(1000, 1500)) == 30_000


RETRYING = ("reset", "5xx", "gateway-error")
CONDITIONS = (*RETRYING, "connect-failure", "reset-before-request", "refused-stream", "retriable-4xx")


def test_a_per_try_timeout_is_a_reset(bed):
    """Envoy retries it for `reset` too, which RA-108 leaves out."""
    back_off = {"base_interval": "0.001s"}
    routes = [
        {
            "match": {"path_separated_prefix": f"/r{number}"},
            "route": {
                "cluster": "up0",
                "retry_policy": {"retry_on": name, "per_try_timeout": "0.1s", "retry_back_off": back_off},
            },
        }
        for number, name in enumerate(CONDITIONS)
    ]
    host = {"name": "vh", "domains": ["h"], "routes": routes}
    assert bed.load({"name": "table", "virtual_hosts": [host]}) == ("", "")
    script = (("x-script", "slow 200"),)
    requests = [Sent(f"/r{n}", "h", headers=(*script, ("x-id", f"{n}"))) for n in range(len(CONDITIONS))]
    seen = {CONDITIONS[int(sent.path[2:])]: (theirs, ours) for sent, theirs, ours in bed.attempts(requests)}
    for name, (theirs, ours) in seen.items():
        assert theirs == ours
        assert theirs == ((200, 2) if name in RETRYING else (504, 1))
