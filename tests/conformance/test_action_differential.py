"""What follows from a route, compared with the live Envoy: RA-02 … RA-74 on random routes and requests.

Each seed makes one route configuration with header mutations at four levels, rewrites, redirects, direct
responses, timeouts and weighted clusters, and eight requests for each of its routes. Our side is the whole way
from the connection manager over the route table to the action.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.action_bed import ActionBed
from support.action_routes import Maker
from support.envoy import require_binary

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[ActionBed]:
    require_binary()
    made = ActionBed()
    made.start()
    yield made
    made.stop()


def compare(bed: ActionBed, seeds: range) -> int:
    """Compare the configurations of `seeds`; the number of requests compared."""
    count = 0
    for seed in seeds:
        maker = Maker(seed)
        configuration = maker.configuration()
        assert bed.load(configuration) == ("", ""), f"seed {seed}"
        requests = maker.requests(configuration, 8)
        assert bed.compare(requests) == [], f"seed {seed}"
        count += len(requests)
    return count


def test_random_routes_and_requests(bed):
    assert compare(bed, range(80)) >= 15_000


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_random_routes_and_requests(bed):
    assert compare(bed, range(1000, 2600)) >= 300_000
