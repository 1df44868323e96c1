"""Routes that no request reaches, for an earlier one of their virtual host takes every request that they match.

Only what can be proven is told. Route A shadows a later route B when

* every condition of A besides the path is a condition of B, word for word, and
* A's path takes B's: the same text, or a prefix of it. A text that ignores case takes both kinds, one that minds it
  only those that mind it too. A regex or a template takes only itself; it lies below the literal beginning of its
  matches. A separated prefix takes what is equal or goes on with a slash.

A route that a cluster specifier plugin may pass over (RA-06) shadows none, nor does one that matches nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from fastroute.api import anys, names
from fastroute.compile.context import Context
from fastroute.compile.path_matches import PathMatch, compile_path
from fastroute.config.resources import Resource, Resources
from fastroute.errors import ConfigError, ParseError

_PATHS = ("prefix", "path", "safe_regex", "connect_matcher", "path_separated_prefix", "path_match_policy")
_MOST_KINDS = 64
"""So many different sets of conditions of one virtual host are compared with each other; more only with themselves."""


class Shadow(NamedTuple):
    """A route that is never chosen and the first that takes its requests, by their paths in a resource."""

    resource: Resource
    path: str
    by: str


def find_shadows(resources: Resources) -> Iterator[Shadow]:
    """Every route of `resources` that can be proven to be out of reach."""
    for resource in resources.routes:
        if resource.origin != "inline":
            yield from _in_table(resource, resource.message, "", resources)
    for resource in resources.listeners:
        for table, path in _inline(resource.message):
            yield from _in_table(resource, table, path, resources)
    for resource in resources.virtual_hosts:
        yield from _in_host(resource, resource.message, "", resources)


def _inline(listener: Any) -> Iterator[tuple[Any, str]]:
    """The route configurations within a listener, with their paths."""
    chains = [(chain, f"filter_chains[{number}]") for number, chain in enumerate(listener.filter_chains)]
    if listener.HasField("default_filter_chain"):
        chains.append((listener.default_filter_chain, "default_filter_chain"))
    for chain, path in chains:
        for number, config in enumerate(chain.filters):
            manager = _manager(config)
            if manager is not None:
                yield from _of_manager(manager, f"{path}.filters[{number}].typed_config")


def _manager(config: Any) -> Any | None:
    try:
        found = anys.unpack(config.typed_config)
    except ParseError:
        return None
    return found if found.DESCRIPTOR.full_name == names.HTTP_CONNECTION_MANAGER else None


def _of_manager(manager: Any, path: str) -> Iterator[tuple[Any, str]]:
    if manager.HasField("route_config"):
        yield manager.route_config, f"{path}.route_config."
    here = f"{path}.scoped_routes.scoped_route_configurations_list.scoped_route_configurations"
    for number, scope in enumerate(manager.scoped_routes.scoped_route_configurations_list.scoped_route_configurations):
        yield scope.route_configuration, f"{here}[{number}].route_configuration."


def _in_table(resource: Resource, table: Any, path: str, resources: Resources) -> Iterator[Shadow]:
    stripped = table.ignore_path_parameters_in_path_matching
    for number, host in enumerate(table.virtual_hosts):
        yield from _in_host(resource, host, f"{path}virtual_hosts[{number}].", resources, stripped)


def _in_host(
    resource: Resource, host: Any, path: str, resources: Resources, stripped: bool = False
) -> Iterator[Shadow]:
    ctx = Context(resource, strict=False, runtime=resources.runtime)
    seen: dict[frozenset[bytes], _Earlier] = {}
    for number, route in enumerate(host.routes):
        conditions = _conditions(route.match)
        try:
            match = compile_path(route.match, ctx, "", stripped=stripped)
        except ConfigError:
            continue
        if match.how == "never":
            continue
        key = _specifier(route.match)
        first = min(
            (place for each in _fitting(seen, conditions) if (place := each.find(match, key)) is not None), default=None
        )
        if first is not None:
            yield Shadow(resource, f"{path}routes[{number}]", f"{path}routes[{first}]")
        elif not _may_pass(route):
            seen.setdefault(conditions, _Earlier()).add(match, key, number)


def _conditions(match: Any) -> frozenset[bytes]:
    """Everything that a match asks besides the path, each as bytes; with the fields' numbers, for kinds differ."""
    found = set()
    for field, value in match.ListFields():
        if field.name in _PATHS or field.name == "case_sensitive":
            continue
        for each in value if field.is_repeated else (value,):
            found.add(b"%d:" % field.number + each.SerializeToString(deterministic=True))
    return frozenset(found)


def _fitting(seen: dict[frozenset[bytes], _Earlier], conditions: frozenset[bytes]) -> list[_Earlier]:
    if len(seen) > _MOST_KINDS:
        return [seen[each] for each in {frozenset[bytes](), conditions} if each in seen]
    return [earlier for each, earlier in seen.items() if each <= conditions]


def _specifier(match: Any) -> bytes:
    """The path specifier, word for word."""
    kind = match.WhichOneof("path_specifier")
    value = getattr(match, kind)
    return f"{kind}:".encode() + (
        value.encode() if isinstance(value, str) else value.SerializeToString(deterministic=True)
    )


def _may_pass(route: Any) -> bool:
    kind = route.route.WhichOneof("cluster_specifier")
    return kind in ("cluster_specifier_plugin", "inline_cluster_specifier_plugin")


class _Earlier:
    """The routes so far with the same conditions: the first of each text."""

    def __init__(self) -> None:
        self._words: dict[bytes, int] = {}
        self._texts: dict[tuple[Literal["prefix", "path", "path_separated_prefix"], bool, bytes], int] = {}

    def add(self, match: PathMatch, key: bytes, number: int) -> None:
        """A route that is not shadowed."""
        if match.predicates or match.how == "pathless":
            self._words.setdefault(key, number)
        elif match.how != "never":
            text = match.text if match.case_sensitive else match.text.lower()
            self._texts.setdefault((match.how, match.case_sensitive, text), number)

    def find(self, match: PathMatch, key: bytes) -> int | None:
        """The first route that takes everything that `match` takes."""
        if match.how == "pathless":
            return self._words.get(key)
        found = [self._words[key]] if key in self._words else []
        found += self._taking(match, match.text.lower(), case_sensitive=False)
        if match.case_sensitive:
            found += self._taking(match, match.text, case_sensitive=True)
        return min(found, default=None)

    def _taking(self, match: PathMatch, text: bytes, *, case_sensitive: bool) -> Iterator[int]:
        get = self._texts.get
        open_end = match.how == "prefix" or bool(match.predicates)
        for length in range(len(text) + 1):
            beginning = text[:length]
            candidates = [get(("prefix", case_sensitive, beginning))]
            if text[length : length + 1] == b"/" or (length == len(text) and not open_end):
                candidates.append(get(("path_separated_prefix", case_sensitive, beginning)))
            if length == len(text) and match.how == "path":
                candidates.append(get(("path", case_sensitive, beginning)))
            yield from (each for each in candidates if each is not None)
