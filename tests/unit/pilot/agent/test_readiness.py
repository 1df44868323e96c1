"""Readiness (C7) and the counting of active connections (C5), on stats as Envoy writes them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.pods import productpage

from fastroute.pilot.agent.drain import active_connections, order
from fastroute.pilot.agent.http_client import HttpError
from fastroute.pilot.agent.inputs import Inputs
from fastroute.pilot.agent.readiness import STATE, UPDATES, Readiness, parse_stats
from fastroute.pilot.agent.settings import Settings, settings
from fastroute.pilot.profiles import PROFILES

LIVE = "listener_manager.workers_started: 1\nserver.state: 0\n"


def made(profile: str = "current", **environment: str) -> Settings:
    return settings(productpage(**environment), PROFILES[profile], Path("/"))


def reasons(*pages: dict[str, str]) -> list[str]:
    """The reason after each set of pages, asked of one Readiness."""
    current: dict[str, str] = {}

    async def ask(path: str) -> str:
        if path not in current:
            raise HttpError("nobody is there")
        return current[path]

    async def run() -> list[str]:
        readiness = Readiness(ask)
        found = []
        for page in pages:
            current.clear()
            current.update(page)
            found.append(await readiness.reason())
        return found

    return asyncio.run(run())


CDS, LDS = "cluster_manager.cds.update_success: 1\n", "listener_manager.lds.update_rejected: 1\n"


@pytest.mark.parametrize(
    ("updates", "reason"),
    [
        ("", "config not received from XDS server: cds missing, lds missing"),
        (CDS, "config not received from XDS server: cds done, lds missing"),
        (LDS, "config not received from XDS server: cds missing, lds done"),
        (CDS + LDS, ""),
    ],
)
def test_cds_and_lds_each_once_taken_or_refused(updates: str, reason: str) -> None:
    assert reasons({UPDATES: updates, STATE: LIVE}) == [reason]


def test_the_first_part_is_remembered() -> None:
    assert reasons({UPDATES: CDS + LDS, STATE: LIVE}, {UPDATES: "", STATE: LIVE}) == ["", ""]


def test_live_and_workers() -> None:
    initialising = {UPDATES: CDS + LDS, STATE: "server.state: 2\nlistener_manager.workers_started: 1\n"}
    no_workers = {UPDATES: CDS + LDS, STATE: "server.state: 0\nlistener_manager.workers_started: 0\n"}
    assert reasons(initialising, no_workers) == [
        "server is not live, current state is 2",
        "workers have not yet started",
    ]


def test_an_envoy_that_does_not_answer() -> None:
    assert reasons({}) == ["failed to get Envoy stats: nobody is there"]


def test_histograms_are_no_numbers() -> None:
    assert parse_stats("a: 1\nb: P0(1,2)\nc: No recorded values\n") == {"a": 1}


@pytest.mark.parametrize(
    ("profile", "node_type", "skip", "expected"),
    [
        ("1.8", "sidecar", False, "/drain_listeners?inboundonly"),
        ("1.8", "router", False, "/drain_listeners"),
        ("current", "sidecar", False, "/drain_listeners?inboundonly&graceful"),
        ("current", "sidecar", True, "/drain_listeners?inboundonly&graceful&skip_exit"),
        ("current", "router", False, "/drain_listeners?graceful"),
    ],
)
def test_the_order_to_drain(profile: str, node_type: str, skip: bool, expected: str) -> None:
    inputs = Inputs(productpage().environment, node_type=node_type)
    assert order(settings(inputs, PROFILES[profile], Path("/")), skip_exit=skip) == expected


def test_only_dynamic_listeners_count_as_active() -> None:
    stats = """
listener.0.0.0.0_15006.downstream_cx_active: 2
listener.0.0.0.0_15006.worker_0.downstream_cx_active: 2
listener.0.0.0.0_15021.downstream_cx_active: 1
listener.0.0.0.0_15090.downstream_cx_active: 1
listener.admin.downstream_cx_active: 1
listener.admin.main_thread.downstream_cx_active: 1
http.inbound.downstream_cx_active: 2
"""
    assert active_connections(stats, made()) == 2


def test_durations_of_the_end() -> None:
    assert made().termination_drain == 5
    assert made(TERMINATION_DRAIN_DURATION_SECONDS="9").termination_drain == 9
    assert made(MINIMUM_DRAIN_DURATION="1m30s").minimum_drain == 90
