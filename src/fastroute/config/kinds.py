"""What is this document? A guess from the fields that it names.

A document is the kind of resource that has most of its keys as fields, so that a misspelt key does
not change the guess. Wrappers are told by the keys that only they have.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping

from fastroute.api import names, pool
from fastroute.api.transcode import snake_case

KINDS = (
    names.BOOTSTRAP,
    names.ROUTE_CONFIGURATION,
    names.LISTENER,
    names.CLUSTER,
    names.CLUSTER_LOAD_ASSIGNMENT,
    names.SCOPED_ROUTE_CONFIGURATION,
    names.VIRTUAL_HOST,
    names.SECRET,
)
"""The kinds of resource that a document can be, the first of equals winning."""

DUMP = "config dump"
LISTS = "resource lists"
RESPONSE = "discovery response"

LISTS_OF = {
    "listeners": names.LISTENER,
    "routes": names.ROUTE_CONFIGURATION,
    "route_configurations": names.ROUTE_CONFIGURATION,
    "scoped_routes": names.SCOPED_ROUTE_CONFIGURATION,
    "virtual_hosts": names.VIRTUAL_HOST,
    "clusters": names.CLUSTER,
    "endpoints": names.CLUSTER_LOAD_ASSIGNMENT,
    "secrets": names.SECRET,
}
"""The keys of a mapping of resource lists, and what each list holds."""

_RESPONSE_KEYS = frozenset(("version_info", "system_version_info", "resources", "removed_resources", "type_url"))


@functools.cache
def fields_of(full_name: str) -> frozenset[str]:
    """The names of the fields of a message."""
    return frozenset(field.name for field in pool.pool().FindMessageTypeByName(full_name).fields)


def wrapper(tree: Mapping[str, object]) -> str | None:
    """Whether the document wraps resources, and in what; None for a resource."""
    keys = {snake_case(key) for key in tree if key != "@type"}
    if "configs" in keys:
        return DUMP
    if "resources" in keys and keys & _RESPONSE_KEYS:
        return RESPONSE
    if keys and keys <= LISTS_OF.keys() and all(isinstance(value, list | tuple) for value in tree.values()):
        return None if _is_one_resource(tree, keys) else LISTS
    return None


def _is_one_resource(tree: Mapping[str, object], keys: set[str]) -> bool:
    """Whether the list is a field of a nameless resource: virtual hosts, or localities of endpoints."""
    if keys == {"endpoints"}:
        items: object = tree["endpoints"]
        return not any(
            isinstance(item, Mapping) and ("cluster_name" in item or "clusterName" in item)
            for item in (items if isinstance(items, list | tuple) else ())
        )
    return keys == {"virtual_hosts"}


def resource(keys: Iterable[str]) -> str:
    """The kind of resource that has most of the `keys`; a bootstrap for a document without any."""
    named = {snake_case(key) for key in keys}
    found, most = KINDS[0], -1
    for kind in KINDS:
        shared = len(named & fields_of(kind))
        if shared == len(named):
            return kind
        if shared > most:
            found, most = kind, shared
    return found
