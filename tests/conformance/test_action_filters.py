"""Filters in front of the router that change what passes them: what reached whom, compared with the live Envoy.

Routes and managers are those of `test_action_managers.py`; the requests are gRPC-Web, or nearly so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.action_bed import ActionBed
from support.action_routes import Maker
from support.envoy import require_binary
from support.filter_bed import ROUTER, FilterBed, compressor_setting, header_setting, inert, off, requests

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[FilterBed]:
    require_binary()
    made = FilterBed(11)
    made.start()
    yield made
    made.stop()


def routes(maker: Maker) -> dict[str, Any]:
    """A route configuration that disables a filter here and there."""
    made = maker.configuration()
    for host in made["virtual_hosts"]:
        for level in (host, *host["routes"]):
            settings: dict[str, Any] = {}
            if maker.chance(0.1):
                settings |= off(maker.random.choice(("web", "headers", "decomp")))
            if maker.chance(0.2):
                settings |= compressor_setting(maker.random)
            if maker.chance(0.3):
                settings |= header_setting(maker.random)
            level["typed_per_filter_config"] = settings
    return made


def compare(bed: FilterBed, seeds: range) -> int:
    """Compare the configurations of `seeds`, each behind one of the managers; the number of requests compared."""
    count = 0
    for seed in seeds:
        maker = Maker(seed)
        configuration = routes(maker)
        assert bed.load(configuration) == ("", ""), f"seed {seed}"
        sent = requests(maker, configuration, 3)
        listener = maker.random.choice(sorted(bed.managers()))
        assert bed.ask(sent, listener) == [], f"seed {seed} on {listener}: {bed.managers()[listener]}"
        count += len(sent)
    return count


def test_random_routes_behind_random_filters(bed: FilterBed) -> None:
    assert compare(bed, range(9000, 9040)) >= 2_000


class SourceBed(ActionBed):
    """Connections to upstreams come from the client's address, which has to be this machine's; bandwidth is limited."""

    def managers(self) -> dict[str, dict[str, Any]]:
        limit = {"stat_prefix": "b", "enable_mode": "REQUEST", "limit_kbps": 1_000_000}
        first = [inert("original_src.v3.OriginalSrc", {}), inert("bandwidth_limit.v3.BandwidthLimit", limit)]
        return {name: {**fields, "http_filters": [*first, ROUTER]} for name, fields in super().managers().items()}


def test_the_source_of_connections_and_their_bandwidth_are_no_decision() -> None:
    require_binary()
    made = SourceBed()
    made.start()
    try:
        maker = Maker(9)
        configuration = maker.configuration()
        assert made.load(configuration) == ("", "")
        asked = [
            sent
            for sent in maker.requests(configuration, 5)
            if not any(name.lower() == "x-forwarded-for" for name, _ in sent.headers)
        ]
        assert len(asked) > 50
        assert made.compare(asked) == []
    finally:
        made.stop()


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(5))
def test_many_random_routes_behind_random_filters(seed: int) -> None:
    made = FilterBed(100 + seed)
    made.start()
    try:
        assert compare(made, range(30_000 + 500 * seed, 30_500 + 500 * seed)) >= 30_000
    finally:
        made.stop()
