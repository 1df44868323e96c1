"""The discovery server: making states of a large mesh, and pushing to many clients.

The server runs in a process of its own, and so do its hundred clients. So do the rivals: a bare grpc.aio server that
sends the same number of bytes to the same clients for each message that comes, and sovereign, which is polled over HTTP
by a hundred clients that do nothing but read. Every answer is asserted.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rigs.scale import rounds, size, sizes

from fastroute.pilot.discovery.layers import Holding
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.registry.directory import File, Registry, assemble, parse
from fastroute.pilot.discovery.state import Mesh
from fastroute.pilot.profiles import PROFILES

RIGS = Path(__file__).parent / "rigs"
SERVICES = size(20, 1_000)
CLUSTERS, ROUTES = 0, 3
"""Kinds, as the clients count them."""
TURNS = size(1, 3)
CLIENTS, PROXIES = size(2, 100), size(2, 200)
PATIENCE = 300
"""Seconds within which a rig says something, on however busy a machine."""
PROXY = Proxy("client", "default", "10.9.0.1")


def service(number: int, port: int = 9080) -> str:
    """A service with three pods, as one file."""
    name, tail = f"s{number}", f"{number // 250}.{number % 250 + 1}"
    meta = {"name": name, "namespace": "default"}
    spec = {
        "clusterIP": f"10.100.{tail}",
        "selector": {"app": name},
        "ports": [{"name": "http", "port": 9080, "targetPort": port}],
    }
    objects: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}]
    for pod in range(3):
        labels = {"app": name, "version": f"v{pod}", "security.istio.io/tlsMode": "istio"}
        status = {"podIP": f"10.{pod + 1}.{tail}", "conditions": [{"type": "Ready", "status": "True"}]}
        objects.append(
            {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": f"{name}-{pod}", "namespace": "default", "labels": labels},
                "spec": {"serviceAccountName": name, "containers": [{"name": "app"}]}, "status": status,
            }
        )  # fmt: skip
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def policy(seconds: int) -> File:
    """What gives every cluster another connect timeout."""
    spec = {
        "host": "*.default.svc.cluster.local",
        "trafficPolicy": {"connectionPool": {"tcp": {"connectTimeout": f"{seconds}s"}}},
    }
    meta = {"name": "all", "namespace": "default"}
    rule = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": meta, "spec": spec}
    return parse("policy.json", json.dumps(rule))


def one_policy(seconds: int) -> File:
    """The same for the service s7 alone."""
    traffic = {"connectionPool": {"tcp": {"connectTimeout": f"{seconds}s"}}}
    meta = {"name": "one", "namespace": "default"}
    spec = {"host": "s7", "trafficPolicy": traffic}
    rule = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": meta, "spec": spec}
    return parse("policy.json", json.dumps(rule))


def timeout(number: int, seconds: int) -> File:
    """A rule of one service."""
    host = f"s{number}"
    spec = {"hosts": [host], "http": [{"timeout": f"{seconds}s", "route": [{"destination": {"host": host}}]}]}
    meta = {"name": host, "namespace": "default"}
    rule = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta, "spec": spec}
    return parse("rule.json", json.dumps(rule))


@pytest.fixture(scope="module")
def files() -> list[File]:
    return [parse(f"s{number}.json", service(number)) for number in range(SERVICES)]


def registry(files: list[File], *more: File) -> Registry:
    return assemble([files, more])


def clusters(held: Holding) -> int:
    return sum(name.startswith("outbound|") for name in held.wire("clusters"))


def test_full_cds_from_nothing(benchmark: Any, files: list[File]) -> None:
    state = registry(files)
    held = benchmark.pedantic(lambda: Mesh(PROFILES["current"], state).holding(PROXY), rounds=3)
    assert clusters(held) == SERVICES


def test_full_cds_with_everything_changed(benchmark: Any, files: list[File]) -> None:
    states = [registry(files, policy(seconds)) for seconds in (1, 2)]
    mesh, turn = Mesh(PROFILES["current"], states[1]), iter(range(1_000))
    mesh.holding(PROXY)

    def change() -> tuple[Holding, int]:
        before = mesh.holding(PROXY)
        mesh.load(states[next(turn) % 2])
        after = mesh.holding(PROXY)
        return after, len(after.since(before, "clusters").changed)

    held, changed = benchmark.pedantic(change, rounds=4)
    assert (clusters(held), changed) == (SERVICES, SERVICES)


def test_full_cds_with_one_changed(benchmark: Any, files: list[File]) -> None:
    """One rule of one service; the clusters of the others are not looked into."""
    others = [one_policy(seconds) for seconds in (1, 2)]
    states = [registry(files, one) for one in others]
    mesh, turn = Mesh(PROFILES["current"], states[1]), iter(range(1_000))
    mesh.holding(PROXY)

    def change() -> frozenset[str]:
        before = mesh.holding(PROXY)
        mesh.load(states[next(turn) % 2])
        return mesh.holding(PROXY).since(before, "clusters").changed

    assert benchmark.pedantic(change, rounds=10) == {"outbound|9080||s7.default.svc.cluster.local"}


def test_endpoints_of_one_service_changed(benchmark: Any, files: list[File]) -> None:
    """One pod's port; all services are looked at again."""
    states = []
    for port in (9080, 9081):
        changed = list(files)
        changed[7] = parse("s7.json", service(7, port))
        states.append(registry(changed))
    mesh, turn = Mesh(PROFILES["current"], states[1]), iter(range(1_000))
    mesh.holding(PROXY)

    def change() -> tuple[frozenset[str], frozenset[str]]:
        before = mesh.holding(PROXY)
        mesh.load(states[next(turn) % 2])
        after = mesh.holding(PROXY)
        return after.since(before, "clusters").changed, after.since(before, "endpoints").changed

    one = {"outbound|9080||s7.default.svc.cluster.local"}
    assert benchmark.pedantic(change, rounds=6) == (frozenset(), one)


