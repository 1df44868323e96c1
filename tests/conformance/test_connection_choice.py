"""Listener and filter chain: the core against the live Envoy, over real sockets.

Each example swaps the listeners of one running Envoy and makes a batch of connections, whose PROXY
headers claim arbitrary addresses. Whatever the compiler refuses, Envoy must refuse, and the reverse.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from support.connect_envoy import ConnectEnvoy, answer, dial
from support.connections import compiled
from support.drawn_listeners import Client, batches, worlds
from support.drawn_matchers import matched_worlds
from support.envoy import SwapRefusedError, require_binary
from support.ports import free_port

from fastroute.core.chain import Chain
from fastroute.errors import RejectedError, UnsupportedError

pytestmark = pytest.mark.envoy
PORT = free_port()
BATCH = 30


@pytest.fixture(scope="module")
def envoy() -> Iterator[ConnectEnvoy]:
    require_binary()
    with ConnectEnvoy() as running:
        yield running


def said(chain: Chain | None) -> str:
    """What a client reads from the chain."""
    assert chain is not None
    return (chain.body or b"").decode()


def compare(envoy: ConnectEnvoy, world: list[dict[str, Any]], batch: list[Client]) -> int:
    """How many connections were compared: refusals first; then each connection by its bytes and by its facts.

    What Envoy itself decides at random from load to load is not compared.
    """
    try:
        table = compiled(world)
    except RejectedError:
        with pytest.raises(SwapRefusedError):
            envoy.swap(world)
        return 0
    except UnsupportedError as error:
        if error.code != "ambiguous-prefix":
            raise
        return 0
    envoy.swap(world)
    for client in batch:
        real = answer(dial(PORT, client.first_bytes, client.direct))
        assert said(table.connect(client.as_bytes(PORT))) == real, client
        assert said(table.connect(client.as_facts(PORT))) == real, client
    return len(batch)


def test_the_same_chain(envoy: ConnectEnvoy) -> None:
    """At least 3 000 connections."""
    compared = []

    @given(worlds(PORT), batches(BATCH))
    @settings(max_examples=260)
    def run(world: list[dict[str, Any]], batch: list[Client]) -> None:
        compared.append(compare(envoy, world, batch))

    run()
    assert sum(compared) >= 3000


@pytest.mark.long
@given(worlds(PORT), batches(BATCH))
@settings(max_examples=2600)
def test_the_same_chain_many_times(envoy: ConnectEnvoy, world: list[dict[str, Any]], batch: list[Client]) -> None:
    compare(envoy, world, batch)


@given(matched_worlds(PORT), batches(BATCH))
@settings(max_examples=60)
def test_the_same_chain_by_a_matcher(envoy: ConnectEnvoy, world: list[dict[str, Any]], batch: list[Client]) -> None:
    compare(envoy, world, batch)
