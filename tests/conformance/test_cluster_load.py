"""Bounded load against the live Envoy: requests that are not answered fill hosts up.

A socket listens at every endpoint and never answers; after the route's timeout Envoy tells the host.
"""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from support.cluster_envoy import ClusterEnvoy
from support.clusters import cluster, endpoint, locality, static
from support.http1 import render

from fastroute.core.hashing import xxh64

pytestmark = pytest.mark.envoy

HOSTS = 7
REQUESTS = 40


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port at which all hosts listen."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(socket.create_server(("127.6.0.1", 0), backlog=REQUESTS))
        number = first.getsockname()[1]
        for host in range(2, HOSTS + 1):
            stack.enter_context(socket.create_server((f"127.6.0.{host}", number), backlog=REQUESTS))
        yield number


def tree(port: int, policy: str, factor: int, weights: list[int]) -> dict[str, Any]:
    hosts = [endpoint(port, f"127.6.0.{i}", weight=weight) for i, weight in enumerate(weights, 1)]
    common = {"consistent_hashing_lb_config": {"hash_balance_factor": factor}}
    return static(locality(hosts), lb_policy=policy, common_lb_config=common, connect_timeout="1s")


CASES = [
    ("MAGLEV", 100, [1] * HOSTS),
    ("MAGLEV", 150, [1, 2, 3, 1, 2, 3, 4]),
    ("RING_HASH", 120, [5, 1, 1, 1, 1, 1, 1]),
]


@pytest.mark.parametrize(("policy", "factor", "weights"), CASES)
def test_busy_hosts_are_left_to_those_that_envoy_leaves_them_to(
    port: int, policy: str, factor: int, weights: list[int]
) -> None:
    hold = {
        "match": {"prefix": "/"},
        "route": {
            "cluster": "c",
            "hash_policy": [{"header": {"header_name": "x-hash"}}],
            "timeout": "2.5s",
        },
    }
    made = cluster(tree(port, policy, factor, weights))
    draw = random.Random(factor)
    words = [str(draw.randrange(6)) for _ in range(REQUESTS)]
    ours = []
    with ClusterEnvoy([tree(port, policy, factor, weights)], routes=[hold]) as bed:
        clients = []
        for word in words:
            client = socket.create_connection(("127.0.0.1", bed.envoy.port("hosts")), 10)
            client.sendall(render("GET", b"/", b"h", [(b"x-hash", word.encode())]))
            clients.append(client)
            time.sleep(0.02)
            host = made.pick(xxh64(word.encode()))
            assert host is not None
            host.begin()
            ours.append(str(host))
        theirs = [_host(client) for client in clients]
    assert ours == theirs


def _host(client: socket.socket) -> str:
    with client:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
    line = next(line for line in head.split(b"\r\n") if line.startswith(b"x-told-host: "))
    return line.partition(b": ")[2].decode()
