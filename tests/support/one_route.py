"""One route compiled on its own, and a decision about a request for it."""

from __future__ import annotations

from typing import Any

from fastroute.api import names
from fastroute.compile.actions import compile_targets
from fastroute.compile.context import Context
from fastroute.config.resources import Resource
from support.decided import FakeDecision
from support.envoy import parse


def target(
    route: dict[str, Any], *, host: dict[str, Any] | None = None, strict: bool = True, **configuration: Any
) -> Any:
    """The target of `route`, in a virtual host with the fields `host`; a prefix `/` unless it has a match."""
    full = {"match": {"prefix": "/"}, **route}
    virtual_host = {"name": "vh", "domains": ["*"], **(host or {}), "routes": [full]}
    message: Any = parse({"name": "rc", **configuration, "virtual_hosts": [virtual_host]}, names.ROUTE_CONFIGURATION)
    ctx = Context(Resource("rc", message), strict)
    found = message.virtual_hosts[0]
    return compile_targets(found.routes[0], found, message, ctx, "virtual_hosts[0].routes[0]", None)


def forward(**action: Any) -> dict[str, Any]:
    """A route to the cluster `c`."""
    return {"route": {"cluster": "c", **action}}


def request(path: bytes = b"/", *headers: tuple[bytes, bytes], **fields: Any) -> FakeDecision:
    """A decision about a request with `headers` and x-forwarded-proto."""
    proto = ((b"x-forwarded-proto", b"http"),) if not any(name == b"x-forwarded-proto" for name, _ in headers) else ()
    return FakeDecision(original_path=path, headers=(*headers, *proto), **fields)


def header(name: str, value: str, **more: Any) -> dict[str, Any]:
    """A HeaderValueOption."""
    return {"header": {"key": name, "value": value}, **more}
