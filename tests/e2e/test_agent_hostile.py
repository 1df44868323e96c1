"""Bad surroundings: one clear line that names the culprit, exit code not 0, nothing half-written left."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
from support.ads_server import AdsServer
from support.agents import RunningAgent, get
from support.ports import free_ports

pytestmark = pytest.mark.envoy
NOWHERE = "127.0.0.1:1"


def refusal(agent: RunningAgent) -> str:
    """The agent's single line before it ended with an exit code."""
    with agent:
        assert agent.ended() == 1
    assert agent.envoy_pids() == []
    lines = [line for line in agent.log().splitlines() if line.startswith("fastroute: ")]
    assert len(lines) == 1, agent.log()
    left = [str(path.relative_to(agent.root)) for path in agent.root.rglob("*") if path.name != "agent.log"]
    assert not [name for name in left if "envoy-rev" in name or name.endswith(".tmp")], left
    assert "Traceback" not in agent.log()
    return lines[0].removeprefix("fastroute: ")


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"PROXY_CONFIG": "{"}, "PROXY_CONFIG: not YAML"),
        ({"ISTIO_METAJSON_X": "{"}, "ISTIO_METAJSON_X: not JSON"),
        ({"ISTIO_KUBE_APP_PROBERS": "[]"}, "ISTIO_KUBE_APP_PROBERS: a JSON object is expected"),
        ({"ISTIO_KUBE_APP_PROBERS": '{"/x": {}}'}, "ISTIO_KUBE_APP_PROBERS[/x]: /app-health/NAME"),
        ({"ISTIO_PROMETHEUS_ANNOTATIONS": '{"port": "15090"}'}, "ISTIO_PROMETHEUS_ANNOTATIONS: port 15090 belongs"),
        ({"MINIMUM_DRAIN_DURATION": "soon"}, "MINIMUM_DRAIN_DURATION: a duration"),
        ({"SECRET_GRACE_PERIOD_RATIO": "2"}, "SECRET_GRACE_PERIOD_RATIO: a share"),
        ({"WORKLOAD_RSA_KEY_SIZE": "512"}, "WORKLOAD_RSA_KEY_SIZE: 2048"),
        ({"ENVOY_STATUS_PORT": "0"}, "ENVOY_STATUS_PORT: not a port number"),
        ({"POD_NAME": ""}, "POD_NAME: is not set"),
        ({"ISTIO_BOOTSTRAP_OVERRIDE": "absent.yaml"}, "absent.yaml: cannot be read: No such file"),
        ({"TERMINATION_DRAIN_DURATION_SECONDS": "x"}, "TERMINATION_DRAIN_DURATION_SECONDS: not a number"),
    ],
)
def test_bad_variables(environment: dict[str, str], says: str, short_path: Path) -> None:
    assert says in refusal(RunningAgent(short_path, NOWHERE, "current", **environment))


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"binaryPath": "/absent/envoy"}, "/absent/envoy: no such program; name Envoy's in PROXY_CONFIG as binaryPath"),
        ({"binaryPath": "/etc/passwd"}, "/etc/passwd: may not be executed (binaryPath)"),
        ({"controlPlaneAuthPolicy": "SOME"}, "controlPlaneAuthPolicy: NONE or MUTUAL_TLS"),
        ({"configPath": "x" * 120}, "longer than the 107 bytes of a socket path"),
    ],
)
def test_bad_configuration(config: dict[str, Any], says: str, short_path: Path) -> None:
    assert says in refusal(RunningAgent(short_path, NOWHERE, "current", config))


@pytest.mark.parametrize("which", ["admin", "status", "prometheus", "ready"])
def test_a_port_in_use_is_named(which: str, short_path: Path) -> None:
    agent = RunningAgent(short_path, NOWHERE, "current")
    port = getattr(agent, f"{which}_port")
    with socket.create_server(("127.0.0.1", port)):
        line = refusal(agent)
    assert f"cannot listen on port {port}: Address already in use" in line


def test_unreadable_pod_files_are_named(short_path: Path) -> None:
    (short_path / "etc/istio/pod/labels").mkdir(parents=True)
    assert "etc/istio/pod/labels: cannot be read" in refusal(RunningAgent(short_path, NOWHERE, "current"))


def test_a_file_in_the_place_of_a_socket_is_kept(short_path: Path) -> None:
    place = short_path / "etc/istio/proxy/XDS"
    place.parent.mkdir(parents=True)
    place.write_text("mine")
    assert "there is something that is no socket" in refusal(RunningAgent(short_path, NOWHERE, "current"))
    assert place.read_text() == "mine"


def test_a_second_agent_is_refused_and_the_first_stays(short_path: Path) -> None:
    with (
        AdsServer({"clusters": [], "listeners": []}) as server,
        RunningAgent(short_path, server.address, "current") as first,
    ):
        first.wait_ready()
        second = RunningAgent(short_path, server.address, "current")
        with second:
            assert second.ended() == 1
        assert "another process serves this socket" in second.log()
        assert first.get("/healthz/ready")[0] == 200


def test_a_stale_socket_is_replaced(short_path: Path) -> None:
    place = short_path / "etc/istio/proxy/XDS"
    place.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(os.path.relpath(place))
    with (
        AdsServer({"clusters": [], "listeners": []}) as server,
        RunningAgent(short_path, server.address, "current") as agent,
    ):
        agent.wait_ready()


def test_a_bootstrap_that_envoy_refuses_gives_exit_code_1(short_path: Path) -> None:
    (short_path / "bad.yaml").write_text("admin: {profile_path: 7, address: 8}\n")
    with RunningAgent(short_path, NOWHERE, "current", ISTIO_BOOTSTRAP_OVERRIDE="bad.yaml") as agent:
        assert agent.ended() == 1
    assert "exit code 1" in agent.log()
    assert list((short_path / "etc/istio/proxy").iterdir()) == []


def test_an_override_reaches_envoy(short_path: Path) -> None:
    (short_path / "more.yaml").write_text("stats_flush_interval: 7s\n")
    with (
        AdsServer({"clusters": [], "listeners": []}) as server,
        RunningAgent(short_path, server.address, "current", ISTIO_BOOTSTRAP_OVERRIDE="more.yaml") as agent,
    ):
        agent.wait_ready()

        assert '"stats_flush_interval": "7s"' in get(agent.admin_port, "/config_dump")[1]


def test_a_control_plane_with_tls_needs_the_root_certificate(short_path: Path) -> None:
    (port,) = free_ports(1)
    with RunningAgent(short_path, f"127.0.0.1:{port}", "current", {"controlPlaneAuthPolicy": "MUTUAL_TLS"}) as agent:
        agent.wait_for(lambda: "istio/root-cert.pem: cannot be read" in agent.log())
        assert agent.process.poll() is None, "the file may still be mounted"
