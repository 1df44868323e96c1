"""Clients that nobody here wrote follow the server through many random changes and torn connections.

Envoy in both variants of the protocol and gRPC's own xDS client, at once; at the end each one's state is what is
computed from nothing. Sixty changes; five hundred with --long.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support import bookinfo, churn
from support.envoy import Envoy, require_binary
from support.grpc_client import DOES_NOT_EXIST, Backends, GrpcClient
from support.served import Served, wait
from support.sidecars import bootstrap

from fastroute.api.encode import encode
from fastroute.api.pool import message_class
from fastroute.config.text import to_tree
from fastroute.pilot import discovery
from fastroute.pilot.discovery.generated import TYPES, Generated, generate
from fastroute.pilot.discovery.model.proxy import Proxy

pytestmark = pytest.mark.envoy
CALLER = Proxy("client", "default", "10.0.0.9", proxyless=True)
ECHO = churn.host("echo")


def directory(path: Path) -> Path:
    """The example in plain text, on ports that any user may bind."""
    made = Path(shutil.copytree(bookinfo.DIRECTORY, path))
    mesh = made / "mesh.yaml"
    ports = "    enableAutoMtls: false\n    proxyListenPort: 25001\n    proxyInboundListenPort: 25006\n"
    mesh.write_text(mesh.read_text() + ports)
    plain = {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
             "metadata": {"name": "m", "namespace": "istio-system"}, "spec": {"mtls": {"mode": "DISABLE"}}}  # fmt: skip
    (made / "plain.json").write_text(json.dumps(plain))
    return made


def dumped(envoy: Envoy) -> dict[str, dict[str, Any]]:
    """Clusters, listeners and routes of an Envoy by name, as trees; and the addresses of each cluster."""
    found: dict[str, dict[str, Any]] = {kind: {} for kind in ("clusters", "listeners", "routes", "endpoints")}
    for config in json.loads(envoy.admin("/config_dump"))["configs"]:
        for one in config.get("dynamic_active_clusters", ()):
            found["clusters"][one["cluster"]["name"]] = one["cluster"]
        for one in config.get("dynamic_listeners", ()):
            if "active_state" in one:  # the others are being drained
                found["listeners"][one["name"]] = one["active_state"]["listener"]
        for one in config.get("dynamic_route_configs", ()):
            found["routes"][one["route_config"]["name"]] = one["route_config"]
    for status in json.loads(envoy.admin("/clusters?format=json"))["cluster_statuses"]:
        hosts = (host["address"]["socket_address"] for host in status.get("host_statuses", ()))
        found["endpoints"][status["name"]] = sorted(f"{one['address']}:{one['port_value']}" for one in hosts)
    return found


def wanted(fresh: Generated) -> dict[str, dict[str, Any]]:
    """The same of what is computed from nothing."""
    found: dict[str, dict[str, Any]] = {
        kind: {str(getattr(message, "name", "")): to_tree(message) for message in getattr(fresh, kind)}
        for kind in ("clusters", "listeners", "routes")
    }
    found["endpoints"] = {}
    for message in fresh.endpoints:
        one: Any = message
        ends = (end.endpoint.address.socket_address for group in one.endpoints for end in group.lb_endpoints)
        found["endpoints"][one.cluster_name] = sorted(f"{end.address}:{end.port_value}" for end in ends)
    return found


def differences(envoy: Envoy, fresh: Generated) -> list[str]:
    """What an Envoy has otherwise than it should."""
    has, should = dumped(envoy), wanted(fresh)
    found = []
    for kind, members in should.items():
        types = {"clusters": TYPES["clusters"], "listeners": TYPES["listeners"], "routes": TYPES["routes"]}
        for name, one in members.items():
            mine = has[kind].get(name)
            if kind in types and mine is not None:
                mine = {key: value for key, value in mine.items() if key != "@type"}
                mine = to_tree(message_class(types[kind]).FromString(encode(types[kind], mine)))
            if mine != one:
                found.append(f"{kind} {name}: {mine} is not {one}")
        if kind in ("clusters", "listeners"):
            found += [f"{kind} {name} should be gone" for name in has[kind].keys() - members.keys()]
    return found


@pytest.mark.parametrize("changes", [60, pytest.param(500, marks=pytest.mark.long)])
def test_clients_follow_through_changes_and_cuts(changes: int, tmp_path: Path) -> None:
    require_binary()
    random = Random(changes)
    mesh = directory(tmp_path / "mesh")
    with Backends("v1") as backends, Served(mesh, debounce=0.01) as served:
        put_echo(served, backends)
        with (
            Envoy(bootstrap(served.port, "GRPC")) as whole,
            Envoy(bootstrap(served.port, "DELTA_GRPC")) as incremental,
            GrpcClient(served.port, "client.default") as client,
        ):
            for step in range(changes):
                if step % 20 == 0:
                    targets = [ECHO, *(churn.host(name) for name in churn.NAMES)]
                    client.start(f"{random.choice(targets)}:7000")
                apply(served, *churn.change(random))
                if random.random() < 0.08:
                    served.cut()
            apply(served, "mistake.json", None)
            assert served.server.watched.error is None
            state = discovery.read(mesh)
            sidecar = generate(state, Proxy.of_pod(state, bookinfo.PRODUCTPAGE))
            for envoy in (whole, incremental):
                wait(lambda envoy=envoy: not differences(envoy, sidecar), lambda envoy=envoy: _why(envoy, sidecar), 60)
            assert client.call(f"{ECHO}:7000") == "v1"
            fresh = generate(state, CALLER)
            wait(lambda: agrees(client, fresh), lambda: str(client.dump())[:3000], 60)
            assert served.server.pushes > changes * 0.5
            statuses = [one.session.watches for one in served.server.connections if one.session is not None]
            assert {watch.status for watches in statuses for watch in watches.values()} == {"SYNCED"}
            assert client.refused() == []


def _why(envoy: Envoy, fresh: Generated) -> str:
    return "\n".join(differences(envoy, fresh)[:3]) + envoy.log()[-3000:]


def agrees(client: GrpcClient, fresh: Generated) -> bool:
    """Whether what the client holds is what it should be.

    Of a listener or cluster that has gone gRPC keeps the routes and endpoints, which then mean nothing.
    """
    held = client.resources()
    for kind, members in held.items():
        should = fresh.wire(kind)
        for name, data in members.items():
            if should.get(name) != data and (name in should or kind in ("listeners", "clusters")):
                return False
    absent = {one.name for one in client.dump() if one.client_status == DOES_NOT_EXIST}
    there = {name for kind in ("listeners", "clusters") for name in fresh.wire(kind)}
    routes = {name.rpartition(":")[0] for name in held["listeners"]}
    return not absent & there and all(f"outbound|7000||{host}" in held["routes"] for host in routes)


def apply(served: Served, file: str, text: str | None) -> None:
    path = served.directory / file
    if text is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(text)
    wait(served.server.is_current_state, lambda: str(served.server.watched.error), 60)


def put_echo(served: Served, backends: Backends) -> None:
    spec = {
        "hosts": [ECHO], "location": "MESH_INTERNAL", "resolution": "STATIC",
        "ports": [{"number": 7000, "name": "grpc", "protocol": "GRPC"}],
        "endpoints": [{"address": "127.0.0.1", "ports": {"grpc": port}} for port in backends.ports.values()],
    }  # fmt: skip
    served.put("echo.json", churn.thing("ServiceEntry", "echo", spec))
