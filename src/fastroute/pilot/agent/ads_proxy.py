"""Envoy's ADS, led through the agent to the control plane.

Both variants (state of the world and delta) are passed on byte for byte. Each stream from Envoy has its own stream to
the control plane; a new one from Envoy ends the one before. When the control plane's stream ends or cannot be opened,
Envoy's stream ends too, and Envoy opens a new one with its own back-off. Nothing is cached: while the control plane is
away Envoy keeps what it has. Each stream has a connection of its own, so that a new root certificate or key is used
from the next stream on.

The two directions do not wait for each other; the next response is read when Envoy has taken the one before.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import grpc.aio

from fastroute.errors import ConfigError
from fastroute.pilot.agent.counters import Counters
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.unix_grpc import passing, serve_unix
from fastroute.pilot.agent.upstream import Metadata, Upstream

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
METHODS = ("StreamAggregatedResources", "DeltaAggregatedResources")


class AdsProxy:
    """The server on the Unix socket `path`."""

    def __init__(self, path: Path, upstream: Upstream, counters: Counters, log: Log) -> None:
        self._path = path
        self._upstream = upstream
        self._counters = counters
        self._log = log
        self._server: grpc.aio.Server | None = None
        self._current: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve; AgentError names the socket."""
        self._server = await serve_unix(self._path, SERVICE, dict.fromkeys(METHODS, self._stream))

    async def close(self) -> None:
        """Stop serving and close every stream."""
        if self._server is not None:
            await self._server.stop(None)

    async def _stream(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext, method: str
    ) -> AsyncIterator[bytes]:
        """One stream of Envoy's."""
        if self._current is not None:
            self._current.cancel()
        ended: asyncio.Task[None] = asyncio.create_task(_until_cancelled())
        self._current = ended
        try:
            channel = self._upstream.channel()
            call = _open(channel, method, self._upstream.metadata())
        except ConfigError as error:
            self._failed(str(error))
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        sender = asyncio.create_task(self._send(requests, call))
        try:
            async for response in self._responses(call, ended):
                self._counters.add("xds_proxy_responses")
                yield response
            if ended.cancelled():
                await context.abort(grpc.StatusCode.UNAVAILABLE, "a newer stream took the place of this one")
            self._counters.add("istiod_connection_terminations")
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the control plane ended the stream")
        except grpc.aio.AioRpcError as error:
            self._failed(f"{error.code().name}: {error.details()}")
            await context.abort(grpc.StatusCode.UNAVAILABLE, f"upstream: {error.details()}")
        finally:
            sender.cancel()
            ended.cancel()
            call.cancel()
            await channel.close()

    async def _send(self, requests: AsyncIterator[bytes], call: grpc.aio.StreamStreamCall) -> None:
        """Envoy's requests to the control plane; when Envoy ends its side, ours ends too."""
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            async for request in requests:
                self._counters.add("xds_proxy_requests")
                await call.write(request)
            self._counters.add("envoy_connection_terminations")
            await call.done_writing()

    async def _responses(self, call: grpc.aio.StreamStreamCall, ended: asyncio.Task[None]) -> AsyncIterator[bytes]:
        """The control plane's responses, until its stream or `ended` ends."""
        while True:
            read = asyncio.create_task(_read(call))
            done, _ = await asyncio.wait({read, ended}, return_when=asyncio.FIRST_COMPLETED)
            if ended in done:
                read.cancel()
                return
            response = read.result()
            if response is None:
                return
            yield response

    def _failed(self, reason: str) -> None:
        self._counters.add("istiod_connection_failures")
        self._log.warning("the stream to the control plane failed", address=self._upstream.address, reason=reason)


def _open(channel: grpc.aio.Channel, method: str, metadata: Metadata) -> grpc.aio.StreamStreamCall:
    name = f"/{SERVICE}/{method}"
    stub = channel.stream_stream(name, request_serializer=passing, response_deserializer=passing)
    return stub(metadata=metadata)


async def _until_cancelled() -> None:
    await asyncio.Event().wait()


async def _read(call: grpc.aio.StreamStreamCall) -> bytes | None:
    """The next response; None at the end of the stream."""
    response = await call.read()
    return response if isinstance(response, bytes) else None
