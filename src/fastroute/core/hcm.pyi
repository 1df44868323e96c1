"""What the HTTP connection manager does to a request before routing, and the answers that it gives itself."""

from collections.abc import Callable
from typing import Literal, final

from fastroute.core.codec import Codec
from fastroute.core.decision import Decision
from fastroute.core.processing import HeaderProcessing
from fastroute.core.scopes import ScopedRoutes
from fastroute.core.table import RouteTable

@final
class HttpManager:
    """The options of an HTTP connection manager. Read-only; Envoy's defaults unless given.

    `upgrades` maps lower-case upgrade types to whether `upgrade_configs` enables them. Exactly one of `route_table`
    (the table of an inline route configuration), `route_config_name` (of RDS) and `scopes` (of scoped routes) says
    where the routes are. `codec` says which requests are taken, `processing` what is done to headers; `http_filters`
    are the name and type of each HTTP filter, `router` the options of the last; `access` asks those that may deny a
    request behind the choice of its route: None lets it pass, else it is a 403 with this reason and this action. The
    rest are fields of HttpConnectionManager:
    `path_with_escaped_slashes_action`, `normalize_path`, `merge_slashes`, `strip_trailing_host_dot`,
    `strip_any_host_port` and `strip_matching_host_port`; `drop_fragment` cuts a fragment off instead of refusing it.
    """

    @property
    def upgrades(self) -> dict[bytes, bool]: ...
    @property
    def route_table(self) -> RouteTable | None: ...
    @property
    def route_config_name(self) -> str | None: ...
    @property
    def scopes(self) -> ScopedRoutes | None: ...
    @property
    def http_filters(self) -> tuple[tuple[str, str], ...] | None: ...
    @property
    def router(self) -> object: ...
    @property
    def access(self) -> Callable[[Decision], tuple[str, object] | None] | None: ...
    @property
    def processing(self) -> HeaderProcessing: ...
    @property
    def codec(self) -> Codec: ...
    @property
    def escaped_slashes(self) -> str: ...
    @property
    def normalize_path(self) -> bool: ...
    @property
    def merge_slashes(self) -> bool: ...
    @property
    def drop_fragment(self) -> bool: ...
    @property
    def strip_trailing_dot(self) -> bool: ...
    @property
    def strips_port(self) -> str: ...
    def __new__(
        cls,
        *,
        upgrades: dict[bytes, bool] | None = None,
        route_table: RouteTable | None = None,
        route_config_name: str | None = None,
        scopes: ScopedRoutes | None = None,
        processing: HeaderProcessing | None = None,
        codec: Codec | None = None,
        escaped_slashes: Literal["keep", "reject", "redirect", "forward"] = "keep",
        normalize_path: bool = False,
        merge_slashes: bool = False,
        drop_fragment: bool = False,
        strip_trailing_dot: bool = False,
        strip_port: Literal["no", "any", "matching"] = "no",
        http_filters: tuple[tuple[str, str], ...] | None = None,
        access: Callable[[Decision], tuple[str, object] | None] | None = None,
        router: object = None,
    ) -> HttpManager: ...
    def via(self) -> bytes:
        """What the manager appends to Via of requests and responses; empty for nothing."""
        ...

    def process(self, decision: Decision) -> None:
        """Work out the headers, the scheme and the client's address of a decision; done when they are read."""
