"""One control plane and a client of each variant: what can happen to them, and what must hold in the end."""

from __future__ import annotations

import random
from collections.abc import Callable

from fastroute.xds.kinds import CLUSTERS, ENDPOINTS, LISTENERS, ROUTES, Kind
from support import xds_model as model
from support.xds_model import BAD, BROKEN, ORDER, DeltaLink, Link, Model, SotwLink

FLAWS = ("", "", "", "", BAD, BROKEN)
CLUSTER_NAMES = ("c0", "c1", "c2")
SERVICES = ("s0", "s1")
LISTENER_NAMES = ("l0", "l1")
ROUTE_LISTS = ((), ("r0",), ("r1",), ("r0", "r1"))


class Scene:
    """The server's state and both links; a method for each thing that can happen."""

    def __init__(self) -> None:
        self.model = Model()
        self.links: tuple[Link, Link] = (SotwLink(self.model), DeltaLink(self.model))
        for link in self.links:
            link.open()

    def put_cluster(self, name: str, flaw: str, service: str | None) -> None:
        self.model.put(CLUSTERS, name, model.cluster(name, self.model.next_mark(flaw), service))

    def put_endpoints(self, name: str, flaw: str) -> None:
        self.model.put(ENDPOINTS, name, model.endpoints(name, self.model.next_mark(flaw)))

    def put_listener(self, name: str, flaw: str, routes: tuple[str, ...]) -> None:
        self.model.put(LISTENERS, name, model.listener(name, self.model.next_mark(flaw), routes))

    def put_routes(self, name: str, flaw: str) -> None:
        self.model.put(ROUTES, name, model.routes(name, self.model.next_mark(flaw)))

    def remove(self, kind: Kind, position: int) -> None:
        held = sorted(self.model.held[kind])
        if held:
            self.model.remove(kind, held[position % len(held)])

    def push(self, which: int, kinds: tuple[Kind, ...]) -> None:
        for kind in kinds:
            self.links[which].push(kind)

    def deliver_all(self, which: int) -> None:
        while self.links[which].flying:
            self.links[which].deliver(0)

    def check(self) -> None:
        """Nothing is in force that the server never held, or that was refused."""
        for link in self.links:
            for kind in ORDER:
                for message in link.tables.held[kind].values():
                    assert message.SerializeToString(deterministic=True) in self.model.ever
                    assert model.mark_of(message)[0].isdigit()

    def end(self) -> None:
        """Everything is delivered; then the clients hold what a fresh load of the server's resources holds."""
        for link in self.links:
            link.settle()
            self._good_ones_are_in_force(link)
        self.model.repair()
        for link in self.links:
            link.settle()
            assert {kind: link.tables.held[kind] for kind in ORDER} == self.model.expected()
            assert link.machine.ready

    def _good_ones_are_in_force(self, link: Link) -> None:
        """Where no response was refused as a whole, a refused resource does not hold up the others."""
        for kind in (CLUSTERS, LISTENERS):
            held = self.model.held[kind]
            if any(model.mark_of(each).startswith(BROKEN) for each in held.values()):
                continue
            for name, message in held.items():
                if model.mark_of(message)[0].isdigit() and (kind is CLUSTERS or link.machine.ready):
                    assert link.tables.held[kind][name] == message


def walk(seed: int, steps: int) -> None:
    """A sequence of events that `seed` draws, and its end."""
    draw = random.Random(seed)
    scene = Scene()

    def which() -> int:
        return draw.randrange(2)

    def link() -> Link:
        return scene.links[which()]

    events: tuple[Callable[[], object], ...] = (
        lambda: scene.put_cluster(draw.choice(CLUSTER_NAMES), draw.choice(FLAWS), draw.choice((None, *SERVICES))),
        lambda: scene.put_endpoints(draw.choice(SERVICES), draw.choice(FLAWS)),
        lambda: scene.put_listener(draw.choice(LISTENER_NAMES), draw.choice(FLAWS), draw.choice(ROUTE_LISTS)),
        lambda: scene.put_routes(draw.choice(("r0", "r1")), draw.choice(FLAWS)),
        lambda: scene.remove(draw.choice(ORDER), draw.randrange(3)),
        lambda: scene.push(which(), (draw.choice(ORDER),)),
        lambda: scene.push(which(), ORDER),
        lambda: link().deliver(draw.randrange(6)),
        lambda: link().deliver(draw.randrange(6)),
        lambda: scene.deliver_all(which()),
        lambda: link().repeat(draw.randrange(6)),
        lambda: link().cut(),
        lambda: link().open(),
        lambda: link().wait(draw.choice((1, 8, 16))),
    )
    for _ in range(steps):
        draw.choice(events)()
        scene.check()
    scene.end()
