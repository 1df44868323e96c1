"""All resources compiled, from nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastroute.compile.links import link_clusters
from fastroute.errors import joined
from fastroute.records import record
from fastroute.snapshot.compiler import Compiler
from fastroute.snapshot.parts import Parts, known_clusters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.config.resources import Resource, Resources
    from fastroute.core.clusters import Cluster
    from fastroute.core.filter_chains import ListenerTable
    from fastroute.core.table import RouteTable


def built(
    resources: Resources, *, strict: bool, runtime: Mapping[str, object], previous: Mapping[str, Cluster]
) -> Parts:
    """The parts of a snapshot. `runtime` lies over that of the resources; `previous` lends the state of its hosts.

    Raises ConfigError, with the others in it, when anything is refused.
    """
    keys = {**resources.runtime, **runtime}
    known = known_clusters((resource.name for resource in resources.clusters), resources)
    compiler = Compiler(resources, strict, keys, known)
    made = compile_all(compiler, previous)
    if compiler.errors or made.listeners is None:
        raise joined(compiler.errors)
    return Parts(
        resources=resources,
        strict=strict,
        runtime=keys,
        known=known,
        clusters=made.clusters,
        routes=made.routes,
        listeners=made.listeners,
        relied=made.relied,
        listeners_relied=made.listeners_relied,
        notices=(*resources.notices, *compiler.notices),
    )


@record
class Made:
    """What came of all resources; of no use where the compiler has errors."""

    clusters: dict[str, Cluster]
    routes: dict[str, RouteTable]
    listeners: ListenerTable | None
    relied: dict[str, frozenset[str]]
    listeners_relied: frozenset[str]


def compile_all(compiler: Compiler, previous: Mapping[str, Cluster]) -> Made:
    """Compile all resources of the compiler, which gathers what is wrong with them."""
    compiler.surroundings()
    clusters = dict(_clusters(compiler, previous))
    link_clusters(clusters, compiler.resources.bootstrap)
    relied: dict[str, frozenset[str]] = {}
    routes = dict(_routes(compiler, relied))
    listeners, listeners_relied = compiler.listeners({})
    return Made(clusters, routes, listeners, relied, listeners_relied)


def _clusters(compiler: Compiler, previous: Mapping[str, Cluster]) -> Iterator[tuple[str, Cluster]]:
    assignments = {resource.name: resource for resource in compiler.resources.endpoints}
    seen: dict[str, Resource] = {}
    for resource in compiler.resources.clusters:
        message: Any = resource.message
        assignment = assignments.get(message.eds_cluster_config.service_name or resource.name)
        first = seen.setdefault(resource.name, resource)
        cluster = compiler.cluster(resource, assignment, previous.get(resource.name), first=first)
        if cluster is not None:
            yield resource.name, cluster


def _routes(compiler: Compiler, relied: dict[str, frozenset[str]]) -> Iterator[tuple[str, RouteTable]]:
    # One that a listener contains is known by its name only where no other has that name.
    for resource in sorted(compiler.resources.routes, key=lambda one: one.origin != "inline"):
        table, names = compiler.routes(resource)
        if names:
            relied[resource.name] = names
        if table is not None:
            yield resource.name, table
