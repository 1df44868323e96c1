"""The secret discovery service on the agent's socket, for Envoy alone.

StreamSecrets only: a stream subscribes to the names of its last request and gets them again whenever they change. An
unknown name, or a file that cannot be read, ends the stream with the reason, and Envoy asks again: an empty answer
would be taken as "there is none".
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from fastroute.api import names, pool
from fastroute.errors import ConfigError, ParseError
from fastroute.pilot.agent.counters import Counters
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.secrets import ROOTS, WORKLOAD, Secrets
from fastroute.pilot.agent.settings import Settings
from fastroute.pilot.agent.unix_grpc import serve_unix

SERVICE = "envoy.service.secret.v3.SecretDiscoveryService"
SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret"


class SecretServer:
    """Serves `Secrets` on the Unix socket `path`."""

    def __init__(self, path: Path, settings: Settings, counters: Counters, log: Log) -> None:
        self.secrets = Secrets(settings, counters, log, self._notify)
        self._path = path
        self._log = log
        self._numbers = itertools.count(1)
        self._changed: set[asyncio.Event] = set()
        self._server: grpc.aio.Server | None = None
        self._refresh: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve, and keep the workload's secrets fresh; AgentError names the socket."""
        self._server = await serve_unix(self._path, SERVICE, {"StreamSecrets": self._stream})
        self._refresh = asyncio.create_task(self.secrets.run())

    async def close(self) -> None:
        """Stop serving."""
        if self._refresh is not None:
            self._refresh.cancel()
        if self._server is not None:
            await self._server.stop(None)

    def _notify(self) -> None:
        for event in self._changed:
            event.set()

    async def _stream(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext, _method: str
    ) -> AsyncIterator[bytes]:
        subscription = _Subscription()
        self._changed.add(subscription.changed)
        reader = asyncio.create_task(subscription.read(requests))
        try:
            while await subscription.news():
                yield await self._response(subscription)
        except (ConfigError, DecodeError) as error:
            self._log.warning("secret refused", reason=str(error))
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        finally:
            self._changed.discard(subscription.changed)
            reader.cancel()

    async def _response(self, subscription: _Subscription) -> bytes:
        response: Any = pool.new(names.DISCOVERY_RESPONSE)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        response.version_info = f"{now}/{next(self._numbers)}"
        response.nonce = subscription.nonce = str(uuid.uuid4())
        response.type_url = names.url(SECRET)
        for name in subscription.names:
            packed = response.resources.add()
            packed.type_url = names.url(SECRET)
            packed.value = (await self._secret(name)).SerializeToString()
        data: bytes = response.SerializeToString()
        return data

    async def _secret(self, name: str) -> Any:
        secret: Any = pool.new(SECRET)
        secret.name = name
        if name == WORKLOAD:
            workload = await self.secrets.workload()
            _certificate(secret, workload.chain, workload.key)
        elif name == ROOTS:
            secret.validation_context.trusted_ca.inline_bytes = (await self.secrets.workload()).roots
        elif name.startswith("file-cert:"):
            _certificate(secret, *self.secrets.file_certificate(name))
        elif name.startswith("file-root:"):
            secret.validation_context.trusted_ca.inline_bytes = self.secrets.file_roots(name)
        else:
            raise ParseError("there is no such secret", path=name)
        return secret


def _certificate(secret: Any, chain: bytes, key: bytes) -> None:
    secret.tls_certificate.certificate_chain.inline_bytes = chain
    secret.tls_certificate.private_key.inline_bytes = key


class _Subscription:
    """What one stream has asked for: its names change only with a request that is no acknowledgement."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.names: list[str] = []
        self.nonce = ""
        self._ended = False
        self._error: DecodeError | None = None

    async def news(self) -> bool:
        """Wait until there is something to send; False at the end of the stream."""
        while True:
            await self.changed.wait()
            self.changed.clear()
            if self._error is not None:
                raise self._error
            if self._ended or self.names:
                return not self._ended

    async def read(self, requests: AsyncIterator[bytes]) -> None:
        """Follow the stream's requests until they end."""
        try:
            async for data in requests:
                self._take(pool.message_class(names.DISCOVERY_REQUEST).FromString(data))
        except DecodeError as error:
            self._error = error
        self._ended = True
        self.changed.set()

    def _take(self, request: Any) -> None:
        if request.response_nonce and request.response_nonce != self.nonce:
            return
        asked = list(request.resource_names)
        if asked != self.names:
            self.names = asked
            self.changed.set()
