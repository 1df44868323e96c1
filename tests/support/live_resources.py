"""Envoy's verdict on single resources of any kind, fed to one running Envoy through watched files.

    with LiveResources() as envoy:
        envoy.ask(message)           Verdict of a Listener, Cluster, RouteConfiguration or ClusterLoadAssignment

Route configurations are called `r`, load assignments `e`. A listener or cluster that Envoy took is
removed again by the next one.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from google.protobuf.message import Message

from fastroute.api import names, pool
from support.envoy import Envoy, require_binary
from support.verdicts import Verdict

_STATS = {
    names.LISTENER: "listener_manager.lds.",
    names.CLUSTER: "cluster_manager.cds.",
    names.ROUTE_CONFIGURATION: "http.h.rds.r.",
    names.CLUSTER_LOAD_ASSIGNMENT: "cluster.e.",
}


_DYING = "][critical][backtrace]"
"""What a crashing Envoy logs while its admin page may still answer, with counts of nothing."""


class CrashedError(Exception):
    """Envoy died of the resource; the text is the end of its log. A new one has been started."""


class LiveResources:
    """A running Envoy with one watched file for each kind of resource."""

    def __init__(self) -> None:
        require_binary()
        self._directory = tempfile.TemporaryDirectory(prefix="fastroute-resources-")
        self.directory = Path(self._directory.name)
        self.version = 0
        self.envoy = self._new()

    def _new(self) -> Envoy:
        for kind in _STATS:
            self._path(kind).write_bytes(b"")
        return Envoy(self._bootstrap(), directory=self.directory)

    def _path(self, kind: str) -> Path:
        return self.directory / f"{kind}.pb"

    def _source(self, kind: str) -> dict[str, Any]:
        return {"path_config_source": {"path": str(self._path(kind))}, "resource_api_version": "V3"}

    def _bootstrap(self) -> dict[str, Any]:
        manager = {
            "@type": names.url(names.HTTP_CONNECTION_MANAGER),
            "stat_prefix": "h",
            "rds": {"route_config_name": "r", "config_source": self._source(names.ROUTE_CONFIGURATION)},
            "http_filters": [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
        }
        listener = {
            "name": "fixed",
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
            "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
        }
        eds = {"eds_config": self._source(names.CLUSTER_LOAD_ASSIGNMENT)}
        cluster = {"name": "e", "type": "EDS", "eds_cluster_config": eds}
        return {
            "static_resources": {"listeners": [listener], "clusters": [cluster, {"name": "blue"}]},
            "dynamic_resources": {
                "lds_config": self._source(names.LISTENER),
                "cds_config": self._source(names.CLUSTER),
            },
        }

    def __enter__(self) -> Self:
        self.envoy.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.envoy.stop()
        self._directory.cleanup()

    def _counts(self, prefix: str) -> tuple[int, int, int]:
        stats = self.envoy.stats(prefix + "update_")
        found = [stats.get(prefix + name, 0) for name in ("update_success", "update_rejected", "update_failure")]
        return found[0], found[1], found[2]

    def ask(self, message: Message) -> Verdict:
        """Whether Envoy takes the resource, and what it says otherwise; CrashedError when it dies of it."""
        try:
            return self._ask(message)
        except OSError:
            log = self.envoy.log()[-2000:]
            self.envoy.stop()
            (self.directory / "admin.txt").unlink(missing_ok=True)
            self.envoy = self._new()
            self.envoy.start()
            raise CrashedError(log) from None

    def _ask(self, message: Message) -> Verdict:
        kind = message.DESCRIPTOR.full_name
        self.version += 1
        response: Any = pool.new(names.DISCOVERY_RESPONSE)
        response.version_info = str(self.version)
        response.resources.add(type_url=names.url(kind), value=message.SerializeToString())
        before = self._counts(_STATS[kind])
        logged = len(self.envoy.log())
        temporary = self.directory / "new"
        temporary.write_bytes(response.SerializeToString())
        temporary.replace(self._path(kind))
        return self._wait(kind, before, logged)

    def _wait(self, kind: str, before: tuple[int, int, int], logged: int) -> Verdict:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            now = self._counts(_STATS[kind])
            if now[1:] != before[1:]:
                said = self.envoy.log()[logged:]
                if _DYING in said:
                    raise ConnectionError(said)
                return Verdict(False, said)
            if now[0] != before[0]:
                return Verdict(True, "")
            time.sleep(0.0005)
        raise TimeoutError(f"Envoy did not read its file within 10 s:\n{self.envoy.log()[logged:]}")
