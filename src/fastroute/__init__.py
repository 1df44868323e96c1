"""fastroute: what would Envoy do with this connection or request?

import fastroute

router = fastroute.Router(fastroute.load("envoy.yaml"))
decision = router.route("example.com", "/api/v1", headers={"x-user": "jason"})
endpoint = router.pick(decision)
"""

from __future__ import annotations

from fastroute import late, linked  # noqa: F401 - linked finds the other extension modules

TYPE_CHECKING = False  # of `typing`, whose import would be most of that of this package
if TYPE_CHECKING:
    from fastroute._version import __version__
    from fastroute.core.chain import Chain
    from fastroute.core.decision import Decision
    from fastroute.core.endpoint import Endpoint
    from fastroute.decision import Explanation, Step
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
if not TYPE_CHECKING:
    __getattr__ = late.modules(
        __name__,
        ("errors", "request"),
        {
            "Chain": "fastroute.core.chain",
            "ConfigError": "fastroute.errors",
            "Connection": "fastroute.request",
            "Decision": "fastroute.core.decision",
            "Endpoint": "fastroute.core.endpoint",
            "Explanation": "fastroute.decision",
            "FastrouteError": "fastroute.errors",
            "Notice": "fastroute.errors",
            "ParseError": "fastroute.errors",
            "RejectedError": "fastroute.errors",
            "Request": "fastroute.request",
            "RequestError": "fastroute.errors",
            "Router": "fastroute.router",
            "Snapshot": "fastroute.snapshot",
            "Step": "fastroute.decision",
            "TlsFacts": "fastroute.request",
            "UnsupportedError": "fastroute.errors",
            "Where": "fastroute.errors",
            "__version__": "fastroute._version",
            "load": "fastroute.snapshot",
        },
    )


def __dir__() -> list[str]:
    return __all__
