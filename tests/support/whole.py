"""A whole bootstrap before a live Envoy and before a Router: the same requests, and what differs.

    with Whole(bootstrap) as both:
        both.compare([request, …])      -> the differences, each a readable text

The bootstrap has one listener, `l`, on port 0 of 127.0.0.1 (`bootstrap_of` makes such ones). Envoy alone is told to
say in its answers what it decided. Clusters have no endpoints unless given: a forwarded request is a 503 by then.
Compared are the virtual host, route, cluster, status, Location, details and body, of the Router and of its explanation.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import fastroute
from fastroute.api import names
from fastroute.request import Connection, Request
from support.compare import Answer, of_decision, of_envoy, of_router, raw
from support.envoy import Envoy
from support.http1 import HttpClient
from support.http_envoy import CLUSTERS, NAMESPACE, observed, teller

SOURCE = "127.0.0.1"


def bootstrap_of(
    routes: Sequence[Mapping[str, Any]],
    *,
    manager: Mapping[str, Any] | None = None,
    host: Mapping[str, Any] | None = None,
    configuration: Mapping[str, Any] | None = None,
    clusters: Iterable[Mapping[str, Any]] = (),
    **fields: Any,
) -> dict[str, Any]:
    """A bootstrap with one listener and one virtual host for everything; `fields` are its own."""
    virtual_host = {"name": "v", "domains": ["*"], "routes": list(routes), **(host or {})}
    made = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": "t",
        "delayed_close_timeout": "0s",
        "http_filters": [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
        "route_config": {"name": "r", "virtual_hosts": [virtual_host], **(configuration or {})},
        **(manager or {}),
    }
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": made}]}],
    }
    empty = [{"name": name, "connect_timeout": "1s"} for name in CLUSTERS]
    return {"static_resources": {"listeners": [listener], "clusters": [*empty, *clusters]}, **fields}


def runtime(**keys: Any) -> dict[str, Any]:
    """The field of a bootstrap that has these runtime keys."""
    return {"layered_runtime": {"layers": [{"name": "keys", "static_layer": keys}]}}


class Whole:
    """Both sides; `bootstrap` stays as it is."""

    def __init__(self, bootstrap: Mapping[str, Any]) -> None:
        self.router = fastroute.Router(fastroute.load(json.dumps(bootstrap).encode()))
        self.envoy = Envoy(_telling(bootstrap))
        self._client: HttpClient | None = None

    def __enter__(self) -> Self:
        self.envoy.start()
        self._client = HttpClient(self.envoy.port("l"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._client is not None:
            self._client.close()
        self.envoy.stop()

    def compare(self, requests: Sequence[Request]) -> list[str]:
        """What differs, as readable texts."""
        assert self._client is not None
        connection = Connection((SOURCE, 0), (SOURCE, 40000), accepted=(SOURCE, 0))
        chain = self.router.connect(connection)
        found = []
        for request, response in zip(requests, self._client.send_all([raw(each) for each in requests]), strict=True):
            theirs = of_envoy(observed(response))
            asked = (request.authority, request.path, request.method, request.headers)
            decision = self.router.route(*asked, chain=chain, connection=connection)
            explained = self.router.explain(*asked, chain=chain, connection=connection)
            ours = {"router": of_router(decision), "explanation": of_decision(explained.decision)}
            found += [_text(request, who, answer, theirs) for who, answer in ours.items() if answer != theirs]
            if decision.kind != "forward" and request.method != b"HEAD" and decision.body != response.body:
                found.append(f"{raw(request)!r}: body {decision.body!r}, Envoy {response.body!r}")
        return found


def _text(request: Request, who: str, ours: Answer, theirs: Answer) -> str:
    return f"{raw(request)!r}: {who} {ours}, Envoy {theirs}"


def _telling(bootstrap: Mapping[str, Any]) -> dict[str, Any]:
    """The same bootstrap, its managers saying what was decided and its virtual hosts their names."""
    made: dict[str, Any] = copy.deepcopy(dict(bootstrap))
    for listener in made["static_resources"]["listeners"]:
        for chain in listener["filter_chains"]:
            manager = chain["filters"][-1]["typed_config"]
            manager["local_reply_config"] = {"mappers": [teller()]}
            for host in manager.get("route_config", {}).get("virtual_hosts", ()):
                told = host.setdefault("metadata", {}).setdefault("filter_metadata", {})
                told.setdefault(NAMESPACE, {})["name"] = host["name"]
    return made
