"""An ASGI application that gives each request to the application of its cluster, as Envoy's routes say.

    from fastroute.adapters.asgi import Dispatch

    router = fastroute.Router(fastroute.load("routes.yaml"))
    app = Dispatch(router, {"users": users_app, "shop": shop_app})
    # uvicorn module:app

Rules:
- Routes see the raw path and query of the request, never the decoded path: `/a%2Fb` and `/a/b` are different.
- The application sees the path, headers and Host after the route's changes.
- Redirects, direct responses, preflights and injected faults are answered here, as is 503 where a cluster has no
  application.
- A WebSocket is an upgrade, which the connection manager or the route must enable: without either there is none. What
  is not forwarded is refused before it is accepted.
- At start and shutdown every application is told (`asgi_lifespan`). Timeouts, retries and mirrors are not for
  applications in this process: they are left to who forwards further.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote

from fastroute.adapters.answers import NO_HOST, Answer, failed, own, with_cors
from fastroute.adapters.asgi_lifespan import lifespan
from fastroute.core.chain import Chain
from fastroute.core.decision import Decision
from fastroute.errors import RequestError
from fastroute.request import Connection
from fastroute.router import Router

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
_SCHEMES = {"ws": "http", "wss": "https"}


class Dispatch:
    """Applications by cluster, also those that `Router.bind` attached before or attaches later.

    `chain` gives the filter chain of a connection, such as `router.connect` where listeners were loaded. Without it the
    connection manager has Envoy's defaults, and `route_config` names the route configuration where there are several.
    """

    def __init__(
        self,
        router: Router,
        applications: Mapping[str, Application],
        *,
        chain: Callable[[Connection], Chain | None] | None = None,
        route_config: str | None = None,
    ) -> None:
        self._router, self._chain, self._route_config = router, chain, route_config
        self._applications = list({id(each): each for each in applications.values()}.values())
        router.bind(applications)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(self._applications, scope, receive, send)
            return
        if not any(name.lower() == b"host" for name, _ in scope["headers"]):
            await _send(scope, NO_HOST, receive, send)
            return
        decision = self._decide(scope)
        fault: Any = decision.fault
        if fault is not None and fault.delay is not None:
            await asyncio.sleep(fault.delay)
        application: Any = decision.value
        answer = own(decision, fault)
        if answer is not None or application is None:
            await _send(scope, answer or failed(decision, 503, b"no healthy upstream"), receive, send)
        else:
            await application(_rewritten(scope, decision), receive, _changing(decision, send))

    def _decide(self, scope: Scope) -> Decision:
        connection = _connection(scope)
        chain = self._chain(connection) if self._chain is not None and connection is not None else None
        if self._chain is not None and (chain is None or chain.kind != "http"):
            raise RequestError(f"no listener takes HTTP connections to {scope.get('server')}")
        headers, scheme = list(scope["headers"]), str(scope.get("scheme", "http"))
        if scope["type"] == "websocket" and not any(name.lower() == b"upgrade" for name, _ in headers):
            headers += [(b"connection", b"upgrade"), (b"upgrade", b"websocket")]
        return self._router.route(
            b",".join(value for name, value in headers if name.lower() == b"host"),
            _target(scope),
            scope.get("method", "GET"),
            headers,
            scheme=_SCHEMES.get(scheme, scheme),
            chain=chain,
            connection=connection if chain is None else None,
            route_config=self._route_config,
        )


def _target(scope: Scope) -> bytes:
    """The request target as it came; a `?` with nothing after it is not told by ASGI."""
    path, query = scope.get("raw_path"), scope.get("query_string", b"")
    if not path:
        raise RequestError("the server gives no raw_path, and a decoded path cannot be routed: use one that does")
    return bytes(path) + (b"?" + query if query else b"")


def _connection(scope: Scope) -> Connection | None:
    """The connection where both ends are known and have ports: not over a Unix socket."""
    server, client = scope.get("server"), scope.get("client")
    if not server or not client or server[1] is None:
        return None
    return Connection((server[0], server[1]), (client[0], client[1]))


def _rewritten(scope: Scope, decision: Decision) -> Scope:
    path, _, query = (decision.path or "").partition("?")
    host = (b"host", decision.authority.encode("latin-1"))
    made = {
        **scope,
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [host, *decision.upstream_headers()],
    }
    if not made["path"].startswith(scope.get("root_path", "")):
        made["root_path"] = ""
    return made


def _changing(decision: Decision, send: Send) -> Send:
    """`send` with the route's changes to the response."""

    async def changed(message: Scope) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            given = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
            made = decision.downstream_headers(message["status"], given)
            message = {**message, "headers": with_cors(decision, made)}
        await send(message)

    return changed


async def _send(scope: Scope, answer: Answer, receive: Receive, send: Send) -> None:
    kind = "http.response"
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        kind = "websocket.http.response"
    headers = list(answer.headers)
    if not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", b"0"))
    await send({"type": f"{kind}.start", "status": answer.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": answer.body})
