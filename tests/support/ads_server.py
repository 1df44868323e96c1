"""A small xDS server on a loopback port, both variants, for the tests of the agent and of the client.

It serves the aggregated stream and those of each kind.

    with AdsServer({"clusters": [...], "listeners": [...]}) as server:
        server.address; server.streams; server.metadata; server.stop(); server.start(); server.push({...})

Resources are JSON of the API. It answers each subscription once, takes acknowledgements without a word, and pushes
new resources on open streams.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent import futures
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf import json_format

from fastroute.api import names, pool
from fastroute.xds.kinds import ADS_METHODS
from fastroute.xds.kinds import ADS_SERVICE as SERVICE
from fastroute.xds.kinds import KINDS as XDS_KINDS

KINDS = {
    "clusters": (names.CLUSTER, "name"),
    "listeners": (names.LISTENER, "name"),
    "routes": (names.ROUTE_CONFIGURATION, "name"),
    "endpoints": (names.CLUSTER_LOAD_ASSIGNMENT, "cluster_name"),
    "scoped_routes": (names.SCOPED_ROUTE_CONFIGURATION, "name"),
}


class AdsServer:
    """The server; `resources` by kind (`clusters`, `listeners`, `routes`, `endpoints`)."""

    def __init__(
        self,
        resources: Mapping[str, Sequence[Mapping[str, Any]]],
        port: int = 0,
        *,
        socket: str = "",
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self.port = port
        self._socket, self._credentials = socket, credentials
        self.streams = 0
        self.acknowledged = 0
        self.refused: list[str] = []
        self.metadata: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._resources: dict[str, dict[str, Any]] = {}
        self._server: grpc.Server | None = None
        self._lock = threading.Lock()
        self._open: set[queue.Queue[bytes | str | None]] = set()
        self._replace(resources)

    def push(self, resources: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Replace the resources of these kinds, and send them on every open stream that has asked for them."""
        for type_url in self._replace(resources):
            with self._lock:
                for events in self._open:
                    events.put(type_url)

    def _replace(self, resources: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
        for kind, items in resources.items():
            full_name, key = KINDS[kind]
            self._resources[names.url(full_name)] = {
                item[key]: json_format.ParseDict(item, pool.new(full_name), descriptor_pool=pool.pool())
                for item in items
            }
        return [names.url(KINDS[kind][0]) for kind in resources]

    def _events(self, requests: Iterator[bytes]) -> Iterator[bytes | str]:
        """The requests of a stream (bytes) and what is pushed meanwhile (type URLs)."""
        events: queue.Queue[bytes | str | None] = queue.Queue()

        def follow() -> None:
            with contextlib.suppress(grpc.RpcError):
                for data in requests:
                    events.put(data)
            events.put(None)

        with self._lock:
            self._open.add(events)
        threading.Thread(target=follow, daemon=True).start()
        try:
            while (event := events.get()) is not None:
                yield event
        finally:
            with self._lock:
                self._open.discard(events)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Host and port, or the Unix socket that was asked for."""
        return f"unix:{self._socket}" if self._socket else f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve on the port of before, or a free one."""
        self._server = grpc.server(futures.ThreadPoolExecutor(32))
        services = {SERVICE: ADS_METHODS, **{kind.service: kind.methods for kind in XDS_KINDS}}
        for service, (whole, delta) in services.items():
            handlers = {
                whole: grpc.stream_stream_rpc_method_handler(self._whole, bytes, bytes),
                delta: grpc.stream_stream_rpc_method_handler(self._delta, bytes, bytes),
            }
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        if self._credentials is None:
            self.port = self._server.add_insecure_port(self.address)
        else:
            self.port = self._server.add_secure_port(self.address, self._credentials)
        self._server.start()

    def stop(self) -> None:
        """Go away at once."""
        if self._server is not None:
            self._server.stop(0).wait(5)
            self._server = None

    def _opened(self, context: grpc.ServicerContext) -> None:
        with self._lock:
            self.streams += 1
            self.metadata = {key: str(value) for key, value in context.invocation_metadata()}

    def _noted(self, request: Any) -> bool:
        """Whether the request answers a response: then it is counted."""
        if request.HasField("error_detail"):
            self.refused.append(request.error_detail.message)
        elif request.response_nonce:
            self.acknowledged += 1
        return bool(request.response_nonce)

    def _wanted(self, type_url: str, asked: Sequence[str]) -> list[tuple[str, Any]]:
        found = self._resources.get(type_url, {})
        return [(name, item) for name, item in found.items() if not asked or "*" in asked or name in asked]

    def _whole(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        self._opened(context)
        subscribed: dict[str, list[str]] = {}
        for event in self._events(requests):
            if isinstance(event, str):
                if event in subscribed:
                    yield self._state(event, subscribed[event])
                continue
            request: Any = pool.message_class(names.DISCOVERY_REQUEST).FromString(event)
            asked = list(request.resource_names)
            if self._noted(request) and subscribed.get(request.type_url) == asked:
                continue
            subscribed[request.type_url] = asked
            yield self._state(request.type_url, asked)

    def _state(self, type_url: str, asked: Sequence[str]) -> bytes:
        number = str(next(self._numbers))
        response: Any = pool.new(names.DISCOVERY_RESPONSE)
        response.version_info, response.nonce, response.type_url = number, number, type_url
        for _, item in self._wanted(type_url, asked):
            response.resources.add(type_url=type_url, value=item.SerializeToString())
        data: bytes = response.SerializeToString()
        return data

    def _delta(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        self._opened(context)
        seen: set[str] = set()
        for event in self._events(requests):
            if isinstance(event, str):
                if event in seen:
                    yield self._changes(event, [])
                continue
            request: Any = pool.message_class("envoy.service.discovery.v3.DeltaDiscoveryRequest").FromString(event)
            asked = list(request.resource_names_subscribe)
            self._noted(request)
            if request.type_url in seen and not asked:
                continue
            seen.add(request.type_url)
            yield self._changes(request.type_url, asked)

    def _changes(self, type_url: str, asked: Sequence[str]) -> bytes:
        number = str(next(self._numbers))
        response: Any = pool.new(names.DELTA_DISCOVERY_RESPONSE)
        response.system_version_info, response.nonce, response.type_url = number, number, type_url
        for name, item in self._wanted(type_url, asked):
            resource = response.resources.add(name=name, version=number)
            resource.resource.type_url, resource.resource.value = type_url, item.SerializeToString()
        data: bytes = response.SerializeToString()
        return data
