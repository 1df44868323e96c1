"""What the four levels of a route say: weighted-cluster entry, route, virtual host, route configuration.

A level is shared by everything below it. Per-filter configuration takes the most specific level (RA-90);
header mutations apply all levels in one of two orders (RA-70, see `fastroute.action.mutations`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastroute.action.mutations import NO_MUTATIONS, Mutations
from fastroute.records import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from fastroute.action.fault import FaultPolicy

    LevelName = Literal["weighted cluster", "route", "virtual host", "route configuration"]


@record
class FilterSetting:
    """One entry of `typed_per_filter_config`: the message as plain values, and its compiled form if it has one."""

    type: str
    value: object = None
    disabled: bool = False
    policy: object = None

    @property
    def fault(self) -> FaultPolicy | None:
        """The fault policy, when this setting is one."""
        if self.policy is None:
            return None
        from fastroute.action.fault import FaultPolicy

        return self.policy if isinstance(self.policy, FaultPolicy) else None


NO_FILTERS: Mapping[str, FilterSetting] = {}


@record
class Level:
    """Header mutations and per-filter configuration of one level."""

    name: LevelName
    request: Mutations = NO_MUTATIONS
    response: Mutations = NO_MUTATIONS
    filters: Mapping[str, FilterSetting] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether the level changes nothing."""
        return self.request.is_empty and self.response.is_empty and not self.filters


EMPTY_ENTRY = Level("weighted cluster")
EMPTY_ROUTE = Level("route")
EMPTY_VIRTUAL_HOST = Level("virtual host")
EMPTY_CONFIGURATION = Level("route configuration")


@record
class Levels:
    """The levels that one action answers to, most specific first; the entry is always applied first."""

    entry: Level = EMPTY_ENTRY
    route: Level = EMPTY_ROUTE
    virtual_host: Level = EMPTY_VIRTUAL_HOST
    configuration: Level = EMPTY_CONFIGURATION
    most_specific_wins: bool = False

    def specific_first(self) -> tuple[Level, Level, Level, Level]:
        """From the weighted-cluster entry to the route configuration."""
        return (self.entry, self.route, self.virtual_host, self.configuration)

    def application_order(self) -> tuple[Level, Level, Level, Level]:
        """The order in which header mutations are applied (RA-70)."""
        if self.most_specific_wins:
            return (self.entry, self.configuration, self.virtual_host, self.route)
        return self.specific_first()

    def settings(self, name: str) -> Iterator[tuple[Level, FilterSetting]]:
        """The settings for the HTTP filter `name`, most specific first."""
        for level in self.specific_first():
            setting = level.filters.get(name)
            if setting is not None:
                yield level, setting

    def setting(self, name: str) -> FilterSetting | None:
        """The most specific setting for the HTTP filter `name` (RA-90)."""
        for _, setting in self.settings(name):
            return setting
        return None
