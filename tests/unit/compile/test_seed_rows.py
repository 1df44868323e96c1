"""The seed's listener tables, row by row: a connection of the row's kind goes to the row's destination."""

from __future__ import annotations

import re

import pytest
from support.connections import resources
from support.shared import SHARED, shared
from support.sidecar import CLUSTERS, sidecar

from fastroute import Router, load
from fastroute.compile.context import Context
from fastroute.compile.listeners import compile_listeners
from fastroute.reference.connections import explain_connection
from fastroute.request import Connection

BLOCKS = {15001: "12-listener-table-15001", 9080: "13-listener-and-route-tables-9080", 15006: "15-listener-table-15006"}
DESTINATIONS = ("Route: ", "Cluster: ")
PROTOCOLS = {
    "TCP TLS": ("istio-peer-exchange", "istio"),
    "HTTP TLS": ("istio-http/1.1",),
    "Istio HTTP Plain": ("istio",),
    "HTTP": ("http/1.1",),
    "": (),
}
POD = "10.240.2.38"


def rows() -> list[tuple[int, str, str]]:
    """(listener's port, match, destination) of every row."""
    found = []
    for port, block in BLOCKS.items():
        path = SHARED / "seed" / "blocks" / f"{block}.txt"
        for line in path.read_text().splitlines() if path.exists() else []:
            parts = re.match(r"0\.0\.0\.0 +(\d+) +(\S.*)$", line)
            if parts:
                match, destination = split(parts.group(2).rstrip())
                found.append((port, match, destination))
    return found


def split(text: str) -> tuple[str, str]:
    """The match and the destination of a row: the destination has at most two words."""
    for start in DESTINATIONS:
        head, found, tail = text.rpartition(start)
        if found:
            return head.strip(), start + tail
    head, _, tail = text.rpartition(" ")
    return head.strip(), tail


def connection(port: int, match: str) -> Connection:
    """A connection of the kind that a row is about."""
    fields = dict(part.split(": ", 1) for part in match.split("; ") if ": " in part)
    wanted = fields.get("Addr", "")
    number = int(wanted[2:]) if wanted.startswith("*:") else 8080
    if port == 9080:
        destination, accepted = ("10.231.20.47", 9080), (POD, 15001)
    else:
        destination, accepted = (POD if number != 8080 or port == 15006 else "1.2.3.4", number), (POD, port)
    return Connection(
        destination=destination,
        source=("10.240.2.40", 40000),
        accepted=accepted,
        transport_protocol=fields.get("Trans", "raw_buffer"),
        application_protocols=PROTOCOLS[fields.get("App", "")],
    )


@pytest.mark.parametrize(("port", "match", "destination"), rows())
def test_a_row_of_the_seed(port: int, match: str, destination: str) -> None:
    shared("seed/blocks")
    found = resources(sidecar(), CLUSTERS)
    wanted = connection(port, match)
    chain = compile_listeners(found, Context(found.listeners[0])).connect(wanted)
    assert chain is not None
    said = {"http": f"Route: {chain.route_config}", "tcp": str(chain.cluster)}[chain.kind]
    if destination.startswith("Cluster: "):
        said = said.replace("Route: ", "Cluster: ")
    if destination == "Non-HTTP/Non-TCP":
        destination = "BlackHoleCluster"
    if destination == "InboundPassthroughClusterIpv4" and chain.kind == "http":
        destination = "Route: InboundPassthrough"
    assert said == destination
    walked = explain_connection(found, wanted)
    assert (walked.decision["filter_chain"], walked.decision["kind"]) == (chain.filter_chain, chain.kind)


def test_every_row_is_there() -> None:
    shared("seed/blocks")
    assert [sum(row[0] == port for row in rows()) for port in BLOCKS] == [2, 2, 7]


def test_the_router_tells_its_connections() -> None:
    router = Router(
        load({"listeners": sidecar()[:1], "clusters": [{"name": "PassthroughCluster"}, {"name": "BlackHoleCluster"}]})
    )
    told = router.explain_connection(Connection(("1.2.3.4", 443), accepted=(POD, 15001)))
    assert told.decision["cluster"] == "PassthroughCluster"
    assert told.decision["original_destination"] == ("1.2.3.4", 443)


def test_passthrough_and_black_hole() -> None:
    """PassthroughCluster sends to the original destination; BlackHoleCluster has no endpoint."""
    passing = {"name": "PassthroughCluster", "type": "ORIGINAL_DST", "lb_policy": "CLUSTER_PROVIDED"}
    router = Router(load({"listeners": sidecar()[:1], "clusters": [passing, {"name": "BlackHoleCluster"}]}))
    chains = [router.connect(Connection(to, accepted=(POD, 15001))) for to in (("1.2.3.4", 443), (POD, 15001))]
    picked = [router.pick(chain) for chain in chains if chain is not None]
    assert [(each.address, each.port) if each is not None else None for each in picked] == [("1.2.3.4", 443), None]


def test_the_sieve_is_told_step_by_step() -> None:
    """Each criterion in use says how many candidates are left, and which were passed over."""
    found = resources(sidecar(), CLUSTERS)
    client = Connection((POD, 8080), ("10.240.2.40", 1), accepted=(POD, 15006), application_protocols=("http/1.1",))
    told = explain_connection(found, client).text()
    assert "takes no destination port: 4 of 7 left" in told
    assert "takes destination prefix 0.0.0.0/0: 4 of 4 left" in told
    assert "takes transport protocol raw_buffer: 2 of 4 left (tcp-raw, http-raw)" in told
    assert "takes application protocol http/1.1: 1 of 2 left (http-raw)" in told
    assert "it does not give application protocol http/1.1" in told
