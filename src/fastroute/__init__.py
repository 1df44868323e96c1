"""fastroute: what would Envoy do with this connection or request?

import fastroute

router = fastroute.Router(fastroute.load("envoy.yaml"))
decision = router.route("example.com", "/api/v1", headers={"x-user": "jason"})
endpoint = router.pick(decision)
"""

from __future__ import annotations

from fastroute import linked  # noqa: F401 - first: it finds the other extension modules
from fastroute._version import __version__
from fastroute.errors import (
    ConfigError,
    FastrouteError,
    Notice,
    ParseError,
    RejectedError,
    RequestError,
    UnsupportedError,
    Where,
)
from fastroute.request import Connection, Request, TlsFacts

TYPE_CHECKING = False  # of `typing`, whose import would be most of that of this package
if TYPE_CHECKING:
    from fastroute.core.chain import Chain
    from fastroute.core.decision import Decision
    from fastroute.core.endpoint import Endpoint
    from fastroute.decision import Explanation, Step
    from fastroute.router import Router
    from fastroute.snapshot import Snapshot, load

__all__ = [
    "Chain",
    "ConfigError",
    "Connection",
    "Decision",
    "Endpoint",
    "Explanation",
    "FastrouteError",
    "Notice",
    "ParseError",
    "RejectedError",
    "Request",
    "RequestError",
    "Router",
    "Snapshot",
    "Step",
    "TlsFacts",
    "UnsupportedError",
    "Where",
    "__version__",
    "load",
]

# Loaded at first use: the command line and the pilot do not pay for the router, nor the router for them.
_LAZY = {
    "Chain": "fastroute.core.chain",
    "Decision": "fastroute.core.decision",
    "Endpoint": "fastroute.core.endpoint",
    "Explanation": "fastroute.decision",
    "Router": "fastroute.router",
    "Snapshot": "fastroute.snapshot",
    "Step": "fastroute.decision",
    "load": "fastroute.snapshot",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module 'fastroute' has no attribute {name!r}")
    import importlib

    value: object = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
