"""How long a duration may be: every Duration field that Envoy reads, at both sides of its bounds.

What Envoy validates has one bound for all readers, of seconds, milliseconds and nanoseconds; a load balancing policy is
not validated, and its durations are looked at where they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support import samples as plain
from support.api_samples import Way, samples, within
from support.envoy import validate, validate_message
from support.judged import alone, at_once, errors, expected
from support.live_resources import CrashedError, LiveResources
from support.near_valid import message
from support.one_field import Asking, asking_envoy, sound

from fastroute.api import constraints, durations, names, pool

pytestmark = pytest.mark.envoy

Tree = dict[str, Any]
EDGES = ((durations.TOO_LONG_S - 1, 999_999_999), (durations.TOO_LONG_S, 0), (0, 1_000_000_000), (0, -1))
POLICIES = "type.googleapis.com/envoy.extensions.load_balancing_policies."
WEIGHTED = "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin"
ENDING = (
    "blackout_period",
    "weight_expiration_period",
    "weight_update_period",
    "oob_reporting_period",
)


@pytest.fixture(scope="module")
def envoy() -> Iterator[LiveResources]:
    with LiveResources() as live:
        yield live


def fields(kind: str) -> list[Any]:
    """The durations of a message type."""
    descriptor: Any = pool.new(kind).DESCRIPTOR
    return [
        field
        for field in descriptor.fields
        if field.message_type is not None
        and field.message_type.full_name == durations.DURATION
        and not constraints.is_disallowed(field)
    ]


def changed(inner: Any, field: Any, edge: tuple[int, int]) -> Any:
    """The message with a duration of that many seconds and nanoseconds."""
    made = type(inner)()
    made.CopyFrom(inner)
    made.ClearField(field.name)
    span = getattr(made, field.name).add() if field.is_repeated else getattr(made, field.name)
    span.seconds, span.nanos = edge
    return made


def compare(ask: Asking, ways: list[Way], edges: tuple[tuple[int, int], ...] = EDGES) -> set[str]:
    """The fields for which both said the same at every edge."""
    compared = set()
    for way, inner in sound(ask, [way for way in ways if fields(way.end)]):
        for field in fields(way.end):
            for edge in edges:
                made = within(way, changed(inner, field, edge))
                found = ask.errors(made)
                ours = expected(found)
                if ours is not None:
                    assert ask.takes(made) == ours, (field.full_name, edge, found)
                    compared.add(field.full_name)
    return compared


def test_every_duration_of_a_resource(envoy: LiveResources) -> None:
    assert len(compare(asking_envoy(envoy), list(samples().values()))) >= 60


def test_every_duration_of_a_bootstrap() -> None:
    ask = Asking(at_once, lambda bootstrap: validate_message(bootstrap).ok)
    own = [way for name, way in samples(names.BOOTSTRAP).items() if name not in samples()]
    assert len(compare(ask, own, EDGES[:2])) >= 12


@pytest.mark.parametrize("span", ["9223372036s", "99999999999s", "315576000000s", "-0.000000001s"])
def test_a_watchdog_that_is_too_long(span: str) -> None:
    bootstrap = {"watchdogs": {"main_thread_watchdog": {"kill_timeout": span}}}
    assert [error.path for error in errors(bootstrap)] == ["watchdogs.main_thread_watchdog.kill_timeout"]
    assert not validate(bootstrap).ok


def balanced(*policies: Tree) -> Any:
    """A cluster with that list of policies."""
    return message(names.CLUSTER, {**plain.PLAIN_CLUSTER, "load_balancing_policy": listed(*policies)})


def listed(*policies: Tree) -> Tree:
    return {"policies": [{"typed_extension_config": {"name": "p", "typed_config": policy}} for policy in policies]}


def policy(name: str, **fields: Any) -> Tree:
    return {"@type": POLICIES + name, **fields}


ROBIN = policy("round_robin.v3.RoundRobin")
PERIODS = [
    policy(WEIGHTED, **{field: span})
    for field in ENDING
    for span in ("9223372035.999999999s", "9223372036s", "-0.000000001s")
]
LISTS = {
    "behind the policy that is used": balanced(ROBIN, policy(WEIGHTED, blackout_period="-1s")),
    "in one that Envoy lacks": balanced(
        {"@type": names.url("envoy.config.core.v3.KeepaliveSettings"), "timeout": "-1s"}, ROBIN
    ),
    "within a locality": balanced(
        policy("wrr_locality.v3.WrrLocality", endpoint_picking_policy=listed(policy(WEIGHTED, blackout_period="-1s")))
    ),
    "within a subset": balanced(
        policy("subset.v3.Subset", subset_lb_policy=listed(policy(WEIGHTED, blackout_period="-1s")))
    ),
    "in a fallback": balanced(
        policy(
            "override_host.v3.OverrideHost",
            override_host_sources=[{"header": "a"}],
            fallback_policy=listed(policy(WEIGHTED, blackout_period="9223372036s")),
        )
    ),
}


@pytest.mark.parametrize("config", PERIODS, ids=lambda config: "-".join(list(config.values())[1:]))
def test_periods_of_a_policy(envoy: LiveResources, config: Tree) -> None:
    cluster = balanced(config)
    assert envoy.ask(cluster).ok == expected(errors(alone(cluster)))


@pytest.mark.parametrize("place", LISTS)
def test_only_the_policy_that_is_used_is_looked_at(envoy: LiveResources, place: str) -> None:
    assert envoy.ask(LISTS[place]).ok == expected(errors(alone(LISTS[place])))


def ends(cluster: Any) -> bool:
    """Whether an Envoy that takes the cluster dies of it soon."""
    with LiveResources() as live:
        try:
            for _ in range(100):
                live.ask(cluster)
                live.ask(balanced(ROBIN))
        except CrashedError:
            return True
    return False


@pytest.mark.parametrize("span", ["9223372036s", "-1s"])
def test_a_slow_start_out_of_range_ends_envoy(span: str) -> None:
    """Envoy takes the cluster, and dies of it once a worker balances: it is refused."""
    cluster = balanced(policy("round_robin.v3.RoundRobin", slow_start_config={"slow_start_window": span}))
    assert expected(errors(alone(cluster))) is False
    assert ends(cluster)


def test_a_damaged_policy_is_told_once() -> None:
    cluster = balanced(ROBIN)
    cluster.load_balancing_policy.policies[0].typed_extension_config.typed_config.value = b"\xff"
    assert [error.code for error in errors(alone(cluster))] == ["bytes"]


def test_a_type_that_nobody_knows_is_passed_by(envoy: LiveResources) -> None:
    cluster = balanced({"@type": POLICIES + "random.v3.Random"}, ROBIN)
    cluster.load_balancing_policy.policies[0].typed_extension_config.typed_config.type_url = "a.example/no.Such"
    assert envoy.ask(cluster).ok
    assert not errors(alone(cluster))
