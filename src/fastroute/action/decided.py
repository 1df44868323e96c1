"""What an action reads of the decision that it serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fastroute.action.router_options import RouterOptions

Pairs = Sequence[tuple[bytes, bytes]]
"""Headers in order; names are lower case, pseudo headers are not among them."""


class Decided(Protocol):
    """What an action reads of the decision that it serves: the request as it was routed.

    `original_path`, `original_authority` and `scheme` are those after the connection manager's
    normalisation, which is what the route was matched on; `original_path` is None for CONNECT.
    """

    @property
    def original_path(self) -> bytes | None: ...
    @property
    def original_authority(self) -> bytes: ...
    @property
    def original_method(self) -> bytes: ...
    @property
    def scheme(self) -> bytes: ...
    @property
    def random(self) -> int: ...
    @property
    def cluster(self) -> str | None: ...
    @property
    def route(self) -> str: ...
    @property
    def virtual_host(self) -> str: ...
    @property
    def route_config(self) -> str: ...
    @property
    def dynamic_metadata(self) -> Mapping[str, object]: ...
    @property
    def filter_state(self) -> Mapping[str, str]: ...
    @property
    def answered_status(self) -> int:
        """The status of Envoy's own answer before a gRPC client is told 200; 0 when the request is forwarded."""
        ...

    @property
    def http_filters(self) -> tuple[tuple[str, str], ...] | None: ...
    @property
    def router_options(self) -> RouterOptions | None: ...

    def processed_headers(self) -> Pairs:
        """The request headers after the connection manager's processing, as routes saw them."""
        ...

    def given_headers(self) -> Pairs:
        """The request headers as they came."""
        ...

    def remote_address(self) -> tuple[str, int] | None:
        """The downstream remote address (trusted client address); None when no connection is known."""
        ...

    def local_address(self) -> tuple[str, int] | None:
        """The address that the connection was made to; None when no connection is known."""
        ...

    def own_address(self) -> str | None:
        """The address that Envoy tells as its own in x-forwarded-for; None when no connection is known."""
        ...


class Concluded(Decided, Protocol):
    """The same, and what came of it."""

    @property
    def kind(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
