"""The client's protocol machine against a control plane whose wire fails at every point, in both variants at once.

Drawn: resources that come, change, go, are refused or break constraints; responses that arrive late, twice, or
never; connections that are lost; time. After everything has been delivered, the client holds what a fresh load
of the server's resources holds.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support.xds_model import ORDER
from support.xds_scene import CLUSTER_NAMES, FLAWS, LISTENER_NAMES, ROUTE_LISTS, SERVICES, Scene, walk

WHICH = st.sampled_from((0, 1))
POSITIONS = st.integers(0, 5)
WALKS, BLOCKS = 5000, 10


class Following(RuleBasedStateMachine):
    """What can happen, for Hypothesis to draw and to shrink."""

    scene: Scene

    @initialize()
    def connect(self) -> None:
        self.scene = Scene()

    @rule(name=st.sampled_from(CLUSTER_NAMES), flaw=st.sampled_from(FLAWS), service=st.sampled_from((None, *SERVICES)))
    def put_cluster(self, name: str, flaw: str, service: str | None) -> None:
        self.scene.put_cluster(name, flaw, service)

    @rule(name=st.sampled_from(SERVICES), flaw=st.sampled_from(FLAWS))
    def put_endpoints(self, name: str, flaw: str) -> None:
        self.scene.put_endpoints(name, flaw)

    @rule(name=st.sampled_from(LISTENER_NAMES), flaw=st.sampled_from(FLAWS), routes=st.sampled_from(ROUTE_LISTS))
    def put_listener(self, name: str, flaw: str, routes: tuple[str, ...]) -> None:
        self.scene.put_listener(name, flaw, routes)

    @rule(name=st.sampled_from(("r0", "r1")), flaw=st.sampled_from(FLAWS))
    def put_routes(self, name: str, flaw: str) -> None:
        self.scene.put_routes(name, flaw)

    @rule(kind=st.sampled_from(ORDER), position=POSITIONS)
    def remove(self, kind: Any, position: int) -> None:
        self.scene.remove(kind, position)

    @rule(which=WHICH, kinds=st.sampled_from((ORDER, *((kind,) for kind in ORDER))))
    def push(self, which: int, kinds: Any) -> None:
        self.scene.push(which, kinds)

    @rule(which=WHICH, position=POSITIONS)
    def deliver(self, which: int, position: int) -> None:
        self.scene.links[which].deliver(position)

    @rule(which=WHICH)
    def deliver_all(self, which: int) -> None:
        self.scene.deliver_all(which)

    @rule(which=WHICH, position=POSITIONS)
    def repeat(self, which: int, position: int) -> None:
        self.scene.links[which].repeat(position)

    @rule(which=WHICH)
    def cut(self, which: int) -> None:
        self.scene.links[which].cut()

    @rule(which=WHICH)
    def reopen(self, which: int) -> None:
        self.scene.links[which].open()

    @rule(which=WHICH, seconds=st.sampled_from((1, 8, 16)))
    def wait(self, which: int, seconds: int) -> None:
        self.scene.links[which].wait(seconds)

    @invariant()
    def nothing_is_in_force_that_the_server_never_held(self) -> None:
        if hasattr(self, "scene"):
            self.scene.check()

    def teardown(self) -> None:
        if hasattr(self, "scene"):
            self.scene.end()


def test_a_client_ends_with_what_the_server_holds(request: pytest.FixtureRequest) -> None:
    examples = 5000 if request.config.getoption("--long") else 150
    run_state_machine_as_test(Following, settings=settings(max_examples=examples, stateful_step_count=15))


@pytest.mark.parametrize("block", range(BLOCKS))
def test_five_thousand_walks(block: int) -> None:
    """The same events drawn by a seed each: many more of them in the time, and longer ones."""
    for seed in range(block, WALKS, BLOCKS):
        walk(seed, steps=25)
