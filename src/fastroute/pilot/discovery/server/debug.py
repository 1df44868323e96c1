"""The HTTP side of the discovery server: readiness, what each proxy has, metrics.

/ready                            200 once the server listens
/debug/list                       these pages
/debug/syncz                      each proxy, each kind: what was sent, acknowledged or refused
/debug/adsz                       each stream: variant, and what it watches
/debug/config_dump?proxyID=PROXY  the resources of `NAME.NAMESPACE` as they are now, as `proxy-config -f` reads them;
                                  with `&push=N` as they were after that push; also as /debug/config_dump/PROXY
/debug/pushes?proxyID=PROXY       the pushes that are still remembered of a proxy
/debug/endpointz                  the endpoints of every service
/debug/push_status                why the newest files are not in force, and what is wrong in those that are
/debug/force_disconnect?proxyID=PROXY    (POST) ends the streams of a proxy
/metrics                          counters with Istio's names, as Prometheus reads them
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from fastroute.api.pool import message_class
from fastroute.config.text import to_tree
from fastroute.errors import ConfigError
from fastroute.pilot.agent.http_server import Call, Reply
from fastroute.pilot.discovery.analyze import analyze
from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.layers import KINDS, Holding
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.server.connection import Connection
from fastroute.pilot.discovery.server.gauges import gauges
from fastroute.pilot.discovery.server.protocol import ORDER
from fastroute.pilot.discovery.server.service import DiscoveryServer

DUMP: Final = "/debug/config_dump"
DISCONNECT: Final = "/debug/force_disconnect"


class Debug:
    """Answers for one server; `answer` is the handler of an HttpServer."""

    def __init__(self, server: DiscoveryServer) -> None:
        self._server = server
        self._found: tuple[Registry, list[Finding]] | None = None
        self._pages: dict[str, Callable[[dict[str, str]], object]] = {
            "/debug": lambda _: self._list(),
            "/debug/list": lambda _: self._list(),
            "/debug/syncz": lambda _: [status_of(one) for one in server.connections],
            "/debug/adsz": lambda _: [_watched(one) for one in server.connections],
            "/debug/endpointz": lambda _: self._endpointz(),
            "/debug/pushes": self._pushes,
        }

    async def answer(self, call: Call) -> Reply:
        """The reply to a request."""
        query = {name: values[-1] for name, values in parse_qs(call.query).items()}
        if call.path == DISCONNECT:
            return self._disconnect(call, query)
        if call.method not in ("GET", "HEAD"):
            return Reply(405, b"only GET\n")
        if call.path == "/ready":
            return Reply(200, b"ready\n") if self._server.ports else Reply(503, b"not listening yet\n")
        if call.path == "/metrics":
            found = list(gauges(self._server, await self._findings()))
            return Reply(200, self._server.metrics.text(found).encode(), "text/plain; version=0.0.4")
        if call.path == "/debug/push_status":
            return _json(self._push_status(await self._findings()))
        if call.path == DUMP or call.path.startswith(f"{DUMP}/"):
            name = unquote(call.path.removeprefix(DUMP).removeprefix("/")) or query.get("proxyID", "")
            return await asyncio.to_thread(self._dump, name, query.get("push", ""))
        page = self._pages.get(call.path.rstrip("/"))
        return Reply(404, b"no such page; /debug names them\n") if page is None else _json(page(query))

    def _list(self) -> list[str]:
        return sorted((*self._pages, DUMP, DISCONNECT, "/debug/push_status", "/metrics", "/ready"))

    async def _findings(self) -> list[Finding]:
        """What is wrong in the state in force; worked out once for each."""
        registry = self._server.registry
        if self._found is None or self._found[0] is not registry:
            self._found = (registry, await asyncio.to_thread(analyze, registry, generated=False))
        return list(dict.fromkeys((*self._found[1], *self._server.findings)))

    def _endpointz(self) -> object:
        return {
            f"{service.host}:{port.number}": [
                {"address": one.workload.address, "port": one.target, "ready": one.ready}
                for one in service.at(port.number)
            ]
            for service in self._server.services
            for port in service.ports
        }

    def _pushes(self, query: dict[str, str]) -> object:
        name = query.get("proxyID", "")
        found = [one for one in self._server.connections if not name or is_named(one, name)]
        return {one.id: [push for push, _ in one.history] for one in found}

    def _push_status(self, found: list[Finding]) -> object:
        error = self._server.watched.error
        return {
            "pushes": self._server.pushes,
            "error": str(error) if error is not None else None,
            "findings": [str(one) for one in found],
        }

    def _disconnect(self, call: Call, query: dict[str, str]) -> Reply:
        if call.method != "POST":
            return Reply(405, b"only POST\n")
        ended = self._server.disconnect(query.get("proxyID", ""))
        return Reply(200 if ended else 404, f"{ended} streams ended\n".encode())

    def _dump(self, name: str, push: str) -> Reply:
        connection = next((one for one in self._server.connections if is_named(one, name)), None)
        if push:
            held = [holding for number, holding in connection.history if str(number) == push] if connection else []
            return _json(_trees(held[0])) if held else Reply(404, f"push {push} is not remembered\n".encode())
        try:
            proxy = connection.proxy if connection else Proxy.of_pod(self._server.registry, name)
            made = self._server.generate(proxy)
        except ConfigError as error:
            return Reply(404, f"{error}\n".encode())
        return _json({kind: [to_tree(message) for message in getattr(made, kind)] for kind in KINDS})


def is_named(one: Connection, name: str) -> bool:
    """Whether `name` is a stream's, its node's, or its proxy's with or without namespace."""
    proxy = one.proxy
    return name in (one.id, proxy.id, proxy.name, f"{proxy.name}.{proxy.namespace}")


def _trees(holding: Holding) -> dict[str, list[object]]:
    return {
        kind: [to_tree(message_class(type_name).FromString(data)) for data in holding.wire(kind).values()]
        for kind, type_name in KINDS.items()
    }


def _json(value: object) -> Reply:
    return Reply(200, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode(), "application/json")


def _watches(one: Connection) -> Iterator[tuple[str, Any]]:
    watches = one.session.watches if one.session is not None else {}
    return ((kind, watches[kind]) for kind in ORDER if kind in watches)


def _watched(one: Connection) -> dict[str, object]:
    watches = {kind: ["*"] if watch.wild else sorted(watch.names) for kind, watch in _watches(one)}
    return {"id": one.id, "proxy": one.proxy.id, "variant": one.variant, "connected": one.opened, "watches": watches}


def status_of(one: Connection) -> dict[str, object]:
    """What `proxy-status` shows of one stream."""
    return {
        "id": one.id,
        "proxy": f"{one.proxy.name}.{one.proxy.namespace}",
        "variant": one.variant,
        "istio_version": one.version,
        "waiting": one.waiting is not None,
        "kinds": {
            kind: {
                "status": watch.status,
                "sent": watch.sent_version,
                "acked": watch.acked_version,
                "sent_nonce": watch.sent_nonce,
                "acked_nonce": watch.acked_nonce,
                "error": watch.error,
            }
            for kind, watch in _watches(one)
        },
    }
