"""TCP proxies, sni_cluster and RBAC: cluster and denial against the live Envoy.

The listener's access log tells for each connection its cluster, why it was closed and the response flags;
connections are told apart by the port that the client connected from.
"""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from support.connect_envoy import ConnectEnvoy, answer, dial
from support.connections import chain, compiled, listener_filter, tcp, tcp_proxy
from support.drawn_listeners import Client, batches
from support.drawn_networks import CLUSTERS, network_worlds
from support.envoy import require_binary
from support.ports import free_port

from fastroute.core.chain import Chain

pytestmark = pytest.mark.envoy
PORT = free_port()
UPSTREAMS = {name: free_port() for name in CLUSTERS}
BATCH = 20
WORLDS = itertools.count()
FORMAT = {
    "client": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "details": "%CONNECTION_TERMINATION_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
}


def cluster(name: str) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": tcp("127.0.0.1", UPSTREAMS[name])}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": name, "type": "STATIC", "connect_timeout": "5s", "load_assignment": assignment}


@pytest.fixture(scope="module")
def envoy() -> Iterator[ConnectEnvoy]:
    require_binary()
    static = [
        {"name": f"up-{name}", "address": tcp("127.0.0.1", port), "filter_chains": [chain(name)]}
        for name, port in UPSTREAMS.items()
    ]
    with ConnectEnvoy([cluster(name) for name in CLUSTERS], static) as running:
        yield running


def logged(path: Path, world: list[dict[str, Any]]) -> None:
    """Give the listener an access log of its own."""
    config = {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        "path": str(path),
        "log_format": {"json_format": FORMAT},
    }
    world[0]["access_log"] = [{"name": "file", "typed_config": config}]


def lines(path: Path, wanted: Mapping[str, int]) -> dict[str, list[dict[str, Any]]]:
    """The log lines of each client in their order; waits until there are as many as are `wanted`."""
    deadline = time.monotonic() + 10
    while True:
        text = path.read_text() if path.exists() else ""
        found: dict[str, list[dict[str, Any]]] = {}
        for line in map(json.loads, text.splitlines()[: text.count("\n")]):
            found.setdefault(line["client"], []).append(line)
        if all(len(found.get(client, ())) >= count for client, count in wanted.items()):
            return found
        assert time.monotonic() < deadline, "connections without a line in the log"
        time.sleep(0.005)


def check(found: Chain, line: dict[str, Any], client: Client) -> None:
    if found.reason == "cluster_not_found":
        assert "NC" in line["flags"], client
        return
    assert line["cluster"] == found.cluster, client
    assert (line["details"] or "") == found.reason, client


def ask(port: int, client: Client) -> str:
    """Make the connection; the address that it came from, as the log writes it."""
    connection = dial(port, client.first_bytes, client.direct)
    name = "{}:{}".format(*connection.getsockname())
    answer(connection)
    return name


@given(network_worlds(PORT, steady=True), batches(BATCH))
@settings(max_examples=40)
def test_the_same_cluster(envoy: ConnectEnvoy, world: list[dict[str, Any]], batch: list[Client]) -> None:
    """Each world logs to a file of its own. A port may serve a second client: its lines are in their order."""
    path = Path(envoy.directory.name) / f"access-{next(WORLDS)}.log"
    logged(path, world)
    table = compiled(world, clusters=CLUSTERS)
    envoy.swap(world)
    asked = [(ask(PORT, client), client) for client in batch]
    found = lines(path, Counter(name for name, _ in asked))
    for name, client in asked:
        chosen = table.connect(client.as_bytes(PORT))
        assert chosen is not None
        check(chosen, found[name].pop(0), client)


def test_weights_are_drawn_in_proportion(envoy: ConnectEnvoy) -> None:
    """NF-05: 300 connections over weights 1 and 3; the core's share over all draws is exact."""
    weights = [{"name": "one", "weight": 1}, {"name": "two", "weight": 3}]
    world = [
        {
            "name": "recv",
            "address": tcp("127.0.0.1", PORT),
            "listener_filters": [listener_filter("proxy_protocol")],
            "filter_chains": [chain("x", {}, tcp_proxy(weighted_clusters={"clusters": weights}))],
        }
    ]
    client = Client(("10.0.0.1", 80), ("10.0.0.2", 7), "127.0.0.1", None, (), "junk")
    envoy.swap(world)
    real = Counter(answer(dial(PORT, client.first_bytes)) for _ in range(300))
    table = compiled(world, clusters=CLUSTERS)
    ours = Counter(str(getattr(table.connect(client.as_bytes(PORT), draw), "cluster", "")) for draw in range(8))
    assert ours == {"one": 2, "two": 6}
    assert 40 <= real["one"] <= 115
    assert real["one"] + real["two"] == 300
