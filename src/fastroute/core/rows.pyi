"""The routes of a table as rows; the entry of a route is made when a decision first needs it, and kept."""

from typing import final

@final
class RouteRows:
    """Rows of routes, for extension modules; `len()` is their number."""

    def __new__(cls) -> RouteRows: ...
    def __len__(self) -> int: ...
