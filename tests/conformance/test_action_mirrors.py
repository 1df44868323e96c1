"""Copies of requests by mirrors, all of their headers, compared with what reached the live Envoy's mirror cluster."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.action_bed import grouped
from support.action_routes import Maker
from support.echo import EchoServer
from support.envoy import require_binary
from support.manager_bed import ManagerBed
from support.manager_bed import requests as drawn

pytestmark = pytest.mark.envoy

PATIENCE = 10.0
NAMES = (
    "x-envoy-upstream-rq-timeout-ms", "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-expected-rq-timeout-ms",
    "x-envoy-retry-on", "x-envoy-max-retries", "x-envoy-hedge-on-per-try-timeout", "x-envoy-upstream-alt-stat-name",
    "x-envoy-internal", "x-forwarded-for", "x-envoy-attempt-count", "content-type", "grpc-timeout", "x-a", "via",
    "x-envoy-upstream-stream-duration-ms", "x-envoy-is-timeout-retry", "x-envoy-original-path",
)  # fmt: skip
VALUES = ("60000", "70000", "90000", "true", "1.2.3.4", "application/grpc", "80S", "v", "<%REQ(x-a)%>", "")


class MirrorBed(ManagerBed):
    """A ManagerBed with a cluster `mirror`, whose upstream keeps what it gets."""

    def __init__(self, seed: int) -> None:
        self.mirror = EchoServer("mirror")
        super().__init__(seed)

    def _clusters(self) -> list[dict[str, Any]]:
        endpoints = [{"lb_endpoints": [self.mirror.endpoint]}]
        assignment = {"cluster_name": "mirror", "endpoints": endpoints}
        return [*super()._clusters(), {"name": "mirror", "connect_timeout": "5s", "load_assignment": assignment}]

    def start(self) -> None:
        self.mirror.__enter__()
        super().start()

    def stop(self) -> None:
        super().stop()
        self.mirror.__exit__(None, None, None)

    def received(self, count: int) -> dict[str, dict[str, list[str]]]:
        """The next `count` copies, by their mark."""
        deadline = time.monotonic() + PATIENCE
        while len(self.mirror.requests) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        came, self.mirror.requests = self.mirror.requests, []
        told = [[(name.lower(), value) for name, value in each.headers] for each in came]
        return {dict(each)["x-mark"]: grouped(pair for pair in each if pair[0] not in LENGTHS) for each in told}


LENGTHS = ("content-length", "transfer-encoding")


@pytest.fixture(scope="module")
def bed() -> Iterator[MirrorBed]:
    require_binary()
    made = MirrorBed(5)
    made.start()
    yield made
    made.stop()


def mutations(maker: Maker) -> list[dict[str, Any]]:
    """What a policy does to its copies."""
    options = [{"append": option} for option in maker.additions(NAMES, VALUES)]
    removals = [{"remove": name} for name in maker.some(NAMES, 2)]
    return [*options, *removals] if maker.chance(0.5) else [*removals, *options]


def mirrored(maker: Maker) -> dict[str, Any]:
    """A drawn route configuration, each route that forwards with a mirror."""
    made = maker.configuration()
    for route in [route for host in made["virtual_hosts"] for route in host["routes"] if "route" in route]:
        policy: dict[str, Any] = {"cluster": "mirror"}
        if maker.chance(0.6):
            policy["request_headers_mutations"] = mutations(maker)
        if maker.chance(0.2):
            policy["disable_shadow_host_suffix_append"] = True
        route["route"]["request_mirror_policies"] = [policy]
        if maker.chance(0.4):
            route["request_headers_to_add"] = maker.additions(NAMES, VALUES)
    return made


def expected(decision: Any) -> dict[str, list[str]] | None:
    """The copy that a decision tells; None without one."""
    if decision.kind != "forward" or not decision.mirrors:
        return None
    (mirror,) = decision.mirrors
    return grouped([*(p for p in mirror.headers if p[0].decode() not in LENGTHS), (b"host", mirror.authority)])


def compare(bed: MirrorBed, seeds: range) -> int:
    """Compare the copies of requests under the configurations of `seeds`; how many there were."""
    count = 0
    for seed in seeds:
        maker = Maker(seed)
        configuration = mirrored(maker)
        assert bed.load(configuration) == ("", ""), f"seed {seed}"
        bed.chosen = maker.random.choice(sorted(bed.managers()))
        asked = [
            dataclasses.replace(sent, headers=(*sent.headers, ("x-mark", str(number))))
            for number, sent in enumerate(drawn(maker, configuration, 1))
        ]
        wanted = {str(number): told for number, sent in enumerate(asked) if (told := expected(bed.decide(sent)))}
        bed.envoy.client(bed.chosen).send_all([sent.raw for sent in asked])
        found = bed.received(len(wanted))
        for mark, told in wanted.items():
            sent = asked[int(mark)]
            theirs = found.get(mark, {})
            wrong = {
                name: (theirs.get(name), told.get(name))
                for name in {*told, *theirs}
                if theirs.get(name) != told.get(name)
            }
            assert not wrong, f"seed {seed} on {bed.chosen} {bed.managers()[bed.chosen]}: (Envoy, ours) {wrong}\n{sent}"
        assert set(found) == set(wanted), f"seed {seed}"
        count += len(wanted)
    return count


def test_copies_as_envoy_sends_them(bed: MirrorBed) -> None:
    assert compare(bed, range(100, 140)) >= 400
