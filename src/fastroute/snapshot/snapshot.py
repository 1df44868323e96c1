"""An immutable set of compiled tables with one version, and how to load it.

Rules:

* A snapshot is whole: it either compiled completely or there is an error and no snapshot.
* Nothing in it changes after it was built, but for what endpoints remember (health, load, rotation).
* Whether a cluster exists is judged against the clusters of the same snapshot. A source without any
  cluster and without a bootstrap (a route configuration alone) cannot tell: there every name exists.
* An update shares with the snapshot before it all that it does not touch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from fastroute.compile.clusters import is_dns, resolve_names
from fastroute.compile.context import Context
from fastroute.config import changes as changing
from fastroute.config.load import Source, gather
from fastroute.errors import ConfigError, Notice, joined
from fastroute.snapshot import index as indexes
from fastroute.snapshot import marks, update
from fastroute.snapshot.build import built
from fastroute.snapshot.compiler import UNNAMED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.config.changes import Changes
    from fastroute.config.resources import Resources
    from fastroute.core.clusters import Cluster
    from fastroute.core.filter_chains import ListenerTable
    from fastroute.core.table import RouteTable
    from fastroute.snapshot.index import Index
    from fastroute.snapshot.parts import Parts


class Snapshot:
    """Compiled listeners, route configurations and clusters, and the resources they came from."""

    __slots__ = ("_index", "_parts", "_version", "clusters", "knows_clusters", "marks", "routes")

    def __init__(self, parts: Parts, index: Index | None = None) -> None:
        self._parts = parts
        self._index = index
        self._version = ""
        self.routes: Mapping[str, RouteTable] = MappingProxyType(parts.routes)
        self.clusters: Mapping[str, Cluster] = MappingProxyType(parts.clusters)
        self.knows_clusters = parts.known is not None
        self.marks = marks.Marks(parts.resources, parts.notices) if parts.notices else None

    @property
    def parts(self) -> Parts:
        """The compiled tables as the router takes them; nothing in them may be changed."""
        return self._parts

    @property
    def listeners(self) -> ListenerTable:
        """The table that connections are looked up in."""
        return self._parts.listeners

    @property
    def resources(self) -> Resources:
        """What the tables were compiled from."""
        return self._parts.resources

    @property
    def runtime(self) -> Mapping[str, object]:
        """The runtime keys in force."""
        return self._parts.runtime

    @property
    def strict(self) -> bool:
        """Whether everything was refused that Envoy refuses."""
        return self._parts.strict

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What strict loading would have refused; each decision has those that it touches."""
        return self._parts.notices

    @property
    def version(self) -> str:
        """A digest of the content, whatever its order: equal resources give equal versions."""
        if not self._version:
            from fastroute.snapshot.version import version_of

            self._version = version_of(self._parts.resources)
        return self._version

    def updated(self, changes: Changes) -> Snapshot:
        """The snapshot after `changes`, as a fresh load of all resources would give it; this one stays.

        Only what the changes touch is compiled. Hosts that stay in a cluster keep their state. Raises
        ConfigError, with every further error in `others`, when anything is refused; then nothing was
        applied.
        """
        if self._index is None:
            self._index = indexes.Index.of(self._parts.resources, self._parts.clusters)
        found = None if self._index is None else update.updated(self._parts, self._index, changes)
        if found is not None:
            return Snapshot(*found)
        resources, errors = changing.apply(self._parts.resources, changes, strict=self._parts.strict)
        refuse(resources, errors, self._parts.runtime)
        return build(resources, strict=self._parts.strict, runtime=self._parts.runtime, previous=self)

    def resolve(self, lookup: Callable[[str, str], Iterable[str]]) -> None:
        """Give every DNS cluster its hosts: `lookup` takes a name and a DnsLookupFamily (AUTO, V4_ONLY, …).

        Until then a DNS cluster has only the hosts that are IP addresses already. To be called again
        when addresses may have changed; picks go on meanwhile, and hosts that stay keep their state.
        """
        for cluster in self.clusters.values():
            if is_dns(cluster):
                resolve_names(cluster, lookup, Context(UNNAMED, notices=[], runtime=self.runtime))

    def __repr__(self) -> str:
        counts = f"{len(self.listeners.listeners)} listeners, {len(self.routes)} route configurations"
        return f"<Snapshot {self.version}: {counts}, {len(self.clusters)} clusters, {len(self.notices)} notices>"


def load(
    source: Source,
    *,
    strict: bool = True,
    runtime: Mapping[str, object] | None = None,
    previous: Snapshot | None = None,
) -> Snapshot:
    """Read `source` and compile all it holds.

    `source` is a path (file or directory), bytes, or a mapping of resource lists; see
    `fastroute.config.load`. `strict` refuses what Envoy 1.40 refuses and what cannot be decided exactly;
    without it, what can be left out is left out, `Snapshot.notices` says so, and `Decision.notices` and
    `Chain.notices` say so of each decision that it may have changed. `runtime` overrides runtime keys of the bootstrap.
    `previous` is the snapshot that the new one takes the place of: hosts that stay in a cluster of the
    same name keep their state (active requests, health, ejections).
    Raises `ParseError`, `RejectedError` or `UnsupportedError`; further errors are in its `others`.
    """
    resources, errors = gather(source, strict=strict)
    refuse(resources, errors, runtime or {})
    return build(resources, strict=strict, runtime=runtime, previous=previous)


def refuse(resources: Resources, errors: Sequence[ConfigError], runtime: Mapping[str, object]) -> None:
    """Raise `errors`, which reading found, if there are any, and with them what compiling finds as well."""
    if errors:
        from fastroute.snapshot.further import further_errors

        raise joined([*errors, *further_errors(resources, errors, runtime)])


def build(
    resources: Resources,
    *,
    strict: bool = True,
    runtime: Mapping[str, object] | None = None,
    previous: Snapshot | None = None,
) -> Snapshot:
    """Compile resources that were read already; the same errors as `load`."""
    clusters = {} if previous is None else previous.clusters
    return Snapshot(built(resources, strict=strict, runtime=runtime or {}, previous=clusters))
