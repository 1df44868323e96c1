"""A real Envoy and a following router at one control plane, which says the same to both.

with Bed(delta=False) as bed:
    bed.send(CLUSTERS, [made.eds("c")])       the state of a kind (or, incremental, what changed and what went)
    bed.agree()                               both answered alike, and hold the same
"""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent import futures
from types import TracebackType
from typing import Any, Self

import grpc

from fastroute.api import names, pool, transcode
from fastroute.config import read
from fastroute.xds import FollowingRouter, connect
from fastroute.xds.kinds import ADS_METHODS, ADS_SERVICE, CLUSTERS, LISTENERS, ROUTES, Kind
from fastroute.xds.needs import managers
from support import xds_resources as made
from support.envoy import Envoy

ENVOY, ROUTER = "envoy", "router"
PATIENCE = 8.0


class Script:
    """The control plane: it says nothing by itself, and remembers what it hears."""

    def __init__(self) -> None:
        self.heard: dict[str, list[Any]] = {ENVOY: [], ROUTER: []}
        self.streams: dict[str, int] = {ENVOY: 0, ROUTER: 0}
        self._queues: dict[str, queue.Queue[bytes | None]] = {}
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        requests = (names.DISCOVERY_REQUEST, names.DELTA_DISCOVERY_REQUEST)
        handlers = {
            method: grpc.stream_stream_rpc_method_handler(self._handler(request), bytes, bytes)
            for method, request in zip(ADS_METHODS, requests, strict=True)
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(ADS_SERVICE, handlers),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def _handler(self, request: str) -> Any:
        def stream(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            out: queue.Queue[bytes | None] = queue.Queue()
            threading.Thread(target=self._listen, args=(requests, request, out), daemon=True).start()
            while (data := out.get()) is not None:
                yield data

        return stream

    def _listen(self, requests: Iterator[bytes], name: str, out: queue.Queue[bytes | None]) -> None:
        client = ""
        with contextlib.suppress(grpc.RpcError):
            for data in requests:
                message: Any = pool.message_class(name).FromString(data)
                if not client:
                    client = message.node.id
                    self.streams[client] += 1
                    self._queues[client] = out
                self.heard[client].append(message)
        out.put(None)

    def say(self, data: bytes) -> None:
        """Send a message on both streams."""
        for out in self._queues.values():
            out.put(data)

    def end_streams(self) -> None:
        """End both streams, in order."""
        for out in list(self._queues.values()):
            out.put(None)

    def asked(self, kind: Kind, client: str) -> bool:
        """Whether a client asked for a kind on its newest stream."""
        return any(each.type_url == kind.url for each in self.heard[client])

    def verdict(self, nonce: str, client: str) -> str:
        """What a client says about a response: ACK, NACK or nothing."""
        for each in self.heard[client]:
            if each.response_nonce == nonce:
                return "NACK" if each.HasField("error_detail") else "ACK"
        return ""

    def reason(self, nonce: str, client: str) -> str:
        """Why a client refuses a response."""
        return next((e.error_detail.message for e in self.heard[client] if e.response_nonce == nonce), "")

    def stop(self) -> None:
        """Go away."""
        for out in self._queues.values():
            out.put(None)
        self._server.stop(0).wait(5)


class Bed:
    """Both clients, ready, with nothing but the control plane's own cluster."""

    def __init__(self, *, delta: bool) -> None:
        self.delta = delta
        self.script = Script()
        self.number = 0
        self._names: dict[Kind, set[str]] = {}
        self._boots = {
            client: {**made.followed(self.script.port, delta=delta), "node": {"id": client, "cluster": "c"}}
            for client in (ENVOY, ROUTER)
        }
        self.envoy = Envoy(self._boots[ENVOY])

    def __enter__(self) -> Self:
        self._stack = contextlib.ExitStack()
        self._stack.callback(self.script.stop)
        self.router: FollowingRouter = self._stack.enter_context(connect(self._boots[ROUTER]))
        starting = threading.Thread(target=self._stack.enter_context, args=(self.envoy,))
        starting.start()
        for kind in (CLUSTERS, LISTENERS):
            self._until(lambda kind=kind: all(self.script.asked(kind, client) for client in (ENVOY, ROUTER)))
            self.send(kind, [])
        starting.join()
        self.router.ready(20)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def clear(self) -> None:
        """Take everything away again."""
        for kind in (LISTENERS, CLUSTERS):
            self.answered(self.send(kind, [], sorted(self._names.get(kind, ()))), 20)
        self._names.clear()
        self.agree()

    def send(self, kind: Kind, resources: Sequence[made.Tree], removed: Sequence[str] = ()) -> str:
        """Say it to both; the nonce."""
        self.number += 1
        nonce = f"n{self.number}"
        self._names.setdefault(kind, set()).update(str(tree.get("name")) for tree in resources)
        self.script.say(self._message(kind, resources, removed, nonce).SerializeToString())
        return nonce

    def _message(self, kind: Kind, resources: Sequence[made.Tree], removed: Sequence[str], nonce: str) -> Any:
        if not self.delta:
            response: Any = pool.new(names.DISCOVERY_RESPONSE)
            response.version_info, response.nonce, response.type_url = str(self.number), nonce, kind.url
            for tree in resources:
                response.resources.add(type_url=kind.url, value=_wire(kind, tree))
            return response
        response = pool.new(names.DELTA_DISCOVERY_RESPONSE)
        response.system_version_info, response.nonce, response.type_url = str(self.number), nonce, kind.url
        for tree in resources:
            one = response.resources.add(name=tree.get("name", tree.get("cluster_name")), version=str(self.number))
            one.resource.type_url, one.resource.value = kind.url, _wire(kind, tree)
        response.removed_resources.extend(removed)
        return response

    def answered(self, nonce: str, seconds: float = PATIENCE) -> str:
        """Wait for both verdicts, which have to be one; what it is."""
        self._until(lambda: all(self.script.verdict(nonce, client) for client in (ENVOY, ROUTER)), seconds)
        first, second = (self.script.verdict(nonce, client) for client in (ENVOY, ROUTER))
        assert first == second, (nonce, first, second, [self.script.reason(nonce, c) for c in (ENVOY, ROUTER)])
        return first

    def withheld(self, nonce: str) -> None:
        """Neither answers, for a while."""
        time.sleep(0.3)
        found = [self.script.verdict(nonce, client) for client in (ENVOY, ROUTER)]
        assert found == ["", ""], (nonce, found)

    def last(self, kind: Kind, client: str) -> Any:
        """The newest request of a kind."""
        return next(each for each in reversed(self.script.heard[client]) if each.type_url == kind.url)

    def agree(self) -> dict[str, Any]:
        """Wait until both hold the same; what it is."""
        deadline = time.monotonic() + PATIENCE
        while (theirs := self._of_envoy()) != (ours := self._of_router()):
            assert time.monotonic() < deadline, (
                f"\nEnvoy  {theirs['hosts']} {theirs}\nrouter {ours['hosts']} {ours}\n{self.router.status().text()}"
            )
            time.sleep(0.02)
        return ours

    def _of_envoy(self) -> dict[str, Any]:
        dump = self.envoy.admin("/config_dump")
        resources = read(json.dumps(json.loads(dump)).encode(), strict=False)
        statuses = json.loads(self.envoy.admin("/clusters?format=json")).get("cluster_statuses", [])
        hosts = {
            each["name"]: sorted(
                one["address"]["socket_address"]["port_value"] for one in each.get("host_statuses", [])
            )
            for each in statuses
        }
        found = _by_name(resources)
        # A listener that drains holds its routes a while longer.
        needed = {
            manager.rds.route_config_name for each in resources.listeners for _, manager in managers(each.message)
        }
        found["routes"] = {name: data for name, data in found["routes"].items() if name in needed}
        return {**found, "hosts": hosts}

    def _of_router(self) -> dict[str, Any]:
        snapshot = self.router.snapshot
        hosts = {name: sorted(one.port for one in cluster.endpoints) for name, cluster in snapshot.clusters.items()}
        return {**_by_name(snapshot.resources), "hosts": hosts}

    def _until(self, condition: Any, seconds: float = PATIENCE) -> None:
        made.until(condition, seconds)


def _by_name(resources: Any) -> dict[str, Any]:
    return {
        kind.field: {
            each.name: each.message.SerializeToString(deterministic=True) for each in getattr(resources, kind.field)
        }
        for kind in (CLUSTERS, LISTENERS, ROUTES)
    }


def _wire(kind: Kind, tree: made.Tree) -> bytes:
    return transcode.encode(kind.message, tree)
