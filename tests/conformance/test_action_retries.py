"""Retries compared with the live Envoy: how many attempts a scripted upstream sees (RA-100 … RA-108)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.action_bed import Sent
from support.envoy import require_binary
from support.families.cluster_specifiers import PRIORITY_GROUP
from support.families.trees import extension
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


GROUPS = (("up0", "up1"), ("up2",), ("up1", "up2", "up0"))


@pytest.mark.parametrize("refresh", [True, False])
@pytest.mark.parametrize("by", [{"header_name": "x-r"}, {"use_hash_policy": True}])
def test_priority_groups_take_turns_where_retries_refresh_the_cluster(bed, by, refresh):
    """RA-06, RA-14: the n-th attempt goes to the n-th group, further ones to the last; one value picks in all."""
    groups = [
        {"name": str(number), "clusters": [{"cluster_name": name, "weight": 1} for name in group]}
        for number, group in enumerate(GROUPS)
    ]
    retry = {"retry_on": "5xx", "num_retries": 4, "refresh_cluster_on_retry": refresh}
    action = {
        "inline_cluster_specifier_plugin": {"extension": extension(PRIORITY_GROUP, priority_groups=groups, **by)},
        "hash_policy": [{"header": {"header_name": "x-r"}}],
        "retry_policy": {**retry, "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"}},
    }
    host = {"name": "vh", "domains": ["h"], "routes": [{"match": {"prefix": "/"}, "route": action}]}
    assert bed.load({"name": "table", "virtual_hosts": [host]}) == ("", "")
    for value in map(str, range(6)):
        sent = Sent("/", "h", headers=(("x-script", "500"), ("x-id", value), ("x-r", value)))
        [(_, theirs, ours)] = bed.attempts([sent])
        assert theirs == ours == (500, 5)
        seen = {each.name: each.attempts[value] for each in bed.upstreams if each.attempts[value]}
        decision = bed.decide(sent)
        planned = [decision.retry.cluster(attempt) or decision.cluster for attempt in range(1, 6)]
        assert planned[0] == decision.cluster
        assert seen == {name: planned.count(name) for name in set(planned)}
