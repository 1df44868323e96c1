"""Following a control plane: the xDS client.

    with fastroute.xds.connect("bootstrap.yaml") as router:
        router.ready(timeout=30)
        router.route("shop.example.com", "/")

In an asyncio program, `fastroute.xds.aio.connect` does the same in the program's own loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastroute.xds.following import FollowingRouter, connect
    from fastroute.xds.status import FeedState, ResourceStatus, Status

__all__ = ["FeedState", "FollowingRouter", "ResourceStatus", "Status", "connect"]

_LAZY = {
    "FeedState": "fastroute.xds.status",
    "FollowingRouter": "fastroute.xds.following",
    "ResourceStatus": "fastroute.xds.status",
    "Status": "fastroute.xds.status",
    "connect": "fastroute.xds.following",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'fastroute.xds' has no attribute {name!r}")
    import importlib

    value: object = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
