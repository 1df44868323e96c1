"""Rate-limit descriptors compared with what the live Envoy asks a rate limit service (RA-140, RA-141)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.action_bed import Sent
from support.envoy import require_binary
from support.rate_limit_bed import LimitMaker, RateLimitBed

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[RateLimitBed]:
    require_binary()
    made = RateLimitBed()
    made.start()
    yield made
    made.stop()


def compare(bed: RateLimitBed, seeds: range) -> int:
    """Compare the limits of `seeds`; the number of requests compared."""
    count = 0
    for seed in seeds:
        maker = LimitMaker(seed)
        assert bed.load(maker.configuration()) == ("", ""), f"seed {seed}"
        for number in [*range(10), *range(10)]:
            sent = maker.request(number)
            assert bed.planned(sent) == bed.asked(sent), f"seed {seed}: {sent}"
            count += 1
    return count


def test_random_limits(bed: RateLimitBed) -> None:
    assert compare(bed, range(25)) == 500


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_random_limits(bed: RateLimitBed) -> None:
    assert compare(bed, range(1000, 1500)) == 10_000


def table(limit: dict[str, object]) -> dict[str, object]:
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "up0", "rate_limits": [limit]}}]
    return {"name": "table", "virtual_hosts": [{"name": "vh", "domains": ["h"], "routes": routes}]}


def test_a_descriptor_may_be_sent_at_the_end_of_the_stream(bed: RateLimitBed) -> None:
    """RA-140: `apply_on_stream_done`."""
    limit = {"actions": [{"generic_key": {"descriptor_value": "v"}}], "apply_on_stream_done": True}
    assert bed.load(table(limit)) == ("", "")
    sent = Sent("/", "h")
    bed.envoy.client("plain").send(sent.raw)
    [descriptor] = bed.service.asked.get(timeout=5).descriptors
    [ours] = bed.decide(sent).rate_limits
    assert ours.on_stream_done
    assert ours.entries == tuple((entry.key, entry.value) for entry in descriptor.entries)


def test_values_with_signs_of_formats_are_constants(bed: RateLimitBed) -> None:
    """RA-141: of the actions only remote_address_match formats its value; a bad one is refused there alone."""
    limit = {"actions": [{"generic_key": {"descriptor_value": "%NONE%", "default_value": "d"}}]}
    assert bed.load(table(limit)) == ("", "")
    assert bed.asked(Sent("/", "h")) == [[((("generic_key", "%NONE%"),), None)]] == bed.planned(Sent("/", "h"))
