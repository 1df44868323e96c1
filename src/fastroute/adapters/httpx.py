"""httpx transports that send each request where Envoy's routes and balancers say.

    from fastroute.adapters.httpx import Transport

    router = fastroute.Router(fastroute.load("mesh.yaml"))
    with httpx.Client(transport=Transport(router)) as client:
        client.get("http://reviews:9080/reviews/0")

Rules:
- The request's Host, raw path and headers are routed. The endpoint that was picked is connected to, not the URL's host.
- Redirects, direct responses, preflights and injected faults become responses, and so do failures: 503 and 504.
- Retries follow the plan; a body that may have to be sent again is read first. Mirrors are not sent, and per-try
  timeouts do not hedge.
- A timeout bounds the wait for the head of a response, in `Transport` each read of it; Envoy's its body as well.
- Connections are plain HTTP unless `scheme` is https: the TLS settings of clusters are not looked at.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import httpx

from fastroute.action.retry import Outcome
from fastroute.adapters.answers import own
from fastroute.adapters.attempts import Attempts
from fastroute.core.decision import Decision
from fastroute.errors import FastrouteError
from fastroute.router import Router

_RESETS: tuple[tuple[type[httpx.TransportError], Any], ...] = (
    (httpx.ConnectTimeout, "connection-timeout"),
    (httpx.PoolTimeout, "overflow"),
    (httpx.TimeoutException, "per-try-timeout"),
    (httpx.ConnectError, "remote-connection-failure"),
    (httpx.NetworkError, "connection-termination"),
    (httpx.RemoteProtocolError, "connection-termination"),
)
_WAITS: dict[type[httpx.TransportError], str] = {
    httpx.ConnectTimeout: "connect",
    httpx.ReadTimeout: "read",
    httpx.WriteTimeout: "write",
}


class Transport(httpx.BaseTransport):
    """For `httpx.Client`. `inner` sends; the default is httpx's own pool of connections."""

    def __init__(self, router: Router, inner: httpx.BaseTransport | None = None, *, scheme: str = "http") -> None:
        self._router, self._inner, self._scheme = router, inner or httpx.HTTPTransport(), scheme

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        decision, delay, response = _decide(self._router, request)
        time.sleep(delay)
        if response is not None:
            return response
        if decision.retry is not None:
            request.read()
        attempts = Attempts(self._router, decision)
        try:
            while attempts.begin():
                response, outcome = None, None
                sent = _attempt(request, decision, attempts, self._scheme)
                try:
                    response = self._inner.handle_request(sent)
                except httpx.TransportError as error:
                    outcome = _outcome(error, request, attempts)
                pause = attempts.again(outcome or _answered(response))
                if pause is None:
                    break
                if response is not None:
                    response.close()
                time.sleep(pause)
        except BaseException:
            attempts.close()
            raise
        return _last(attempts, response)

    def close(self) -> None:
        self._inner.close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`. `inner` sends; the default is httpx's own pool of connections."""

    def __init__(self, router: Router, inner: httpx.AsyncBaseTransport | None = None, *, scheme: str = "http") -> None:
        self._router, self._inner, self._scheme = router, inner or httpx.AsyncHTTPTransport(), scheme

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        decision, delay, response = _decide(self._router, request)
        await anyio.sleep(delay)
        if response is not None:
            return response
        if decision.retry is not None:
            await request.aread()
        attempts = Attempts(self._router, decision)
        try:
            while attempts.begin():
                response, outcome = None, None
                sent = _attempt(request, decision, attempts, self._scheme)
                try:
                    with anyio.fail_after(attempts.timeout):
                        response = await self._inner.handle_async_request(sent)
                except TimeoutError:
                    outcome = Outcome(reset="per-try-timeout")
                except httpx.TransportError as error:
                    outcome = _outcome(error, request, attempts)
                pause = attempts.again(outcome or _answered(response))
                if pause is None:
                    break
                if response is not None:
                    await response.aclose()
                await anyio.sleep(pause)
        except BaseException:
            attempts.close()
            raise
        return _last(attempts, response)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Relayed(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The body of a response: when it is closed, its attempt is over."""

    def __init__(self, response: httpx.Response, attempts: Attempts) -> None:
        self._stream: Any = response.stream
        self._attempts = attempts

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    def close(self) -> None:
        self._attempts.close()
        self._stream.close()

    async def aclose(self) -> None:
        self._attempts.close()
        await self._stream.aclose()


def _decide(router: Router, request: httpx.Request) -> tuple[Decision, float, httpx.Response | None]:
    """The decision, the delay that a fault injects, and Envoy's own response if there is one."""
    target: bytes = request.extensions.get("target", request.url.raw_path)
    host = request.headers.get("host", "")
    decision = router.route(host, target, request.method, request.headers.raw, scheme=request.url.scheme)
    fault: Any = decision.fault
    answer = own(decision, fault)
    response = None if answer is None else httpx.Response(answer.status, headers=answer.headers, content=answer.body)
    return decision, getattr(fault, "delay", None) or 0, response


def _attempt(request: httpx.Request, decision: Decision, attempts: Attempts, scheme: str) -> httpx.Request:
    """The request to the endpoint; its target is sent as the route made it, not as a URL would quote it."""
    endpoint = attempts.endpoint
    if endpoint is None or not endpoint.port:
        raise FastrouteError(f"{endpoint} is no address and port, and httpx connects to nothing else")
    headers = [(b"host", attempts.authority.encode("latin-1")), *attempts.headers]
    headers += [(b"transfer-encoding", b"chunked")] if "transfer-encoding" in request.headers else []
    target, limit = (decision.path or "").encode("latin-1"), attempts.timeout
    given = request.extensions.get("timeout", {})
    waits = {
        name: min((each for each in (given.get(name), limit) if each is not None), default=None)
        for name in ("connect", "read", "write", "pool")
    }
    url = httpx.URL(scheme=scheme, host=endpoint.address, port=endpoint.port, raw_path=target)
    extensions = {**request.extensions, "timeout": waits, "target": target}
    return httpx.Request(decision.method, url, headers=headers, stream=request.stream, extensions=extensions)


def _answered(response: httpx.Response | None) -> Outcome:
    assert response is not None
    return Outcome(response.status_code, _lowered(response))


def _lowered(response: httpx.Response) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in response.headers.raw]


def _outcome(error: httpx.TransportError, request: httpx.Request, attempts: Attempts) -> Outcome:
    """What an error means for the plan. Errors that are no network's, and the client's own timeouts, are raised."""
    limit, own_limit = attempts.timeout, request.extensions.get("timeout", {}).get(_WAITS.get(type(error), "pool"))
    if isinstance(error, httpx.TimeoutException) and own_limit is not None and (limit is None or own_limit <= limit):
        raise error
    for kind, reset in _RESETS:
        if isinstance(error, kind):
            return Outcome(reset=reset)
    raise error


def _last(attempts: Attempts, response: httpx.Response | None) -> httpx.Response:
    """The response of the last attempt with the route's changes, or Envoy's own in its place."""
    failure = attempts.failure
    if response is None or failure is not None:
        attempts.close()
        assert failure is not None
        return httpx.Response(failure.status, headers=failure.headers, content=failure.body)
    headers = attempts.response_headers(response.status_code, _lowered(response))
    stream = _Relayed(response, attempts)
    return httpx.Response(response.status_code, headers=headers, stream=stream, extensions=response.extensions)
