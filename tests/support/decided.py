"""A stand-in for the core's decision: the request that an action reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastroute.action.router_options import RouterOptions


@dataclass(frozen=True)
class FakeDecision:
    """Plain values for everything that `fastroute.action.protocol.Decided` asks for."""

    original_path: bytes | None = b"/"
    original_authority: bytes = b"a.com"
    original_method: bytes = b"GET"
    scheme: bytes = b"http"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    random: int = 0
    cluster: str | None = "c"
    route: str = ""
    virtual_host: str = "vh"
    route_config: str = "rc"
    dynamic_metadata: Mapping[str, object] = field(default_factory=dict)
    filter_state: Mapping[str, str] = field(default_factory=dict)
    router_options: RouterOptions | None = None
    answered_status: int = 0
    http_filters: tuple[tuple[str, str], ...] | None = None
    remote: tuple[str, int] | None = ("127.0.0.1", 1234)
    local: tuple[str, int] | None = ("127.0.0.1", 80)

    def processed_headers(self):
        return self.headers

    def given_headers(self):
        return self.headers

    def remote_address(self):
        return self.remote

    def local_address(self):
        return self.local

    def own_address(self):
        return self.local and self.local[0]
