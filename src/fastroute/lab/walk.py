"""One request from process to process, and everything that is seen of it on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastroute.lab import counters
from fastroute.lab.access_log import Line
from fastroute.lab.client import Answer, Asked
from fastroute.lab.counters import Counted, Place
from fastroute.lab.journey import Journey, travel
from fastroute.lab.mesh import Lab
from fastroute.lab.pods import Pod

ID: Final = "twelve-steps"


@dataclass(frozen=True, slots=True)
class Walk:
    """A request that went its way: what fastroute says about it (`journey`), and what was seen."""

    lab: Lab
    journey: Journey
    asked: Asked
    client: Pod
    server: Pod
    answer: Answer
    left: dict[Place, Counted]
    """Redirection rules that were met in the client's namespace."""
    came: dict[Place, Counted]
    """And in the server's."""
    outbound: Line
    inbound: Line


def walk(lab: Lab, client: Pod, url: str) -> Walk:
    """Send a GET from the application of `client`, and gather what is seen of it.

    It must be the first request on its way, so that each Envoy opens a connection for it. LabError when it did not
    come through in time: the route's time limit counts from its start, connections and handshakes included.
    """
    journey = travel(lab.said, client.name, url)
    server = lab.pods[journey.server.proxy.name]
    path = journey.decision.original_path or b"/"
    asked = Asked(journey.host, path.decode(), (("x-request-id", ID),), port=journey.port)
    before = counters.read(client.space), counters.read(server.space)
    answer = lab.clients[client.short].ask(asked)
    outbound = client.log.wait(lambda line: line.id == ID and not line.inbound, "the request")
    inbound = server.log.wait(lambda line: line.id == ID and line.inbound, "the request")
    left, came = (
        counters.grown(old, counters.read(pod.space)) for old, pod in zip(before, (client, server), strict=True)
    )
    return Walk(lab, journey, asked, client, server, answer, left, came, outbound, inbound)
