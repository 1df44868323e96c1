"""An update compiles what it touches and shares the rest.

Rules:
- What it gives equals a fresh build of the same resources, to the notices and the errors.
- A cluster is made anew when its resource or its load assignment changed, an aggregate also when one of
  its clusters did, and every cluster when the local one did (LB-22). Hosts that stay keep their state.
- A route configuration is compiled anew when it changed, and when a cluster is gone that it was
  compiled on (RA-05). Where only virtual hosts changed, only those are compiled.
- A listener is compiled anew when it changed, when a scope did that it may look up, and when the
  existence of a cluster changed that it forwards to.
- Two resources of one name, notices of lenient loading, and the first or the last cluster of a
  snapshot without a bootstrap (then no cluster is known, or every one was) need a fresh build.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastroute.compile.links import link_cluster, local_cluster
from fastroute.config.changes import KINDS, Changes, Content, read_changes
from fastroute.config.resources import Resources, WireResource
from fastroute.core.hcm import HttpManager
from fastroute.errors import ConfigError, joined
from fastroute.records import record, replace
from fastroute.snapshot.compiler import Compiler
from fastroute.snapshot.index import Index, Named, merged
from fastroute.snapshot.parts import Parts, known_clusters
from fastroute.snapshot.wire import Revision, Wire, revision, wire_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.core.chain import ChainEntry
    from fastroute.core.clusters import Cluster
    from fastroute.core.filter_chains import Listener, ListenerTable
    from fastroute.core.table import RouteTable


def updated(parts: Parts, index: Index, changes: Changes) -> tuple[Parts, Index] | None:
    """The parts after `changes` and their index; None where only a fresh build can tell.

    Raises ConfigError, with the others in it, when anything is refused.
    """
    if parts.notices:
        return None
    revisions = dict(_revisions(parts, index, changes.routes))
    rest = {name: content for name, content in changes.routes.items() if name not in revisions}
    fresh, errors = read_changes(replace(changes, routes=rest), runtime=parts.resources.runtime, strict=parts.strict)
    fresh.routes.extend(each.resource for each in revisions.values())
    kinds = {kind: _merged(index, changes, fresh, kind) for kind in KINDS}
    resources = _resources(parts.resources, changes, kinds)
    update = Update(parts, index, changes, kinds, resources, revisions)
    if fresh.notices or (update.known is None) != (parts.known is None):
        return None
    if errors:
        from fastroute.snapshot.further import beside, repair, unread

        repair(fresh, resources)
        refused = Update(parts, index, changes, kinds, resources, revisions, unread=unread(errors))
        raise joined([*errors, *beside(errors, refused.errors(), resources)])
    return update.run()


def _merged(index: Index, changes: Changes, fresh: Resources, kind: str) -> Named:
    return merged(index.kinds[kind], getattr(changes, kind), {each.name: each for each in getattr(fresh, kind)})


def _revisions(parts: Parts, index: Index, routes: Mapping[str, Content]) -> Iterator[tuple[str, Revision]]:
    """The route configurations that can be revised."""
    for name, content in routes.items():
        before = index.kinds["routes"].get(name)
        if before is not None and content is not None:
            wire = parts.wires.get(name) or wire_of(before)
            found = None if wire is None else revision(name, content, wire)
            if found is not None:
                yield name, found


def _resources(before: Resources, changes: Changes, kinds: Mapping[str, Named]) -> Resources:
    after = replace(before, broken=set(before.broken))
    for kind, named in kinds.items():
        if getattr(changes, kind):
            setattr(after, kind, list(named.values()))
    return after


@record
class Routes:
    """Tables, the clusters that they rely on, and their wire forms."""

    tables: dict[str, RouteTable]
    relied: dict[str, frozenset[str]]
    wires: dict[str, Wire]

    def forget(self, name: str, *, table: bool = True) -> None:
        """Let go of what is known of a table, and of the table unless another takes its place."""
        self.relied.pop(name, None)
        self.wires.pop(name, None)
        if table:
            self.tables.pop(name, None)

    def put(self, name: str, table: RouteTable, relied: frozenset[str], wire: Wire | None) -> None:
        """The table of that name from now on."""
        self.tables[name] = table
        if relied:
            self.relied[name] = relied
        if wire is not None:
            self.wires[name] = wire


class Update:
    """One update: `before` and its `index`, what changes, and the resources after it."""

    def __init__(
        self,
        before: Parts,
        index: Index,
        changes: Changes,
        kinds: Mapping[str, Named],
        resources: Resources,
        revisions: Mapping[str, Revision],
        *,
        unread: bool = False,
    ) -> None:
        """`unread`: something could not be read, so that any cluster may be known."""
        self.before = before
        self.index = index
        self.changes = changes
        self.kinds = kinds
        self.resources = resources
        self.revisions = revisions
        named = kinds["clusters"]
        self.gone = frozenset(name for name in changes.clusters if name in before.clusters and name not in named)
        self.new = frozenset(name for name in changes.clusters if name not in before.clusters and name in named)
        self.known = before.known if not (self.gone or self.new) else known_clusters(named, resources)
        self.compiler = Compiler(resources, before.strict, before.runtime, None if unread else self.known)

    def run(self) -> tuple[Parts, Index] | None:
        """Compile in the order of a fresh build."""
        clusters, routes, (listeners, listeners_relied) = self._compiled()
        if self.compiler.notices:
            return None
        if self.compiler.errors or listeners is None:
            raise joined(self.compiler.errors)
        parts = replace(
            self.before,
            resources=self.resources,
            known=self.known,
            clusters=clusters,
            routes=routes.tables,
            listeners=listeners,
            relied=routes.relied,
            listeners_relied=listeners_relied,
            wires=routes.wires,
        )
        return parts, self.index.after(self.kinds, self.before.clusters, clusters, self.changes.clusters)

    def errors(self) -> list[ConfigError]:
        """What compiling refuses."""
        self._compiled()
        return self.compiler.errors

    def _compiled(self) -> tuple[dict[str, Cluster], Routes, tuple[ListenerTable | None, frozenset[str]]]:
        return self.clusters(), self.routes(), self.listeners()

    # Clusters

    def clusters(self) -> dict[str, Cluster]:
        """The clusters after the update."""
        changed = {name for name in self.changes.clusters if name in self.gone or name in self.kinds["clusters"]}
        for service in self.changes.endpoints:
            changed.update(self.index.services.get(service, ()))
        local = local_cluster(self.resources.bootstrap)
        touched = {*self.kinds["clusters"], *changed} if local in changed else changed | self.index.above(changed)
        if not touched:
            return self.before.clusters
        made = self._made(touched)
        for name in touched:
            if name in made:
                link_cluster(made[name], made, local)
        return made

    def _made(self, touched: set[str]) -> dict[str, Cluster]:
        made = dict(self.before.clusters)
        # In the order of the resources, so that new ones come last in theirs and errors as in a fresh build.
        order = touched if len(touched) == 1 else [name for name in self.kinds["clusters"] if name in touched]
        for name in self.gone:
            del made[name]
        for name in order:
            if name in self.gone:
                continue
            cluster = self._cluster(name)
            if cluster is not None:
                made[name] = cluster
        return made

    def _cluster(self, name: str) -> Cluster | None:
        resource = self.kinds["clusters"][name]
        message: Any = resource.message
        assignment = self.kinds["endpoints"].get(message.eds_cluster_config.service_name or name)
        return self.compiler.cluster(resource, assignment, self.before.clusters.get(name))

    # Route configurations

    def routes(self) -> Routes:
        """The tables after the update."""
        before = self.before
        stale = {name for name, names in before.relied.items() if not names.isdisjoint(self.gone)}
        touched = stale | self.changes.routes.keys()
        if not touched:
            return Routes(before.routes, before.relied, before.wires)
        made = Routes(dict(before.routes), dict(before.relied), dict(before.wires))
        named = self.kinds["routes"]
        for name in touched - named.keys():
            made.forget(name)
        for name in [name for name in named if name in touched]:
            if name in stale or not self._revise(name, made):
                self._compile(name, made)
        return made

    def _revise(self, name: str, made: Routes) -> bool:
        """Whether the virtual hosts that changed could be put into the table that was there."""
        revision = self.revisions.get(name)
        found = None if revision is None else self.compiler.revised_routes(made.tables[name], revision)
        if revision is None or found is None:
            return False
        table, numbers, relied = found
        made.put(name, table, relied | made.relied.get(name, frozenset()), revision.wire(numbers))
        return True

    def _compile(self, name: str, made: Routes) -> None:
        made.forget(name, table=False)
        resource = self.kinds["routes"][name]
        table, relied = self.compiler.routes(resource)
        if table is not None:
            made.put(name, table, relied, wire_of(resource) if isinstance(resource, WireResource) else None)

    # Listeners

    def listeners(self) -> tuple[ListenerTable | None, frozenset[str]]:
        """All listeners after the update, and the clusters that they rely on."""
        table, relied = self.before.listeners, self.before.listeners_relied
        reuse = {}
        if relied.isdisjoint(self.gone):
            reuse = {each.name: each for each in table.listeners if self._stays(each)}
        if len(reuse) == len(table.listeners) and not self.changes.listeners:
            return table, relied
        made, names = self.compiler.listeners(reuse)
        return made, relied | names

    def _stays(self, listener: Listener) -> bool:
        if listener.name in self.changes.listeners:
            return False
        entries = listener.entries if listener.default_entry is None else (*listener.entries, listener.default_entry)
        return not any(self._affects(entry) for entry in entries)

    def _affects(self, entry: ChainEntry) -> bool:
        """Whether a filter chain may do something else after the update."""
        if entry.kind == "http" and self.changes.scoped_routes:
            return isinstance(entry.manager, HttpManager) and entry.manager.scopes is not None
        if entry.kind != "tcp" or not (self.gone or self.new):
            return False
        names = {entry.cluster, *(name for name, _, _ in entry.weighted)}
        return entry.from_server_name or not (names.isdisjoint(self.gone) and names.isdisjoint(self.new))
