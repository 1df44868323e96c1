"""Start and shutdown of several ASGI applications behind one.

Rules:
- Every application is started, in order; one that fails to start fails the whole, and those before it are shut down.
- An application that knows no lifespan (it raises or returns before its start is complete) is served without one.
- All of them share the `state` of the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class _Life:
    """One application's lifespan, in a task of its own: an application holds contexts open from start to end."""

    def __init__(self, application: Application, scope: Scope) -> None:
        self._told: asyncio.Queue[Scope] = asyncio.Queue()
        self._said: asyncio.Queue[Scope] = asyncio.Queue()
        self._task = asyncio.ensure_future(application({**scope}, self._told.get, self._said.put))

    async def tell(self, kind: str) -> str | None:
        """Tell the application; its words where it failed, None otherwise."""
        if self._task.done():
            return None
        await self._told.put({"type": f"lifespan.{kind}"})
        saying = asyncio.ensure_future(self._said.get())
        await asyncio.wait({self._task, saying}, return_when=asyncio.FIRST_COMPLETED)
        if not saying.done():
            saying.cancel()
            self._task.exception()  # it knows no lifespan, and says so by raising
            return None
        said = saying.result()
        return str(said.get("message", "")) if said["type"] == f"lifespan.{kind}.failed" else None

    async def end(self) -> str | None:
        """Tell it to shut down, and wait for it."""
        failure = await self.tell("shutdown")
        await asyncio.wait({self._task})
        return failure


async def lifespan(applications: Sequence[Application], scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a lifespan scope with that of each application."""
    await receive()
    lives: list[_Life] = []
    for application in applications:
        life = _Life(application, scope)
        failure = await life.tell("startup")
        if failure is not None:
            for started in reversed(lives):
                await started.end()
            await send({"type": "lifespan.startup.failed", "message": failure})
            return
        lives.append(life)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    failures = [failure for life in reversed(lives) if (failure := await life.end()) is not None]
    kind = "failed" if failures else "complete"
    await send({"type": f"lifespan.shutdown.{kind}", **({"message": "; ".join(failures)} if failures else {})})
