"""The HTTP side of the discovery server: readiness, what each proxy has, metrics.

/ready                       200 as soon as the server listens
/debug/syncz                 each proxy, each kind: what was sent, acknowledged or refused
/debug/adsz                  each stream: variant, and what it watches
/debug/config_dump/PROXY     the resources of `NAME.NAMESPACE` as they are now, as `proxy-config -f` reads them
/debug/endpointz             the endpoints of every service
/debug/push_status           why the newest files are not in force, and what is wrong in those that are
/metrics                     counters with Istio's names, as Prometheus reads them
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from fastroute.config.text import to_tree
from fastroute.errors import ConfigError
from fastroute.pilot.agent.http_server import Call, Reply
from fastroute.pilot.discovery.analyze import analyze
from fastroute.pilot.discovery.generated import TYPES
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.server.protocol import ORDER
from fastroute.pilot.discovery.server.service import Connection, DiscoveryServer

SHORT: Final = {"clusters": "cds", "endpoints": "eds", "listeners": "lds", "routes": "rds"}
DUMP: Final = "/debug/config_dump/"


class Debug:
    """Answers for one server; `answer` is the handler of an HttpServer."""

    def __init__(self, server: DiscoveryServer) -> None:
        self._server = server
        self._pages = {
            "/debug/syncz": self._syncz,
            "/debug/adsz": self._adsz,
            "/debug/endpointz": self._endpointz,
            "/debug/push_status": self._push_status,
        }

    async def answer(self, call: Call) -> Reply:
        """The reply to a request."""
        if call.method not in ("GET", "HEAD"):
            return Reply(405, b"only GET\n")
        if call.path == "/ready":
            return Reply(200, b"ready\n")
        if call.path == "/metrics":
            return Reply(200, metrics(self._server).encode(), "text/plain; version=0.0.4")
        if call.path.startswith(DUMP):
            return self._dump(call.path.removeprefix(DUMP))
        page = self._pages.get(call.path)
        return Reply(404, b"no such page\n") if page is None else _json(page())

    def _syncz(self) -> object:
        return [status_of(one) for one in self._server.connections]

    def _adsz(self) -> object:
        return [
            {"proxy": one.proxy.id, "variant": one.variant, "watches": {k: sorted(w.names) for k, w in _watches(one)}}
            for one in self._server.connections
        ]

    def _endpointz(self) -> object:
        return {
            f"{service.host}:{port.number}": [
                {"address": one.workload.address, "port": one.target, "ready": one.ready}
                for one in service.at(port.number)
            ]
            for service in self._server.services
            for port in service.ports
        }

    def _push_status(self) -> object:
        error = self._server.watched.error
        found = analyze(self._server.registry, generated=False)
        return {
            "pushes": self._server.pushes,
            "error": str(error) if error is not None else None,
            "findings": [str(one) for one in found],
        }

    def _dump(self, name: str) -> Reply:
        proxy = next((one.proxy for one in self._server.connections if _is(one.proxy, name)), None)
        try:
            made = self._server.generate(proxy or Proxy.of_pod(self._server.registry, name))
        except ConfigError as error:
            return Reply(404, f"{error}\n".encode())
        return _json({kind: [to_tree(message) for message in getattr(made, kind)] for kind in TYPES})


def _is(proxy: Proxy, name: str) -> bool:
    return name in (proxy.id, proxy.name, f"{proxy.name}.{proxy.namespace}")


def _json(value: object) -> Reply:
    return Reply(200, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode(), "application/json")


def _watches(one: Connection) -> Iterator[tuple[str, Any]]:
    return ((kind, one.session.watches[kind]) for kind in ORDER if kind in one.session.watches)


def status_of(one: Connection) -> dict[str, object]:
    """What `proxy-status` shows of one stream."""
    return {
        "proxy": f"{one.proxy.name}.{one.proxy.namespace}",
        "variant": one.variant,
        "kinds": {
            kind: {
                "status": watch.status,
                "sent": watch.sent_version,
                "acked": watch.acked_version,
                "error": watch.error,
            }
            for kind, watch in _watches(one)
        },
    }


def metrics(server: DiscoveryServer) -> str:
    """All metrics in Prometheus' text form."""
    rejected = Counter(server.rejected)
    for one in server.connections:
        for kind, watch in _watches(one):
            rejected[kind] += watch.rejections
    registry = server.registry
    lines = [
        *_metric("pilot_xds", "gauge", "Streams of proxies", {"": len(server.connections)}),
        *_metric("pilot_services", "gauge", "Services known", {"": len(server.services)}),
        *_metric("pilot_virt_services", "gauge", "VirtualServices known", {"": len(registry.virtual_services)}),
        *_metric("pilot_xds_pushes", "counter", "Responses sent",
                 {f'{{type="{SHORT[kind]}"}}': server.sent[kind] for kind in ORDER}),
        *_metric("pilot_push_triggers", "counter", "New states", {'{type="config"}': server.pushes}),
        *_metric("pilot_total_xds_rejects", "counter", "CallerError responses", {"": rejected.total()}),
    ]  # fmt: skip
    for kind in ORDER:
        lines += _metric(f"pilot_xds_{SHORT[kind]}_reject", "counter", "CallerError responses", {"": rejected[kind]})
    return "\n".join(lines) + "\n"


def _metric(name: str, kind: str, text: str, values: dict[str, int]) -> list[str]:
    head = [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
    return head + [f"{name}{labels} {value}" for labels, value in values.items()]
