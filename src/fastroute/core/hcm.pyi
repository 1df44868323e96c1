"""What the HTTP connection manager does to a request before routing, and the answers that it gives itself."""

from typing import final

from fastroute.core.table import RouteTable

@final
class HttpManager:
    """The options of an HTTP connection manager (HttpConnectionManager). Read-only; Envoy's defaults unless given.

    `upgrades` maps lower-case upgrade types to whether `upgrade_configs` enables them. `route_table` is the table of
    an inline route configuration, `route_config_name` the name of one that comes by RDS.
    """

    @property
    def upgrades(self) -> dict[bytes, bool]: ...
    @property
    def route_table(self) -> RouteTable | None: ...
    @property
    def route_config_name(self) -> str | None: ...
    def __new__(
        cls,
        *,
        upgrades: dict[bytes, bool] | None = None,
        route_table: RouteTable | None = None,
        route_config_name: str | None = None,
    ) -> HttpManager: ...
