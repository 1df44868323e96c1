"""Values of a decision that the live Envoy shows by what it does with them.

RA-12   Weights of the runtime.
RA-65   Idle timeouts.
RA-109  A pause that a response names.
RA-110  Host predicates.
RA-160  `metadata_match`.
RA-161  `priority`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support.action_bed import Sent
from support.envoy import require_binary
from support.retry_bed import RetryBed

pytestmark = pytest.mark.envoy

NAMES = ("up0", "up1", "up2")
RUNTIME = {"w.up0": 0, "w.up1": 3, "w.up2": "2.9", "part": {"up1": 5}, "bad.up0": True, "bad.up1": -1, "bad.up2": "x"}
PREDICATES = "type.googleapis.com/envoy.extensions.retry.host."


class ValuesBed(RetryBed):
    """A RetryBed with runtime keys, and clusters over all of its upstreams."""

    runtime: Mapping[str, Any] = RUNTIME

    def _clusters(self) -> list[dict[str, Any]]:
        """`all`: every upstream at random, with metadata; `subsets`: by it; `narrow`: nothing at high priority."""
        endpoints = [
            {**each.endpoint, "metadata": {"filter_metadata": {"envoy.lb": {"name": each.name, "canary": number == 2}}}}
            for number, each in enumerate(self.upstreams)
        ]
        base = {"connect_timeout": "5s", "lb_policy": "RANDOM"}
        selectors = {"subset_selectors": [{"keys": ["name"]}], "fallback_policy": "NO_FALLBACK"}
        thresholds = {"thresholds": [{"priority": "HIGH", "max_requests": 0}]}
        made = [
            {"name": "all", **base},
            {"name": "subsets", **base, "lb_subset_config": selectors},
            {"name": "narrow", **base, "circuit_breakers": thresholds},
        ]
        for each in made:
            each["load_assignment"] = {"cluster_name": each["name"], "endpoints": [{"lb_endpoints": endpoints}]}
        return [*super()._clusters(), *made]

    def serve(self, *actions: dict[str, Any]) -> None:
        """Routes r0, r1, … with these actions."""
        routes = [
            {"match": {"path_separated_prefix": f"/r{number}"}, "route": action}
            for number, action in enumerate(actions)
        ]
        host = {"name": "vh", "domains": ["h"], "routes": routes}
        assert self.load({"name": "table", "virtual_hosts": [host]}) == ("", "")

    def served_by(self, sent: Sent) -> list[str]:
        """The upstreams that saw a request, each as often as it did."""
        mark = dict(sent.headers)["x-id"]
        for each in self.upstreams:
            each.attempts.clear()
        self.envoy.client("plain").send(sent.raw)
        return [each.name for each in self.upstreams for _ in range(each.attempts[mark])]


@pytest.fixture(scope="module")
def bed() -> Iterator[ValuesBed]:
    require_binary()
    made = ValuesBed()
    made.start()
    yield made
    made.stop()


def sent(number: int = 0, script: str = "200", **headers: str) -> Sent:
    pairs = (("x-script", script), ("x-id", "1"), *((name.replace("_", "-"), each) for name, each in headers.items()))
    return Sent(f"/r{number}", "h", headers=pairs)


@pytest.mark.parametrize("prefix", ["w", "part", "bad", "none"])
def test_weights_of_the_runtime(bed: ValuesBed, prefix: str) -> None:
    """RA-12."""
    clusters = [{"name": name, "weight": number + 1} for number, name in enumerate(NAMES)]
    bed.serve({"weighted_clusters": {"clusters": clusters, "runtime_key_prefix": prefix, "header_name": "x-r"}})
    for value in range(12):
        asked = sent(x_r=str(value))
        assert bed.served_by(asked) == [bed.decide(asked).cluster]


def test_idle_timeouts(bed: ValuesBed) -> None:
    """RA-65: a stream on which nothing happens for that long is answered by Envoy."""
    bed.serve({"cluster": "up0", "idle_timeout": "0.1s"}, {"cluster": "up0", "idle_timeout": "0s"}, {"cluster": "up0"})
    for number, (idle, status) in enumerate(((0.1, 504), (0.0, 200), (None, 200))):
        asked = sent(number, "slow")
        assert bed.decide(asked).idle_timeout == idle
        assert bed.envoy.client("plain").send(asked.raw).status == status


def test_a_response_names_the_pause(bed: ValuesBed) -> None:
    """RA-109: Envoy waits at least as long as the plan does for the smallest random value."""
    reset = {"reset_headers": [{"name": "Retry-After", "format": "SECONDS"}], "max_interval": "5s"}
    policy = {"retry_on": "5xx", "rate_limited_retry_back_off": reset, "retry_back_off": {"base_interval": "0.001s"}}
    bed.serve({"cluster": "up0", "retry_policy": policy})
    asked = sent(script="503;retry-after=1 200")
    before = time.monotonic()
    assert bed.served_by(asked) == ["up0", "up0"]
    assert time.monotonic() - before >= 1.0


HOST_PREDICATES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "omit_canary_hosts": ({"@type": f"{PREDICATES}omit_canary_hosts.v3.OmitCanaryHostsPredicate"}, {"up2"}),
    "omit_host_metadata": (
        {
            "@type": f"{PREDICATES}omit_host_metadata.v3.OmitHostMetadataConfig",
            "metadata_match": {"filter_metadata": {"envoy.lb": {"name": "up1"}}},
        },
        {"up1"},
    ),
}


def attempts_with(bed: ValuesBed, config: dict[str, Any], retries: int) -> list[list[str]]:
    policy = {
        "retry_on": "5xx",
        "num_retries": retries,
        "retry_host_predicate": [{"name": "p", "typed_config": config}],
        "host_selection_retry_max_attempts": 100,
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.001s"},
    }
    bed.serve({"cluster": "all", "retry_policy": policy})
    return [bed.served_by(sent(script="500")) for _ in range(30)]


def test_previous_hosts_are_not_tried_again(bed: ValuesBed) -> None:
    """RA-110."""
    seen = attempts_with(bed, {"@type": f"{PREDICATES}previous_hosts.v3.PreviousHostsPredicate"}, 2)
    assert seen == [list(NAMES)] * 30
    assert [each.name for each in bed.decide(sent()).retry.policy.host_predicates] == ["previous_hosts"]


@pytest.mark.parametrize("name", HOST_PREDICATES)
def test_omitted_hosts_get_no_retries(bed: ValuesBed, name: str) -> None:
    """RA-110: they may be tried first, and never again."""
    config, omitted = HOST_PREDICATES[name]
    seen = attempts_with(bed, config, 4)
    assert all(len(each) == 5 and each.count(host) <= 1 for each in seen for host in omitted)
    assert any(each.count("up0") > 1 for each in seen)
    [predicate] = bed.decide(sent()).retry.policy.host_predicates
    assert predicate.name == name
    assert dict(predicate.metadata) == ({"name": "up1"} if name == "omit_host_metadata" else {})


def test_metadata_match_chooses_the_subset(bed: ValuesBed) -> None:
    """RA-160: the entry's criteria are merged into the route's."""

    def criteria(**values: str) -> dict[str, Any]:
        return {"metadata_match": {"filter_metadata": {"envoy.lb": values}}}

    def split(**values: str) -> dict[str, Any]:
        return {"clusters": [{"name": "subsets", "weight": 1, **criteria(**values)}]}

    bed.serve(
        {"cluster": "subsets", **criteria(name="up0")},
        {"cluster": "subsets", **criteria(name="up1")},
        {"weighted_clusters": split(name="up2"), **criteria(name="up0")},
        {"cluster": "subsets", **criteria(name="none")},
        {"cluster": "subsets"},
    )
    for number in range(5):
        for _ in range(5):
            asked = sent(number)
            wanted = bed.decide(asked).metadata_match.get("name")
            assert bed.served_by(asked) == ([wanted] if wanted in NAMES else [])


def test_priorities_have_circuit_breakers_of_their_own(bed: ValuesBed) -> None:
    """RA-161: the cluster takes no request at high priority."""
    bed.serve({"cluster": "narrow", "priority": "HIGH"}, {"cluster": "narrow", "priority": "DEFAULT"})
    for number, (priority, status) in enumerate((("high", 503), ("default", 200))):
        assert bed.decide(sent(number)).priority == priority
        assert bed.envoy.client("plain").send(sent(number).raw).status == status
