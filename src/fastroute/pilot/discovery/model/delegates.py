"""Routes of delegates in the place of the route that names them.

- A delegate is a VirtualService without hosts, exported to the namespace of its parent; it delegates no further.
- Each of its matches is joined with each match of its parent that it does not contradict: it may only say more. A
  route with a match that contradicts all of them is left out as a whole.
- What the delegate's route does not say, the parent's says for it.
- Short names in a delegate belong to the delegate's namespace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from fastroute.pilot.discovery.model.hosts import exported, qualify
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.traffic import (
    Destination,
    Headers,
    HTTPMatch,
    HTTPRoute,
    StringMatch,
    VirtualService,
)

DOMAIN: Final = "cluster.local"
INHERITED: Final = (
    "rewrite", "timeout", "retries", "fault", "mirror", "mirror_percent", "mirror_percentage", "mirrors",
    "cors_policy", "headers",
)  # fmt: skip
UNSAID: Final = (None, (), Headers())


def with_delegates(registry: Registry, one: Object[VirtualService]) -> Iterator[HTTPRoute]:
    """The routes of a VirtualService, those of its delegates in place."""
    for route in one.spec.http:
        if route.delegate is None:
            yield route
            continue
        namespace = route.delegate.namespace or one.namespace
        for child in registry.virtual_services:
            found = (child.name, child.namespace) == (route.delegate.name, namespace)
            if found and not child.spec.hosts and is_exported(registry, child, one.namespace):
                yield from _merged(route, child)


def is_exported(registry: Registry, child: Object[VirtualService], namespace: str) -> bool:
    """Whether rules of a namespace may delegate to it."""
    return exported(child.spec.export_to or registry.mesh.default_virtual_service_export_to, child.namespace, namespace)


def _merged(parent: HTTPRoute, child: Object[VirtualService]) -> Iterator[HTTPRoute]:
    for route in child.spec.http:
        if route.delegate is not None:
            continue
        matches = joined_matches(parent.match, route.match)
        if matches is None:
            continue
        said = {name: getattr(parent, name) for name in INHERITED if getattr(route, name) in UNSAID}
        yield replace(_located(route, child.namespace), match=matches, name=_joined(parent.name, route.name), **said)


def _located(route: HTTPRoute, namespace: str) -> HTTPRoute:
    def full(to: Destination) -> Destination:
        return replace(to, host=qualify(to.host, namespace, DOMAIN))

    targets = tuple(replace(one, destination=full(one.destination)) for one in route.route)
    mirrors = tuple(replace(one, destination=full(one.destination)) for one in route.mirrors)
    mirror = full(route.mirror) if route.mirror is not None else None
    return replace(route, route=targets, mirror=mirror, mirrors=mirrors)


def _joined(parent: str, child: str) -> str:
    return "-".join(name for name in (parent, child) if name)


def joined_matches(parents: tuple[HTTPMatch, ...], children: tuple[HTTPMatch, ...]) -> tuple[HTTPMatch, ...] | None:
    """The matches of both together, or None where one of the children's contradicts all of the parents'."""
    if not parents or not children:
        return parents or children
    found: list[HTTPMatch] = []
    for child in children:
        both = [_both(parent, child) for parent in parents if not _contradicts(parent, child)]
        if not both:
            return None
        found += both
    return tuple(found)


def _both(parent: HTTPMatch, child: HTTPMatch) -> HTTPMatch:
    fields: dict[str, object] = {}
    for name in ("uri", "scheme", "method", "authority", "port", "source_namespace", "gateways", "stat_prefix"):
        said = getattr(child, name)
        fields[name] = said if said not in (None, "", ()) else getattr(parent, name)
    for name in ("headers", "without_headers", "query_params", "source_labels"):
        fields[name] = {**getattr(parent, name), **getattr(child, name)}
    return replace(child, name=_joined(parent.name, child.name), **fields)  # type: ignore[arg-type]


def _contradicts(parent: HTTPMatch, child: HTTPMatch) -> bool:
    """Whether a child's match asks for something that is not part of what its parent takes."""
    texts = ("uri", "scheme", "method", "authority")
    if any(_text_contradicts(getattr(parent, name), getattr(child, name)) for name in texts):
        return True
    maps = ("headers", "without_headers", "query_params")
    if any(_map_contradicts(getattr(parent, name), getattr(child, name)) for name in maps):
        return True
    labels = parent.source_labels
    return (
        parent.ignore_uri_case != child.ignore_uri_case
        or (parent.port is not None and child.port is not None and parent.port != child.port)
        or (parent.source_namespace != "" and child.source_namespace != parent.source_namespace)
        or any(labels.get(label, value) != value for label, value in child.source_labels.items())
        or (bool(parent.gateways) and not set(child.gateways) <= set(parent.gateways))
    )


def _map_contradicts(parent: Mapping[str, StringMatch], child: Mapping[str, StringMatch]) -> bool:
    return any(_text_contradicts(parent.get(name), how) for name, how in child.items())


def _text_contradicts(parent: StringMatch | None, child: StringMatch | None) -> bool:
    """`/a/b` is part of the prefix `/a`; of an expression, and of whatever is there, nothing is, as Istio has it."""
    if parent is None or child is None:
        return False
    if parent.exact:
        return child.exact != parent.exact
    if parent.prefix:
        return not (child.exact or child.prefix or "").startswith(parent.prefix)
    return True