def test_rds_of_a_thousand_virtual_hosts(benchmark: Any, files: list[File]) -> None:
    """One rule changed; the route configuration of the port is put together anew."""
    states = [registry(files, timeout(7, seconds)) for seconds in (1, 2)]
    mesh, turn = Mesh(PROFILES["current"], states[1]), iter(range(1_000))
    mesh.holding(PROXY)

    def change() -> tuple[frozenset[str], int]:
        before = mesh.holding(PROXY)
        mesh.load(states[next(turn) % 2])
        after = mesh.holding(PROXY)
        route = after.get("routes", "9080")
        assert route is not None
        return after.since(before, "routes").changed, len(route.data)

    changed, size = benchmark.pedantic(change, rounds=10)
    assert changed == {"9080"}
    assert size > 200 * SERVICES


# Many clients


@contextmanager
def process(*arguments: str, python: str = sys.executable) -> Iterator[subprocess.Popen[str]]:
    """A rig that says on its first line where it listens."""
    source = str(Path(__file__).parents[1] / "src")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    running = subprocess.Popen(
        [python, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.close()
        running.stdout.close()


def say(running: subprocess.Popen[str], text: str) -> dict[str, Any]:
    """One command, one answer."""
    assert running.stdin is not None
    running.stdin.write(text + "\n")
    running.stdin.flush()
    return heard(running)


def heard(running: subprocess.Popen[str]) -> dict[str, Any]:
    assert running.stdout is not None
    assert select.select([running.stdout], [], [], PATIENCE)[0], f"{running.args} says nothing for {PATIENCE} s"
    found: dict[str, Any] = json.loads(running.stdout.readline())
    return found


def measured(server: str, *arguments: str, pushes: int, kind: int = ROUTES) -> dict[str, Any]:
    """Pushes a second of a rig to a hundred clients."""
    with process(str(RIGS / server), *arguments) as running:
        port = heard(running)["port"]
        with process(str(RIGS / "discovery_clients.py"), str(port), str(CLIENTS)) as clients:
            assert heard(clients)["ready"] == CLIENTS
            assert say(running, f"ready {CLIENTS}") == {"clients": CLIENTS}
            found = say(running, f"push {pushes}")
            received = say(clients, "count")[str(kind)]
            assert received["pushes"] >= pushes * CLIENTS, received
            return {**found, "bytes": received["bytes"]}


def middle(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The run in the middle, by its rate."""
    return sorted(found, key=lambda one: float(one["rate"]))[len(found) // 2]


@pytest.mark.parametrize("services", sizes(50, 1_000))
def test_pushes_beside_a_bare_echo(benchmark: Any, services: int) -> None:
    """The server's pushes (a changed rule: RDS) and an echo of the same number of bytes, by turns."""

    def by_turns() -> tuple[dict[str, Any], dict[str, Any]]:
        ours, bare = [], []
        for _ in range(TURNS):
            ours.append(measured("discovery_server.py", str(services), "routes", pushes=rounds(30)))
            bare.append(measured("discovery_echo.py", str(ours[-1]["bytes"]), pushes=rounds(30)))
        return middle(ours), middle(bare)

    one, other = benchmark.pedantic(by_turns, rounds=1)
    benchmark.extra_info |= {
        "bytes": one["bytes"],
        "pushes a second": round(one["rate"]),
        "the echo's": round(other["rate"]),
        "in times of the echo's": round(one["rate"] / other["rate"], 2),
        "µs of CPU a push": round(1e6 / one["of_cpu"]),
        "the echo's µs": round(1e6 / other["of_cpu"]),
        "in times of the echo's, by CPU": round(one["of_cpu"] / other["of_cpu"], 2),
    }


def test_pushes_beside_sovereign(benchmark: Any) -> None:
    """All clusters of a thousand services, to a hundred clients: pushed by us, polled from sovereign."""
    if importlib.util.find_spec("sovereign") is None:
        pytest.skip("sovereign is not installed")
    arguments = ("discovery_server.py", str(SERVICES), "clusters")
    ours = benchmark.pedantic(measured, arguments, {"kind": CLUSTERS, "pushes": rounds(30)}, rounds=1)
    with process(str(RIGS / "discovery_sovereign.py"), str(SERVICES)) as running:
        port = heard(running)["port"]
        with process(str(RIGS / "rest_clients.py"), str(port), str(CLIENTS), "2") as clients:
            polled = heard(clients)
    held = Mesh(PROFILES["current"], registry([parse(f"s{n}.json", service(n)) for n in range(SERVICES)])).holding(
        PROXY
    )
    assert polled["resources"] == len(held.wire("clusters"))
    benchmark.extra_info |= {
        "bytes": ours["bytes"],
        "pushes a second": round(ours["rate"]),
        "sovereign's bytes": polled["bytes"],
        "its responses a second": round(polled["rate"], 1),
        "times as many": round(ours["rate"] / polled["rate"]),
    }


def test_memory_of_a_large_mesh(benchmark: Any) -> None:
    """A server with a thousand services and two hundred proxies that have it all."""
    alone, with_one, with_all = benchmark.pedantic(resident, rounds=1)
    benchmark.extra_info |= {
        "MB alone": round(alone / 1e6),
        "MB with one proxy": round(with_one / 1e6),
        "MB in all": round(with_all / 1e6),
        "proxies": PROXIES,
        "kB for each more": round((with_all - with_one) / (PROXIES - 1) / 1e3),
    }


def resident() -> tuple[int, int, int]:
    """Bytes of the server without proxies, with one, for which all is made that they share, and with them all."""
    clients = str(RIGS / "discovery_clients.py")
    with process(str(RIGS / "discovery_server.py"), str(SERVICES), "routes") as running:
        port = str(heard(running)["port"])
        taken = [say(running, "memory")["bytes"]]
        with contextlib.ExitStack() as open_ones:
            for more, in_all in ((1, 1), (PROXIES - 1, PROXIES)):
                assert heard(open_ones.enter_context(process(clients, port, str(more))))["ready"] == more
                assert say(running, f"ready {in_all}") == {"clients": in_all}
                taken.append(say(running, "memory")["bytes"])
        alone, with_one, with_all = taken
        return alone, with_one, with_all
