"""The agent with a real Envoy and a small control plane: start, traffic, outage, crash, and the end in good order."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.ads_server import AdsServer
from support.agents import Application, RunningAgent, get, resources
from support.ports import free_ports

pytestmark = pytest.mark.envoy
PROFILES = ["1.8", "current"]


@pytest.fixture
def application() -> Iterator[Application]:
    with Application() as running:
        yield running


@pytest.mark.parametrize("profile", PROFILES)
def test_s001_s003_s007_from_start_to_traffic_to_outage_to_crash(
    profile: str, application: Application, short_path: Path
) -> None:
    port, later = free_ports(2)
    metrics = f'{{"scrape":"true","port":"{application.port}","path":"/metrics"}}'
    root = short_path
    with RunningAgent(root, f"127.0.0.1:{later}", profile, ISTIO_PROMETHEUS_ANNOTATIONS=metrics) as agent:
        agent.wait_for(lambda: agent.get("/healthz/ready")[0] == 503 and agent.envoy_pids())
        agent.wait_for(lambda: "cds missing" in agent.get("/healthz/ready")[1])
        with AdsServer(resources(application.port, port), port=later) as server:
            agent.wait_ready()
            assert server.refused == []
            assert server.metadata["clusterid"] == "Kubernetes"
            warned = [line for line in agent.log().splitlines() if "[warning]" in line or "[error]" in line]
            assert profile == "1.8" or [line for line in warned if "xds" not in line.lower()] == []
            assert get(agent.ready_port, "/healthz/ready")[0] == 200, "S-047: 15021 through Envoy to the agent"
            assert get(agent.ready_port, "/other")[0] == 404
            assert get(port, "/")[:2] == (200, "hello\n")

            status, text, headers = agent.get("/stats/prometheus")
            assert status == 200
            assert headers["content-type"].startswith("application/openmetrics-text")
            own, envoy, app = (
                text.find(name) for name in ("istio_agent_scrapes_total", "envoy_server_live", "app_total")
            )
            assert 0 <= own < envoy < app, "the agent, then Envoy, then the application"
            assert text.endswith("# EOF\n")
            agent.wait_for(lambda: "istio_agent_startup_duration_seconds" in agent.get("/metrics")[1])

            server.stop()
            streams = server.streams
            agent.wait_for(lambda: "the stream to the control plane failed" in agent.log())
            assert get(port, "/")[0] == 200, "Envoy keeps its configuration while the control plane is away"
            assert agent.get("/healthz/ready")[0] == 200
            server.start()
            agent.wait_for(lambda: server.streams > streams)
            assert get(port, "/")[0] == 200
            assert server.refused == []

        directory = root / "etc/istio/proxy"
        assert (directory / "envoy-rev0.json").exists()
        assert directory.stat().st_mode & 0o777 == 0o700
        assert (directory / "XDS").stat().st_mode & 0o777 == 0o600
        (pid,) = agent.envoy_pids()
        os.kill(pid, signal.SIGKILL)
        assert agent.ended() == 0, "as Istio's agent: Kubernetes starts both again"
        assert "signal SIGKILL" in agent.log()
        assert "out of memory" in agent.log()
        assert not (directory / "envoy-rev0.json").exists()


@pytest.mark.parametrize("profile", PROFILES)
def test_s006_new_rules_reach_envoy_without_a_restart(profile: str, application: Application, short_path: Path) -> None:
    port, other = free_ports(2)
    with (
        AdsServer(resources(application.port, port)) as server,
        RunningAgent(short_path, server.address, profile) as agent,
    ):
        agent.wait_ready()
        pids = agent.envoy_pids()
        moved = resources(application.port, other)["listeners"][0]
        server.push({"listeners": [{**moved, "name": "second"}]})
        agent.wait_for(lambda: get(other, "/")[0] == 200)
        dump = get(agent.admin_port, "/config_dump?resource=dynamic_listeners")[1]
        assert '"second"' in dump, "S-005: the admin shows what is dynamic"
        assert agent.envoy_pids() == pids
        assert server.refused == []


@pytest.mark.parametrize("profile", PROFILES)
def test_sigterm_drains_and_a_request_in_flight_completes(
    profile: str, application: Application, short_path: Path
) -> None:
    (port,) = free_ports(1)
    with (
        AdsServer(resources(application.port, port)) as server,
        RunningAgent(short_path, server.address, profile) as agent,
    ):
        agent.wait_ready()
        answers: list[int] = []
        flight = threading.Thread(target=lambda: answers.append(get(port, "/slow")[0]))
        flight.start()
        time.sleep(0.3)
        agent.process.send_signal(signal.SIGTERM)
        agent.wait_for(lambda: agent.get("/healthz/ready")[0] == 503)
        assert agent.get("/healthz/ready")[1] == "the agent is draining\n"
        flight.join(10)
        assert answers == [200]
        assert agent.ended() == 0
        assert agent.envoy_pids() == []


def test_exit_on_zero_active_connections(application: Application, short_path: Path) -> None:
    (port,) = free_ports(1)
    times = {"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "true", "MINIMUM_DRAIN_DURATION": "200ms"}
    with (
        AdsServer(resources(application.port, port)) as server,
        RunningAgent(short_path, server.address, "current", {"terminationDrainDuration": "60s"}, **times) as agent,
    ):
        agent.wait_ready()
        answers: list[int] = []
        flight = threading.Thread(target=lambda: answers.append(get(port, "/slow")[0]))
        flight.start()
        time.sleep(0.3)
        agent.process.send_signal(signal.SIGTERM)
        assert agent.ended() == 0, "long before the termination drain duration"
        flight.join(10)
        assert answers == [200]
        assert "no connection is active" in agent.log()


def test_app_probes_drain_and_quitquitquit(application: Application, short_path: Path) -> None:
    (port,) = free_ports(1)
    live = {"httpGet": {"port": application.port, "path": "/"}}
    broken = {"httpGet": {"port": application.port, "path": "/broken"}}
    probers = json.dumps({"/app-health/app/livez": live, "/app-health/app/readyz": broken})
    with (
        AdsServer(resources(application.port, port)) as server,
        RunningAgent(
            short_path,
            server.address,
            "current",
            {"terminationDrainDuration": "1s"},
            ISTIO_KUBE_APP_PROBERS=probers,
        ) as agent,
    ):
        agent.wait_ready()
        assert agent.get("/app-health/app/livez")[0] == 200
        assert agent.get("/app-health/app/readyz")[0] == 418
        assert agent.get("/app-health/app/startupz")[0] == 404
        assert agent.get("/quitquitquit")[0] == agent.get("/drain")[0] == 405
        assert agent.get("/drain", "POST")[0] == 200
        assert agent.process.poll() is None
        assert agent.get("/healthz/ready")[0] == 503
        assert agent.get("/quitquitquit", "POST")[0] == 200
        assert agent.ended() == 0


def test_restart_epochs_of_1_8(application: Application, short_path: Path) -> None:
    (port,) = free_ports(1)
    labels = short_path / "etc/istio/pod/labels"
    labels.parent.mkdir(parents=True)
    labels.write_text('app="one"\n')
    with (
        AdsServer(resources(application.port, port)) as server,
        RunningAgent(
            short_path, server.address, "1.8", {"parentShutdownDuration": "2s", "drainDuration": "1s"}
        ) as agent,
    ):
        agent.wait_ready()
        (first,) = agent.envoy_pids()
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_for(lambda: "the bootstrap is the same" in agent.log())
        labels.write_text('app="two"\n')
        agent.process.send_signal(signal.SIGHUP)
        agent.wait_for(lambda: len(agent.envoy_pids()) == 2)
        assert (short_path / "etc/istio/proxy/envoy-rev1.json").exists()
        agent.wait_for(lambda: first not in agent.envoy_pids(), 30)
        assert agent.process.poll() is None, "the agent lives as long as one epoch does"
        agent.wait_for(lambda: not (short_path / "etc/istio/proxy/envoy-rev0.json").exists())
        agent.wait_for(lambda: get(port, "/")[0] == 200)
        agent.process.send_signal(signal.SIGTERM)
        assert agent.ended() == 0
