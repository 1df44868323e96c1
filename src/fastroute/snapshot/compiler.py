"""Compiles the resources of one snapshot, one by one, and gathers what is refused."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from fastroute.compile.clusters import compile_cluster
from fastroute.compile.context import Context
from fastroute.compile.hcm import compile_hcm
from fastroute.compile.links import node_locality
from fastroute.compile.listeners import compile_listeners
from fastroute.compile.routes import compile_route_configuration, revise_table
from fastroute.config.resources import Resource, Resources, label_of
from fastroute.core.table import RouteTable
from fastroute.errors import ConfigError, Notice
from fastroute.snapshot.parts import Relied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.core.clusters import Cluster
    from fastroute.core.filter_chains import Listener, ListenerTable
    from fastroute.snapshot.wire import Revision

UNNAMED = Resource("", None)  # type: ignore[arg-type]


def _node_cluster(bootstrap: Resource | None) -> str:
    """The cluster of Envoy's own node; "" where it is not known."""
    message: Any = None if bootstrap is None else bootstrap.message
    return "" if message is None else message.node.cluster


class Compiler:
    """`known` are the clusters that exist, None when that cannot be told. Errors and notices add up."""

    def __init__(
        self, resources: Resources, strict: bool, runtime: Mapping[str, object], known: frozenset[str] | None
    ) -> None:
        self.resources = resources
        self.known = known
        self.errors: list[ConfigError] = []
        self.notices: list[Notice] = []
        self._local = node_locality(resources.bootstrap)
        node = _node_cluster(resources.bootstrap)
        self._context = Context(UNNAMED, strict, self.notices, runtime, node_cluster=node, errors=self.errors)

    def surroundings(self) -> None:
        """Look at what lies beside the resources: the bootstrap's own fields and the runtime."""
        bootstrap, runtime = self.resources.bootstrap, self._context.runtime
        if bootstrap is not None:
            from fastroute.compile.bootstrap import check_bootstrap

            check_bootstrap(bootstrap.message, self._context.for_resource(bootstrap, "Bootstrap"))
        if runtime:
            from fastroute.compile.guards import check_runtime

            named = UNNAMED if bootstrap is None else bootstrap
            here = self._context.for_resource(named, "" if bootstrap is None else "Bootstrap")
            check_runtime(runtime, here, "" if bootstrap is None else "layered_runtime")

    def cluster(
        self,
        resource: Resource,
        assignment: Resource | None,
        previous: Cluster | None,
        *,
        first: Resource | None = None,
    ) -> Cluster | None:
        """The cluster of a resource; None when it is refused. `first`: the first one of its name."""
        here = self._context.for_resource(resource, "Cluster")
        if self._broken(resource) or (assignment is not None and self._broken(assignment)):
            return None
        try:
            if first is not None and first is not resource:
                other = here.for_resource(first, "Cluster").conflict("name", named=True)
                wrong = f"cluster manager: duplicate cluster '{resource.name}'"
                here.gather(here.reject("name", wrong, remedy="Rename one of the two.", conflict=other))
            return compile_cluster(resource, assignment, here, local=self._local, previous=previous)
        except ConfigError as error:
            here.keep(error, "the cluster has no endpoints here")
            return None

    def routes(self, resource: Resource) -> tuple[RouteTable | None, frozenset[str]]:
        """The table of a route configuration, None when it is refused, and the clusters that it relies on."""
        here = self._context.for_resource(resource, "RouteConfiguration")
        clusters = self._relied()
        if self._broken(resource):
            return RouteTable(resource.name, ()), frozenset()
        try:
            table = compile_route_configuration(resource, here, clusters=clusters)
        except ConfigError as error:
            here.keep(error, "nothing of the route configuration is decided")
            return RouteTable(resource.name, ()), frozenset()
        return table, frozenset() if clusters is None else frozenset(clusters.names)

    def revised_routes(
        self, table: RouteTable, revision: Revision
    ) -> tuple[RouteTable, list[int], frozenset[str]] | None:
        """The table after a revision, the numbers of its fresh virtual hosts and the clusters that they rely on.

        None when anything is refused; nothing is said of it.
        """
        here = self._context.for_resource(revision.resource, "RouteConfiguration")
        clusters = self._relied()
        hosts = revision.fresh.items()
        errors = len(self.errors)
        try:
            made, numbers = revise_table(table, revision.configuration, here, revision.gone, hosts, clusters)
        except (ConfigError, KeyError):
            return None
        finally:
            refused = len(self.errors) > errors
            del self.errors[errors:]
        if refused:
            return None
        return made, numbers, frozenset() if clusters is None else frozenset(clusters.names)

    def listeners(self, reuse: Mapping[str, Listener]) -> tuple[ListenerTable | None, frozenset[str]]:
        """All listeners, those of `reuse` as they are, and the clusters that the others rely on."""
        clusters = self._relied()

        def manager(message: Message, here: Context, path: str) -> object:
            return compile_hcm(message, here, path, clusters, scopes=self.resources.scoped_routes)

        try:
            table = compile_listeners(self.resources, self._context, compile_manager=manager, reuse=reuse)
        except ConfigError as error:
            self.errors.append(error)
            return None, frozenset()
        return table, frozenset() if clusters is None else frozenset(clusters.names)

    def _broken(self, resource: Resource) -> bool:
        broken = self.resources.broken
        return bool(broken) and label_of(resource.message.DESCRIPTOR.name, resource.name) in broken

    def _relied(self) -> Relied | None:
        return None if self.known is None else Relied(self.known)
