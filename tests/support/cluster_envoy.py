"""An Envoy that holds many clusters, and the host it chose for a request.

    with ClusterEnvoy([cluster, …]) as bed:
        bed.hosts("name", [headers, …])   -> ["127.0.0.1:1", None, …]   None: no host
        bed.asked("name", headers, …)     the same with the response flags

The header `x-cluster` names the cluster, `x-hash` is the route's hash policy, and `metadata` gives
routes with other metadata matches. Nothing listens at the endpoints, which are loopback addresses:
Envoy chooses a host, fails to connect, and tells in its own 503 which host it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from fastroute.api import names
from support.envoy import Envoy
from support.http1 import HttpClient, render

_TOLD = {"x-told-host": "%UPSTREAM_HOST%", "x-told-flags": "%RESPONSE_FLAGS%"}

Header = tuple[str, str]


class Chosen(NamedTuple):
    """`host` is None when there was none; `flags` are Envoy's response flags."""

    host: str | None
    flags: str


class ClusterEnvoy:
    """Envoy with these clusters and one listener; `routes` go before the route that reads `x-cluster`."""

    def __init__(
        self,
        clusters: Sequence[Mapping[str, Any]],
        *,
        routes: Sequence[Mapping[str, Any]] = (),
        bootstrap: Mapping[str, Any] | None = None,
    ) -> None:
        sections = dict(bootstrap or {})
        sections["static_resources"] = {"listeners": [_listener(routes)], "clusters": list(clusters)}
        self.envoy = Envoy(sections)
        self._client: HttpClient | None = None

    def __enter__(self) -> Self:
        self.envoy.start()
        self._client = HttpClient(self.envoy.port("hosts"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._client is not None:
            self._client.close()
        self.envoy.stop()

    def asked(self, cluster: str, requests: Sequence[Sequence[Header]]) -> list[Chosen]:
        """The host that Envoy chooses for each of these lists of headers."""
        assert self._client is not None
        raws = [
            render("GET", b"/", b"h", [(n.encode(), v.encode()) for n, v in (("x-cluster", cluster), *headers)])
            for headers in requests
        ]
        return [
            Chosen(_told(response.header("x-told-host")), _told(response.header("x-told-flags")) or "")
            for response in self._client.send_all(raws)
        ]

    def hosts(self, cluster: str, requests: Sequence[Sequence[Header]]) -> list[str | None]:
        """The hosts alone."""
        return [chosen.host for chosen in self.asked(cluster, requests)]

    def sequence(self, cluster: str, count: int) -> list[str | None]:
        """The hosts of `count` equal requests."""
        return self.hosts(cluster, [()] * count)


def _told(value: str | None) -> str | None:
    return None if value in (None, "", "-") else value


def _listener(routes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    action = {"cluster_header": "x-cluster", "hash_policy": [{"header": {"header_name": "x-hash"}}]}
    always = {"status_code_filter": {"comparison": {"op": "GE", "value": {"runtime_key": "none"}}}}
    told = [{"header": {"key": name, "value": value}, "keep_empty_value": True} for name, value in _TOLD.items()]
    manager = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": "hosts",
        "delayed_close_timeout": "0s",
        "http_filters": [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
        "local_reply_config": {"mappers": [{"filter": always, "headers_to_add": told}]},
        "route_config": {
            "name": "hosts",
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [*routes, {"match": {"prefix": "/"}, "route": action}],
                }
            ],
        },
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {
        "name": "hosts",
        "address": address,
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
