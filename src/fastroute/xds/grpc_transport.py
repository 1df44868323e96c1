"""Streams over gRPC: the aggregated one and those of one kind; TCP, TLS with or without a certificate, Unix sockets.

Messages stay bytes until they are here, so that one that cannot be read ends the stream and nothing else. A
message longer than the limit is refused by gRPC before it is read. Each attempt has a channel of its own.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from fastroute.api import names as api
from fastroute.api import pool
from fastroute.config.resources import Resources
from fastroute.errors import ConfigError
from fastroute.xds.feeds import Feed
from fastroute.xds.kinds import ADS_METHODS, ADS_SERVICE
from fastroute.xds.targets import Target, google_target, target_of
from fastroute.xds.transport import FeedError

CONNECT_TIMEOUT: Final = 10.0
_KEEPALIVE: Final = (
    ("grpc.keepalive_time_ms", 310_000),  # Servers take offence at less than five minutes.
    ("grpc.keepalive_timeout_ms", 20_000),
)


class GrpcTransport:
    """How a gRPC feed is connected to; ConfigError at once for what can never be connected to."""

    def __init__(self, feed: Feed, resources: Resources, *, most_bytes: int) -> None:
        self._feed, self._resources, self._most = feed, resources, most_bytes
        self._service = feed.config.grpc_services[0]
        service, methods = (ADS_SERVICE, ADS_METHODS) if feed.kind is None else (feed.kind.service, feed.kind.methods)
        self._method = f"/{service}/{methods[feed.delta]}"
        self.address = str(self._target(0))
        self._metadata()

    def _target(self, attempt: int) -> Target:
        if self._service.HasField("google_grpc"):
            return google_target(self._service.google_grpc)
        return target_of(self._resources, self._service.envoy_grpc.cluster_name, attempt)

    def _channel(self, target: Target) -> grpc.aio.Channel:
        own = self._service.envoy_grpc
        most = own.max_receive_message_length.value if own.HasField("max_receive_message_length") else self._most
        options: list[tuple[str, Any]] = [("grpc.max_receive_message_length", most), *_KEEPALIVE]
        if own.authority:
            options.append(("grpc.default_authority", own.authority))
        if target.tls is None:
            return grpc.aio.insecure_channel(target.grpc, options=options)
        if target.tls.name:
            options.append(("grpc.ssl_target_name_override", target.tls.name))
        credentials = grpc.ssl_channel_credentials(target.tls.roots, target.tls.key, target.tls.chain)
        return grpc.aio.secure_channel(target.grpc, credentials, options=options)

    async def connect(self, attempt: int) -> GrpcConnection:
        """A new channel and stream; FeedError when the server does not answer in time."""
        target = self._target(attempt)
        self.address = str(target)
        channel = self._channel(target)
        name = api.DELTA_DISCOVERY_RESPONSE if self._feed.delta else api.DISCOVERY_RESPONSE
        open_stream = channel.stream_stream(self._method, request_serializer=_same, response_deserializer=_same)
        connection = GrpcConnection(channel, open_stream(metadata=self._metadata()), name, str(target))
        try:
            await connection.opened()
        except BaseException:
            await connection.close()
            raise
        return connection

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        found = []
        for header in self._service.initial_metadata:
            if header.raw_value:
                raise ConfigError("initial_metadata with raw bytes is not supported", path="initial_metadata")
            found.append((header.key.lower(), header.value))
        return tuple(found)


def _same(data: bytes) -> bytes:
    return data


class GrpcConnection:
    """One stream, with its channel."""

    def __init__(self, channel: grpc.aio.Channel, call: Any, message: str, address: str) -> None:
        self._channel, self._call, self._message, self._address = channel, call, message, address

    async def opened(self) -> None:
        """Wait for the connection; FeedError says why there is none."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._call.wait_for_connection()
        except TimeoutError:
            raise FeedError(f"{self._address}: no connection within {CONNECT_TIMEOUT:g} s") from None
        except grpc.aio.AioRpcError as error:
            raise FeedError(f"{self._address}: {error.code().name}: {error.details()}") from None

    async def send(self, request: Any) -> None:
        """Send a request, as soon as the server takes it."""
        try:
            await self._call.write(request.SerializeToString())
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, grpc.aio.UsageError):
            raise FeedError(f"{self._address}: {await self._ending()}") from None

    async def receive(self) -> Any:
        """The next response."""
        try:
            data = await self._call.read()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, grpc.aio.UsageError):
            raise FeedError(f"{self._address}: {await self._ending()}") from None
        if not isinstance(data, bytes):
            raise FeedError(f"{self._address}: {await self._ending()}")
        try:
            return pool.message_class(self._message).FromString(data)
        except DecodeError:
            raise FeedError(f"{self._address}: {len(data)} bytes came that are no response") from None

    async def _ending(self) -> str:
        """Why the stream ended; the status may come a little after the failure of an operation."""
        try:
            async with asyncio.timeout(1):
                code, details = await self._call.code(), await self._call.details()
        except TimeoutError:
            return "the stream failed"
        if code is grpc.StatusCode.OK:
            return "the control plane ended the stream"
        return f"{code.name}: {details}" if details else code.name

    async def close(self) -> None:
        """End the stream and its channel."""
        self._call.cancel()
        await self._channel.close()
