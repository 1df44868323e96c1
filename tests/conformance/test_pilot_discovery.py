"""The discovery server and the real Envoy, in both variants of the protocol, through live changes."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import bookinfo
from support.envoy import Envoy, require_binary
from support.sidecars import bootstrap

from fastroute.pilot.discovery.server.service import DiscoveryServer

pytestmark = pytest.mark.envoy
PLAIN = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: m, namespace: istio-system}
spec: {mtls: {mode: DISABLE}}
"""


class Served:
    """A server over a directory of its own, in an event loop of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = Path(shutil.copytree(bookinfo.DIRECTORY, directory / "mesh"))
        mesh = self.directory / "mesh.yaml"
        ports = "    enableAutoMtls: false\n    proxyListenPort: 25001\n    proxyInboundListenPort: 25006\n"
        mesh.write_text(mesh.read_text() + ports)
        (self.directory / "plain.yaml").write_text(PLAIN)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = DiscoveryServer(self.directory, debounce=0.02)
        self.port = self.run(self.server.start())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def stop(self) -> None:
        self.run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.directory / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def watches(self) -> dict[str, Any]:
        one = self.server.connections[0].session if self.server.connections else None
        return one.watches if one is not None else {}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    require_binary()
    one = Served(tmp_path)
    yield one
    one.stop()


def wait(what: Callable[[], bool], why: Callable[[], str]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.02)


def routes(envoy: Envoy) -> str:
    """The route configurations that Envoy has, as text."""
    return envoy.admin("/config_dump?resource=dynamic_route_configs")


@pytest.mark.parametrize("variant", ["GRPC", "DELTA_GRPC"])
def test_envoy_follows_live_changes(served: Served, variant: str) -> None:
    with Envoy(bootstrap(served.port, variant)) as envoy:
        wait(lambda: "0.500s" in routes(envoy), envoy.log)
        assert envoy.stat("cluster_manager.active_clusters") == 1 + len(bookinfo.generated("current").clusters)
        assert envoy.stat("listener_manager.total_listeners_active") == len(bookinfo.generated("current").listeners)

        served.edit("rules/routes.yaml", "timeout: 0.5s", "timeout: 7s")
        wait(lambda: '"timeout": "7s"' in routes(envoy), lambda: routes(envoy) + envoy.log())

        served.edit("mesh.yaml", "ALLOW_ANY", "REGISTRY_ONLY")
        wait(lambda: "block_all" in routes(envoy), envoy.log)

        (served.directory / "kubernetes" / "grafana.yaml").unlink()
        wait(lambda: "0.0.0.0_3000" not in envoy.admin("/listeners"), envoy.log)

        served.edit("kubernetes/reviews.yaml", "podIP: 10.240.2.74", "podIP: 10.240.2.99")
        wait(lambda: "10.240.2.99:9080" in envoy.admin("/clusters"), envoy.log)
        wait(lambda: all(one.status == "SYNCED" for one in served.watches().values()), lambda: str(served.watches()))
        assert set(served.watches()) == {"clusters", "endpoints", "listeners", "routes"}
        assert "[warning]" not in envoy.log()


@pytest.mark.parametrize("variant", ["GRPC", "DELTA_GRPC"])
def test_what_did_not_change_is_not_sent(served: Served, variant: str) -> None:
    with Envoy(bootstrap(served.port, variant)) as envoy:
        wait(lambda: "0.500s" in routes(envoy), envoy.log)
        wait(lambda: all(one.status == "SYNCED" for one in served.watches().values()), lambda: str(served.watches()))
        before = {kind: one.responses for kind, one in served.watches().items()}
        served.edit("rules/routes.yaml", "timeout: 0.5s", "timeout: 7s")
        wait(lambda: '"timeout": "7s"' in routes(envoy), envoy.log)
        after = {kind: one.responses for kind, one in served.watches().items()}
        assert {kind: after[kind] - before[kind] for kind in after} == {
            "clusters": 0, "endpoints": 0, "listeners": 0, "routes": 1,
        }  # fmt: skip


@pytest.mark.parametrize("variant", ["GRPC", "DELTA_GRPC"])
def test_a_refusal_is_remembered(served: Served, variant: str) -> None:
    """A listener on a port that Envoy's own admin already has cannot be bound; the rest stays in force."""
    with Envoy(bootstrap(served.port, variant)) as envoy:
        wait(lambda: "0.500s" in routes(envoy), envoy.log)
        served.edit("mesh.yaml", "proxyListenPort: 25001", f"proxyListenPort: {envoy.admin_port}")
        wait(lambda: served.watches()["listeners"].status == "ERROR", envoy.log)
        assert "virtualOutbound" in served.watches()["listeners"].error
        served.edit("mesh.yaml", f"proxyListenPort: {envoy.admin_port}", "proxyListenPort: 25002")
        wait(lambda: served.watches()["listeners"].status == "SYNCED", envoy.log)


def test_a_bad_object_leaves_the_last_good_state(served: Served) -> None:
    with Envoy(bootstrap(served.port, "GRPC")) as envoy:
        wait(lambda: "0.500s" in routes(envoy), envoy.log)
        served.edit("rules/routes.yaml", "timeout: 0.5s", "timeout: soon")
        wait(lambda: served.server.watched.error is not None, envoy.log)
        assert served.server.pushes == 0
        assert json.loads(routes(envoy))["configs"]
