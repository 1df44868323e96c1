"""An immutable set of compiled tables with one version, and how to load it.

Rules:

* A snapshot is whole: it either compiled completely or there is an error and no snapshot.
* Nothing in it changes after it was built, but for what endpoints remember (health, load, rotation).
* Whether a cluster exists is judged against the clusters of the same snapshot. A source without any
  cluster and without a bootstrap (a route configuration alone) cannot tell: there every name exists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from google.protobuf.message import Message

from fastroute.compile.clusters import compile_cluster, is_dns, resolve_names
from fastroute.compile.context import Context
from fastroute.compile.hcm import compile_hcm
from fastroute.compile.links import link_clusters, node_locality
from fastroute.compile.listeners import compile_listeners
from fastroute.compile.routes import compile_route_configuration
from fastroute.config.changes import Changes, apply, joined
from fastroute.config.load import Source, read
from fastroute.config.resources import Resource, Resources
from fastroute.core.clusters import Cluster
from fastroute.core.filter_chains import ListenerTable
from fastroute.core.table import RouteTable
from fastroute.errors import ConfigError, Notice

_UNNAMED = Resource("", None)  # type: ignore[arg-type]


class Snapshot:
    """Compiled listeners, route configurations and clusters, and the resources they came from."""

    __slots__ = (
        "_version",
        "clusters",
        "knows_clusters",
        "listeners",
        "notices",
        "resources",
        "routes",
        "runtime",
        "strict",
    )

    def __init__(
        self,
        *,
        listeners: ListenerTable,
        routes: Mapping[str, RouteTable],
        clusters: Mapping[str, Cluster],
        resources: Resources,
        runtime: Mapping[str, object],
        notices: Iterable[Notice] = (),
        strict: bool = True,
    ) -> None:
        self._version = ""
        self.strict = strict
        self.listeners = listeners
        self.routes = MappingProxyType(dict(routes))
        self.clusters = MappingProxyType(dict(clusters))
        self.resources = resources
        self.runtime = MappingProxyType(dict(runtime))
        self.notices = tuple(notices)
        self.knows_clusters = bool(clusters) or resources.bootstrap is not None

    @property
    def version(self) -> str:
        """A digest of the content: equal resources give equal versions."""
        if not self._version:
            self._version = _digest(self.resources)
        return self._version

    def updated(self, changes: Changes) -> Snapshot:
        """The snapshot after `changes`, as a fresh load of all resources would give it; this one stays.

        Hosts that stay in a cluster keep their state. Which clusters exist is judged anew everywhere.
        Raises ConfigError, with every further error in `others`, when anything is refused; then
        nothing was applied.
        """
        resources = apply(self.resources, changes, strict=self.strict)
        return build(resources, strict=self.strict, runtime=self.runtime, previous=self)

    def resolve(self, lookup: Callable[[str, str], Iterable[str]]) -> None:
        """Give every DNS cluster its hosts: `lookup` takes a name and a DnsLookupFamily (AUTO, V4_ONLY, …).

        Until then a DNS cluster has only the hosts that are IP addresses already. To be called again
        when addresses may have changed; picks go on meanwhile, and hosts that stay keep their state.
        """
        for cluster in self.clusters.values():
            if is_dns(cluster):
                resolve_names(cluster, lookup, Context(_UNNAMED, notices=[], runtime=self.runtime))

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
    `fastroute.config.load`. `strict` refuses what Envoy 1.40 refuses; without it, what can be left out
    is left out, and `Snapshot.notices` says so. `runtime` overrides runtime keys of the bootstrap.
    `previous` is the snapshot that the new one takes the place of: hosts that stay in a cluster of the
    same name keep their state (active requests, health, ejections).
    Raises `ParseError`, `RejectedError` or `UnsupportedError`; further errors are in its `others`.
    """
    return build(read(source, strict=strict), strict=strict, runtime=runtime, previous=previous)


def build(
    resources: Resources,
    *,
    strict: bool = True,
    runtime: Mapping[str, object] | None = None,
    previous: Snapshot | None = None,
) -> Snapshot:
    """Compile resources that were read already; the same errors as `load`."""
    keys = {**resources.runtime, **(runtime or {})}
    ctx = Context(_UNNAMED, strict, list(resources.notices), keys)
    errors: list[ConfigError] = []
    known = _known_clusters(resources)
    clusters = dict(_clusters(resources, ctx, {} if previous is None else previous.clusters, errors))
    link_clusters(clusters, resources.bootstrap)
    routes = dict(_routes(resources, ctx, known, errors))
    listeners = _listeners(resources, ctx, known, errors)
    if errors or listeners is None:
        raise joined(errors)
    return Snapshot(
        listeners=listeners,
        routes=routes,
        clusters=clusters,
        resources=resources,
        runtime=keys,
        notices=ctx.notices,
        strict=strict,
    )


def _known_clusters(resources: Resources) -> frozenset[str] | None:
    names = frozenset(resource.name for resource in resources.clusters)
    return names if names or resources.bootstrap is not None else None


def _clusters(
    resources: Resources, ctx: Context, previous: Mapping[str, Cluster], errors: list[ConfigError]
) -> Iterator[tuple[str, Cluster]]:
    assignments = {resource.name: resource for resource in resources.endpoints}
    local = node_locality(resources.bootstrap)
    seen: set[str] = set()
    for resource in resources.clusters:
        here = ctx.for_resource(resource, "Cluster")
        try:
            if resource.name in seen:
                raise here.reject("name", f"cluster manager: duplicate cluster '{resource.name}'")
            seen.add(resource.name)
            message: Any = resource.message
            service = message.eds_cluster_config.service_name or resource.name
            old = previous.get(resource.name)
            yield resource.name, compile_cluster(resource, assignments.get(service), here, local=local, previous=old)
        except ConfigError as error:
            errors.append(error)


def _routes(
    resources: Resources, ctx: Context, known: frozenset[str] | None, errors: list[ConfigError]
) -> Iterator[tuple[str, RouteTable]]:
    # One that a listener contains is known by its name only where no other has that name.
    for resource in sorted(resources.routes, key=lambda one: one.origin != "inline"):
        here = ctx.for_resource(resource, "RouteConfiguration")
        try:
            yield resource.name, compile_route_configuration(resource, here, clusters=known)
        except ConfigError as error:
            errors.append(error)


def _listeners(
    resources: Resources,
    ctx: Context,
    known: frozenset[str] | None,
    errors: list[ConfigError],
) -> ListenerTable | None:
    def manager(message: Message, here: Context, path: str) -> object:
        return compile_hcm(message, here, path, known, scopes=resources.scoped_routes)

    try:
        return compile_listeners(resources, ctx, compile_manager=manager)
    except ConfigError as error:
        errors.append(error)
        return None


def _digest(resources: Resources) -> str:
    digest = hashlib.sha256()
    groups = (resources.listeners, resources.routes, resources.scoped_routes, resources.clusters, resources.endpoints)
    for group in groups:
        for resource in group:
            digest.update(resource.message.SerializeToString(deterministic=True))
    return digest.hexdigest()[:12]
