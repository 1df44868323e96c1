"""A whole bootstrap drawn from a seed, and both sides that run it.

    world = World.of(seed, upstreams)
    with Both(world) as both:
        both.compare(rng, talks=8, each=20)      -> the differences, each a readable text

Clusters by EDS read their assignment from a file each; the Router loads the directory in which everything lies.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import fastroute
from fastroute.api import names
from support.action_bed import Upstream
from support.authority import Authority
from support.envoy import Envoy
from support.ports import free_ports
from support.wholes import clusters, judge, listeners
from support.wholes.clients import Talk, conversations
from support.wholes.ledger import PLACE, Ledger
from support.wholes.wire import speak

DIRECTORY = "@directory@"
PORTS = 8
ADDRESSES = ("127.0.0.1", "127.0.0.1", "127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4")


class Upstreams:
    """Echo servers on addresses of their own."""

    def __init__(self) -> None:
        self.servers = [Upstream(f"s{number}", address) for number, address in enumerate(ADDRESSES)]
        self.addresses = [(server.address, server.port) for server in self.servers]

    def __enter__(self) -> Self:
        for each in self.servers:
            each.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for each in self.servers:
            each.__exit__(None, None, None)

    def named(self, host: str) -> str:
        """The name of the server at `address:port`; empty where none is."""
        found = (each.name for each in self.servers if f"{each.address}:{each.port}" == host)
        return next(found, "")


@dataclass(frozen=True)
class World:
    """A bootstrap and the assignments of its EDS clusters, by cluster."""

    bootstrap: Mapping[str, Any]
    assignments: Mapping[str, Any]

    @classmethod
    def of(cls, seed: int, upstreams: Upstreams) -> World:
        """The world of this seed."""
        rng = Random(seed)
        key, certificate = _identity()
        listed, assignments = clusters.clusters(rng, upstreams.addresses, DIRECTORY)
        drawn = listeners.listeners(rng, free_ports(PORTS), (certificate, key))
        runtime = {"layers": [{"name": "keys", "static_layer": {"some.key": 1}}]}
        sections: dict[str, Any] = {"layered_runtime": runtime} if rng.random() < 0.2 else {}
        return cls({"static_resources": {"listeners": drawn, "clusters": listed}, **sections}, assignments)

    def placed(self, directory: Path) -> dict[str, Any]:
        """The bootstrap with its files in `directory`, which are written."""
        for name, assignment in self.assignments.items():
            url = names.url(names.CLUSTER_LOAD_ASSIGNMENT)
            response = {"version_info": "1", "resources": [{"@type": url, **assignment}]}
            (directory / f"eds-{name}.json").write_text(json.dumps(response))
        text = (
            json.dumps(self.bootstrap).replace(DIRECTORY, str(directory)).replace(PLACE, str(directory / "access.log"))
        )
        (directory / "bootstrap.json").write_text(text)
        placed: dict[str, Any] = json.loads(text)
        return placed


@contextlib.contextmanager
def on_disk(world: World) -> Iterator[dict[str, Any]]:
    """The bootstrap of a world while its files are there."""
    with tempfile.TemporaryDirectory(prefix="fastroute-whole-") as directory:
        yield world.placed(Path(directory))


def _identity() -> tuple[str, str]:
    key, certificate = Authority().server("a.com")
    return key.decode(), certificate.decode()


class PortTakenError(Exception):
    """Somebody listens on a port that was free when the world was drawn: draw it again."""


class Both:
    """An Envoy and a Router of one world."""

    def __init__(self, world: World, upstreams: Upstreams, own_address: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="fastroute-whole-"))
        self.upstreams = upstreams
        self.own_address = own_address
        self.counted: Counter[str] = Counter()
        try:
            self.bootstrap = world.placed(self.directory)
            snapshot = fastroute.load(self.directory)
            snapshot.resolve(lambda name, family: ["127.0.0.1"] if name == "localhost" else [])
            self.router = fastroute.Router(snapshot)
        except BaseException:
            shutil.rmtree(self.directory)
            raise
        own = self.directory / "envoy"
        own.mkdir()
        self.envoy = Envoy(self.bootstrap, directory=own, args=["--file-flush-interval-msec", "1"])
        self.ledger = Ledger(self.directory / "access.log")

    def __enter__(self) -> Self:
        try:
            self.envoy.start()
        except (OSError, RuntimeError) as error:
            taken = "Address already in use" in self.envoy.log()
            self.__exit__(None, None, None)
            raise PortTakenError if taken else error from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.envoy.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def compare(self, seed: int, talks: int, each: int) -> list[str]:
        """What differs over drawn conversations."""
        drawn = conversations(self.bootstrap, Random(seed), talks, each, self._chain_of)
        return self.judge(list(drawn))

    def _chain_of(self, talk: Talk) -> str:
        chain = judge.guessed(self, talk)
        return "" if chain is None else chain.filter_chain

    def judge(self, talks: Sequence[Talk]) -> list[str]:
        """What differs over these conversations."""
        found = []
        for talk in talks:
            http = judge.speaks_http(self, talk)
            for spoken in speak(talk, http=http):
                lines = self.ledger.of(spoken.port)
                found += judge.differences(self, talk, spoken, lines)
        return found
