"""A config dump of Envoy's admin page, taken apart.

Rules: what is in force counts: `active_state` of listeners and dynamic clusters that are active,
not what warms, drains or failed. The bootstrap in the dump names its static resources again; they
are taken from their own sections. Route configurations written inside a listener
(`static_route_configs`) are marked as inline: no listener can ask for them by name.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api import names, pool
from fastroute.api.transcode import Tree, snake_case
from fastroute.records import record

DUMPED = "dump"
STATIC, DYNAMIC, INLINE = "static", "dynamic", "inline"


@record
class Piece:
    """One resource of a dump: its kind, its tree, and where it stands."""

    kind: str
    tree: Tree
    root: str
    version: str = ""
    origin: str = ""


@record
class _Section:
    field: str
    member: str
    kind: str
    origin: str


_SECTIONS = (
    _Section("static_listeners", "listener", names.LISTENER, STATIC),
    _Section("dynamic_listeners", "listener", names.LISTENER, DYNAMIC),
    _Section("static_clusters", "cluster", names.CLUSTER, STATIC),
    _Section("dynamic_active_clusters", "cluster", names.CLUSTER, DYNAMIC),
    _Section("static_route_configs", "route_config", names.ROUTE_CONFIGURATION, INLINE),
    _Section("dynamic_route_configs", "route_config", names.ROUTE_CONFIGURATION, DYNAMIC),
    _Section("inline_scoped_route_configs", "scoped_route_configs", names.SCOPED_ROUTE_CONFIGURATION, INLINE),
    _Section("dynamic_scoped_route_configs", "scoped_route_configs", names.SCOPED_ROUTE_CONFIGURATION, DYNAMIC),
    _Section("static_endpoint_configs", "endpoint_config", names.CLUSTER_LOAD_ASSIGNMENT, STATIC),
    _Section("dynamic_endpoint_configs", "endpoint_config", names.CLUSTER_LOAD_ASSIGNMENT, DYNAMIC),
    _Section("static_secrets", "secret", names.SECRET, STATIC),
    _Section("dynamic_active_secrets", "secret", names.SECRET, DYNAMIC),
)
_MEMBERS = {section.member: section.kind for section in _SECTIONS}
_ENTRY_KEYS = frozenset(("version_info", "last_updated", "client_status", "error_state", "@type", "name"))


def pieces(tree: Tree) -> Iterator[Piece]:
    """The resources in force of a whole dump."""
    configs = tree.get("configs")
    for position, section in enumerate(configs if isinstance(configs, list) else []):
        if isinstance(section, dict):
            yield from _of_section(section, f"configs[{position}]")


def _of_section(section: Tree, root: str) -> Iterator[Piece]:
    bootstrap = section.get("bootstrap")
    if isinstance(bootstrap, dict):
        yield Piece(names.BOOTSTRAP, bootstrap, f"{root}.bootstrap", "", DUMPED)
    for known in _SECTIONS:
        entries = _get(section, known.field)
        for position, item in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(item, dict):
                yield from _of_entry(item, known, f"{root}.{known.field}[{position}]")


def _of_entry(item: Tree, section: _Section, root: str) -> Iterator[Piece]:
    if section.field == "dynamic_listeners":
        active = _get(item, "active_state")
        if not isinstance(active, dict):
            return
        item, root = active, f"{root}.active_state"
    version = _version(item)
    member = _get(item, section.member)
    if isinstance(member, dict):
        yield Piece(section.kind, _bare(member), f"{root}.{section.member}", version, section.origin)
    elif isinstance(member, list):
        for position, inner in enumerate(member):
            if isinstance(inner, dict):
                place = f"{root}.{section.member}[{position}]"
                yield Piece(section.kind, _bare(inner), place, version, section.origin)


def entry(tree: Tree) -> Piece | None:
    """The resource of a single entry of a dump, such as `{"version_info": …, "cluster": {…}}`."""
    for name, kind in _MEMBERS.items():
        member = _get(tree, name)
        if isinstance(member, dict) and "@type" in member:
            inner = pool.type_name(str(member["@type"]))
            if inner == kind and all(snake_case(key) in _ENTRY_KEYS or snake_case(key) == name for key in tree):
                return Piece(kind, _bare(member), name, _version(tree))
    return None


def _bare(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if key != "@type"}


def _version(tree: Tree) -> str:
    return str(_get(tree, "version_info") or "")


def _get(tree: Tree, name: str) -> object:
    if name in tree:
        return tree[name]
    return next((value for key, value in tree.items() if snake_case(key) == name), None)
