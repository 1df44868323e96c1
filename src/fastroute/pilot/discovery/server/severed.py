"""Calls whose client takes nothing any more.

A response that is being written stays in memory until the client's window opens, the client leaves or the call is
cancelled, and grpc.aio gives servers no means to cancel one: a status waits behind the response. But gRPC cancels a
call when nobody holds it any more (the client sees RST_STREAM), and all that holds one whose handler has returned is
the task in which grpc.aio waits for the client to cancel. That task is found by what it refers to: the handler's own
task. The loop that accepts calls also holds two, the very first and the newest; those live until their clients leave,
as all would where a version of gRPC is built otherwise.
"""

from __future__ import annotations

import asyncio
import gc
from typing import Any, Final

from fastroute.pilot.discovery.server.connection import Connection

NAME: Final = "rpc_task"
"""What grpc.aio calls the tasks that wait."""


class Severed:
    """Calls to be cancelled, all in one pass."""

    def __init__(self) -> None:
        self._handlers: set[asyncio.Task[Any]] = set()

    def add(self, connection: Connection) -> None:
        """Cancel the call of a connection whose handler is about to return."""
        if connection.task is not None:
            self._handlers.add(connection.task)
        connection.context = connection.task = None

    def sweep(self) -> int:
        """Cancel those whose handlers have returned; how many were found."""
        ended = {handler for handler in self._handlers if handler.done()}
        self._handlers -= ended
        if not ended:
            return 0
        found = [task for task in asyncio.all_tasks() if task.get_name() == NAME and _refers_to(task, ended)]
        for task in found:
            task.cancel()
        return len(found)


def _refers_to(task: asyncio.Task[Any], handlers: set[asyncio.Task[Any]]) -> bool:
    """Whether the coroutine of `task` has one of `handlers` among its variables."""
    variables = gc.get_referents(*gc.get_referents(task.get_coro()))
    return any(isinstance(one, asyncio.Task) and one in handlers for one in variables)
