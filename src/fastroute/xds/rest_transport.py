"""Subscriptions by REST: a DiscoveryRequest as JSON is posted every `refresh_delay`, a DiscoveryResponse comes back.

XD-25  The semantics of each kind are those of a stream. A refused response is not told to the server: the next
       request has the version of the last accepted one. 304 means that nothing changed. Delays are drawn
       between the delay and half more, so that clients spread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from google.protobuf import json_format

from fastroute.api import pool
from fastroute.config.resources import Resources
from fastroute.errors import FastrouteError
from fastroute.xds.feeds import Feed
from fastroute.xds.files import read_response
from fastroute.xds.http_client import HttpError, request
from fastroute.xds.targets import target_of
from fastroute.xds.transport import FeedError, UnreadableError

REQUEST_TIMEOUT: Final = 1.0
_JSON: Final = (("Content-Type", "application/json"), ("Accept", "application/json"))


class RestTransport:
    """How a REST feed is polled."""

    def __init__(self, feed: Feed, resources: Resources, *, most_bytes: int, random: Callable[[], float]) -> None:
        self._feed, self._resources, self._most, self._random = feed, resources, most_bytes, random
        targets = [target_of(resources, name, 0) for name in feed.config.cluster_names]
        self.address = str(targets[0])

    async def connect(self, attempt: int) -> RestConnection:
        """There is nothing to connect: each poll is a connection of its own."""
        return RestConnection(self, attempt)

    async def poll(self, asked: Any, attempt: int) -> Any:
        """One request; None when nothing changed."""
        config = self._feed.config
        names = list(config.cluster_names)
        target = target_of(self._resources, names[attempt % len(names)], attempt // len(names))
        self.address = str(target)
        timeout = config.request_timeout.ToNanoseconds() / 1e9 if config.HasField("request_timeout") else 0.0
        assert self._feed.kind is not None
        try:
            answer = await request(
                target.host,
                target.port,
                self._feed.kind.path,
                method="POST",
                headers=_JSON,
                body=_json(asked),
                timeout=timeout or REQUEST_TIMEOUT,
                tls=target.tls.context() if target.tls is not None else None,
                tls_name=(target.tls.name or None) if target.tls is not None else None,
                limit=self._most,
            )
        except HttpError as error:
            raise FeedError(str(error)) from None
        if answer.status == 304:
            return None
        if answer.status != 200:
            raise FeedError(f"{target}: status {answer.status}")
        if len(answer.body) >= self._most:
            raise UnreadableError(f"{target}: the answer is longer than {self._most} bytes")
        return _read(answer.body, self._feed, str(target))

    def delay(self) -> float:
        """Seconds until the next poll."""
        seconds: float = self._feed.config.refresh_delay.ToNanoseconds() / 1e9
        return seconds * (1 + self._random() / 2)


def _json(asked: Any) -> bytes:
    return json_format.MessageToJson(asked, preserving_proto_field_name=True, descriptor_pool=pool.pool()).encode()


def _read(body: bytes, feed: Feed, name: str) -> Any:
    assert feed.kind is not None
    try:
        return read_response(body, "response.json", feed.kind)
    except FastrouteError as error:
        raise UnreadableError(f"{name}: {error}") from None


class RestConnection:
    """Polls that follow each other."""

    def __init__(self, transport: RestTransport, attempt: int) -> None:
        self._transport, self._attempt = transport, attempt
        self._asked: Any = None
        self._news = asyncio.Event()
        self._first = True

    async def send(self, request: Any) -> None:
        """Keep the request for the next poll; other names are asked for at once."""
        # A refusal is not told, and an acknowledgement is the next poll.
        if self._asked is None or sorted(self._asked.resource_names) != sorted(request.resource_names):
            self._news.set()
        self._asked = request
        self._asked.ClearField("error_detail")
        self._asked.ClearField("response_nonce")

    async def receive(self) -> Any:
        """The next answer that says something."""
        while True:
            await self._pause()
            self._news.clear()
            if self._asked is not None:
                found = await self._transport.poll(self._asked, self._attempt)
                if found is not None:
                    return found

    async def _pause(self) -> None:
        if self._first:
            self._first = False
            await self._news.wait()
            return
        try:
            async with asyncio.timeout(self._transport.delay()):
                await self._news.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Nothing is open."""
