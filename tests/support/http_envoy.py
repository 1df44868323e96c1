"""An Envoy whose route table can be swapped, and what it decided about a request.

    http = HttpEnvoy(listeners={"plain": {}, "merging": {"merge_slashes": True}})
    http.start()
    http.swap(route_configuration)            message or mapping; SwapRefusedError when Envoy says no
    http.decide([raw, raw, …], "plain")       -> [Observed, …]
    http.stop()

Every listener is an HTTP connection manager on a port of its own; its value overrides fields of the
manager (JSON form). All of them read the one route configuration `table`, unless they bring their own.
Clusters `c0` … `c9` (and others given) exist without endpoints, so that a forwarded request
is answered by Envoy at once, with 503. `local_reply_config` adds what was decided to
every such answer. The name of a virtual host is told through its metadata, which `swap` adds.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from fastroute.api import names
from support.envoy import Envoy, ResourceFile, parse
from support.http1 import HttpClient, Response

CLUSTERS = tuple(f"c{number}" for number in range(10))
NAMESPACE = "fastroute.test"

_TOLD = {
    "x-told-route": "%ROUTE_NAME%",
    "x-told-host": f"%METADATA(VIRTUAL_HOST:{NAMESPACE}:name)%",
    "x-told-cluster": "%UPSTREAM_CLUSTER_RAW%",
    "x-told-flags": "%RESPONSE_FLAGS%",
    "x-told-details": "%RESPONSE_CODE_DETAILS%",
    "x-told-path": "%REQ(:PATH)%",
    "x-told-authority": "%REQ(:AUTHORITY)%",
    "x-told-scheme": "%REQ(:SCHEME)%",
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What Envoy decided: names are "" where it told none; `path`, `authority` are those it replied with.

    `kind` is "forward" when the request reached the cluster's empty host set, "redirect" with a
    Location, else "respond"; "closed" when it closed the connection without an answer.
    """

    kind: str
    virtual_host: str
    route: str
    cluster: str
    status: int
    location: str | None
    details: str
    flags: str
    path: str
    authority: str
    scheme: str
    response: Response


class HttpEnvoy:
    """Envoy with one or more HTTP listeners on one swappable route table."""

    def __init__(
        self,
        listeners: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        clusters: Sequence[Mapping[str, Any]] = (),
        bootstrap: Mapping[str, Any] | None = None,
    ) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="fastroute-http-"))
        self.routes = ResourceFile(self.directory / "routes.pb", names.ROUTE_CONFIGURATION, "http.test.rds.table.")
        self.routes.write([{"name": "table"}])
        sections = dict(bootstrap or {})
        sections["static_resources"] = {
            "listeners": [self._listener(name, given) for name, given in (listeners or {"plain": {}}).items()],
            "clusters": [*({"name": name, "connect_timeout": "1s"} for name in CLUSTERS), *clusters],
            **sections.get("static_resources", {}),
        }
        self.envoy = Envoy(sections, directory=self.directory)
        self._clients: dict[str, HttpClient] = {}

    def _listener(self, name: str, overrides: Mapping[str, Any]) -> dict[str, Any]:
        manager = self.manager(overrides)
        chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
        address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
        return {"name": name, "address": address, "filter_chains": [chain]}

    def manager(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """The HttpConnectionManager that a listener with these `overrides` has, as a mapping with `@type`."""
        return self.manager_of(overrides, self.routes.config_source)

    @staticmethod
    def manager_of(overrides: Mapping[str, Any], config_source: Mapping[str, Any]) -> dict[str, Any]:
        """The same, with any source for the route configuration `table`."""
        router = {"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}
        manager: dict[str, Any] = {
            "@type": names.url(names.HTTP_CONNECTION_MANAGER),
            "stat_prefix": "test",
            "delayed_close_timeout": "0s",
            "http_filters": [router],
            "local_reply_config": {"mappers": [teller()]},
        }
        if not {"route_config", "scoped_routes", "rds"} & set(overrides):
            manager["rds"] = {"route_config_name": "table", "config_source": config_source}
        return {**manager, **overrides}

    def start(self) -> None:
        """Start Envoy."""
        self.envoy.start()

    def stop(self) -> None:
        """Stop Envoy and forget its files."""
        for client in self._clients.values():
            client.close()
        self.envoy.stop()
        for path in sorted(self.directory.rglob("*"), reverse=True):
            path.unlink()
        self.directory.rmdir()

    def swap(self, route_configuration: Message | Mapping[str, Any]) -> Message:
        """Put a route configuration in force (its name becomes `table`); returns it as Envoy got it."""
        given = route_configuration
        message = given if isinstance(given, Message) else parse(given, names.ROUTE_CONFIGURATION)
        named = named_hosts(message)
        self.routes.swap(self.envoy, [named])
        return named

    def client(self, listener: str = "plain") -> HttpClient:
        """The kept client of a listener."""
        if listener not in self._clients:
            self._clients[listener] = HttpClient(self.envoy.port(listener))
        return self._clients[listener]

    def decide(self, raws: Sequence[bytes], listener: str = "plain") -> list[Observed]:
        """Send requests and read what was decided about each."""
        return [observed(response) for response in self.client(listener).send_all(raws)]


def named_hosts(message: Message) -> Message:
    """A copy called `table` whose virtual hosts carry their names as metadata, where Envoy can print it."""
    copied: Any = type(message)()
    copied.CopyFrom(message)
    copied.name = "table"
    for host in copied.virtual_hosts:
        host.metadata.filter_metadata[NAMESPACE].fields["name"].string_value = host.name
    return copied  # type: ignore[no-any-return]


def teller() -> dict[str, Any]:
    """A mapper of `local_reply_config` that adds what was decided to every answer of Envoy's own."""
    always = {"status_code_filter": {"comparison": {"op": "GE", "value": {"runtime_key": "none"}}}}
    told = [{"header": {"key": name, "value": value}, "keep_empty_value": True} for name, value in _TOLD.items()]
    return {"filter": always, "headers_to_add": told}


def observed(response: Response) -> Observed:
    """What a response of an `HttpEnvoy` tells."""

    def told(name: str) -> str:
        value = response.header(name) or ""
        return "" if value == "-" else value

    location = response.header("location")
    # Envoy gives redirects and direct responses the same details; only the latter can have a body.
    kind = "redirect" if location is not None and not response.body else "respond"
    if response.status == 0:
        kind = "closed"
    elif told("x-told-flags") == "UH":
        kind = "forward"
    return Observed(
        kind,
        told("x-told-host"),
        told("x-told-route"),
        told("x-told-cluster"),
        response.status,
        location,
        told("x-told-details"),
        told("x-told-flags"),
        told("x-told-path"),
        told("x-told-authority"),
        told("x-told-scheme"),
        response,
    )
