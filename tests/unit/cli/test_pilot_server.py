"""The commands that ask a running discovery server: proxy-status, push-diff, proxy-config."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result
from support import bookinfo
from support.served import Served, wait

from fastroute.api import names
from fastroute.api.pool import message_class, new
from fastroute.cli.pilot_status import proxy_status, push_diff
from fastroute.cli.proxy_config import proxy_config
from fastroute.pilot.agent.http_server import HttpServer
from fastroute.pilot.discovery.server.debug import Debug
from fastroute.pilot.discovery.server.service import SERVICE

PROXY = f"{bookinfo.PRODUCTPAGE}.default"


class Proxy:
    """A proxy that asks for clusters and routes, and acknowledges what it gets (or refuses it)."""

    def __init__(self, served: Served, refuse: str = "", second: str = names.ROUTE_CONFIGURATION) -> None:
        self._served, self._refuse, self._second = served, refuse, second
        self._task = asyncio.run_coroutine_threadsafe(self._run(), served.loop)

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self._served.direct}") as channel:
            stream: Any = channel.stream_stream(
                f"/{SERVICE}/StreamAggregatedResources",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=message_class(names.DISCOVERY_RESPONSE).FromString,
            )()
            for kind, asked in ((names.CLUSTER, ()), (self._second, ("9080",))):
                await stream.write(self._asking(names.url(kind), asked))
            while (response := await stream.read()) is not grpc.aio.EOF:
                asked = () if response.type_url.endswith("Cluster") else ("9080",)
                request = self._asking(response.type_url, asked)
                request.response_nonce = response.nonce
                if self._refuse:
                    request.error_detail.message = self._refuse
                await stream.write(request)

    def _asking(self, type_url: str, asked: tuple[str, ...]) -> Any:
        made: Any = new(names.DISCOVERY_REQUEST)
        made.type_url, made.node.id = type_url, f"sidecar~10.240.2.38~{PROXY}~default.svc.cluster.local"
        made.node.metadata.update({"ISTIO_VERSION": "1.32.0"})
        made.resource_names.extend(asked)
        return made


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(Path(shutil.copytree(bookinfo.DIRECTORY, tmp_path / "mesh"))) as one:
        pages = HttpServer(Debug(one.server).answer)
        one.http = one.run(pages.start("127.0.0.1", 0, "pages"))  # type: ignore[attr-defined]
        yield one
        one.run(pages.close())


def run(command: Any, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, standalone_mode=False, catch_exceptions=False)


def synced(served: Served) -> bool:
    sessions = [one.session for one in served.server.connections if one.session is not None]
    watches = [watch for session in sessions for watch in session.watches.values()]
    return len(watches) == 2 and all(watch.status in ("SYNCED", "ERROR") for watch in watches)


def test_a_proxy_and_what_two_pushes_changed(served: Served) -> None:
    url = f"http://127.0.0.1:{served.http}"  # type: ignore[attr-defined]
    proxy = Proxy(served)
    wait(lambda: synced(served), lambda: "not synced")
    lines = run(proxy_status, "--server", url).stdout.splitlines()
    assert lines[0].split() == ["NAME", "CDS", "LDS", "EDS", "RDS", "VARIANT", "VERSION"]
    assert lines[1].split() == [PROXY, "SYNCED", "NOT", "SENT", "NOT", "SENT", "SYNCED", "sotw", "1.32.0"]

    file = served.directory / "rules" / "routes.yaml"
    file.write_text(file.read_text().replace("timeout: 0.5s", "timeout: 7s"))
    served.settle()
    wait(lambda: served.server.pushes == 1 and synced(served), lambda: "not pushed")
    changed = run(push_diff, "--server", url, PROXY)
    assert "timeout" in changed.stdout
    assert "7s" in changed.stdout
    assert changed.return_value == 1
    assert json.loads(run(proxy_status, "--server", url, "-o", "json").stdout)[0]["waiting"] is False

    table = run(proxy_config, "route", "-f", f"{url}/debug/config_dump?proxyID={PROXY}", "--name", "9080").stdout
    assert "reviews.default" in table
    same = f"{url}/debug/config_dump/{PROXY}"
    assert run(proxy_status, "--server", url, PROXY, "-f", same).stdout == "no difference\n"
    proxy.stop()


def test_a_proxy_that_waits_for_certificates(served: Served) -> None:
    """A bare Envoy took clusters and endpoints, and stayed there for ever without a word."""
    url = f"http://127.0.0.1:{served.http}"  # type: ignore[attr-defined]
    proxy = Proxy(served, second=names.CLUSTER_LOAD_ASSIGNMENT)
    wait(lambda: synced(served), lambda: "not synced")
    shown = run(proxy_status, "--server", url)
    assert f"{PROXY} has not asked for listeners" in shown.stderr
    assert "sds-grpc" in shown.stderr
    proxy.stop()


def test_a_refusal_is_shown(served: Served) -> None:
    proxy = Proxy(served, refuse="not like this")
    wait(lambda: synced(served), lambda: "no answer")
    shown = run(proxy_status, "--server", f"http://127.0.0.1:{served.http}")  # type: ignore[attr-defined]
    assert "ERROR" in shown.stdout
    assert f"{PROXY} refused clusters: not like this" in shown.stderr
    proxy.stop()


@pytest.mark.parametrize("command", [proxy_status, push_diff])
def test_a_proxy_that_is_not_connected_is_named(served: Served, command: Any) -> None:
    proxy = Proxy(served)
    wait(lambda: synced(served), lambda: "not synced")
    with pytest.raises(Exception, match=rf"no proxy 'nobody' is connected \(connected are: {PROXY}\)"):
        run(command, "--server", f"http://127.0.0.1:{served.http}", "nobody")  # type: ignore[attr-defined]
    proxy.stop()


def test_one_push_cannot_be_compared(served: Served) -> None:
    proxy = Proxy(served)
    wait(lambda: synced(served), lambda: "not synced")
    with pytest.raises(Exception, match="no two pushes"):
        run(push_diff, "--server", f"http://127.0.0.1:{served.http}", PROXY)  # type: ignore[attr-defined]
    proxy.stop()
