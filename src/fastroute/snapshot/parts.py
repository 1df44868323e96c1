"""What a snapshot is made of, with what an update has to know of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fastroute.records import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.config.resources import Resources
    from fastroute.core.clusters import Cluster
    from fastroute.core.filter_chains import ListenerTable
    from fastroute.core.table import RouteTable
    from fastroute.errors import Notice
    from fastroute.snapshot.wire import Wire


class Relied:
    """The clusters that exist, which remembers those that a compiler asked for and found."""

    __slots__ = ("known", "names")

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.names: set[str] = set()

    def __contains__(self, name: object) -> bool:
        if name not in self.known:
            return False
        self.names.add(str(name))
        return True


@record
class Parts:
    """`known` are the clusters that exist, None when that cannot be told.

    `relied` says which of them each route configuration was compiled on (RA-05, only those that validate
    their clusters), `listeners_relied` the same of all listeners together. `wires` are the wire forms of
    the route configurations that came as such.
    """

    resources: Resources
    strict: bool
    runtime: Mapping[str, object]
    known: frozenset[str] | None
    clusters: dict[str, Cluster]
    routes: dict[str, RouteTable]
    listeners: ListenerTable
    relied: dict[str, frozenset[str]] = field(default_factory=dict)
    listeners_relied: frozenset[str] = frozenset()
    notices: tuple[Notice, ...] = ()
    wires: dict[str, Wire] = field(default_factory=dict)


def known_clusters(names: Iterable[str], resources: Resources) -> frozenset[str] | None:
    """The clusters that exist, which are called `names`; None without any cluster and without a bootstrap."""
    names = frozenset(names)
    return names if names or resources.bootstrap is not None else None
