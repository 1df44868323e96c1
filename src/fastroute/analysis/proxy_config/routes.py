"""The table of routes: NAME, DOMAINS, MATCH, VIRTUAL SERVICE, one row for each route.

- Only route configurations that came over RDS, not those inside listeners.
- Sorted by name, numbers by their value, then by the domains shown.
- Profile 1.8 shows the shortest domain that does not begin with a digit; profile current shows the virtual
  host's name, and two domains without their ports and expansions, and says how many more there are.
- Routes to PassthroughCluster are not shown. A virtual host without routes is shown as `/*` and 404.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastroute.analysis.proxy_config.fields import managed_by
from fastroute.analysis.proxy_config.table import Table
from fastroute.api.pool import message_class
from fastroute.config.resources import Resources

NOTE: Final = "NOTE: This output only contains routes loaded via RDS."
HEADERS: Final = {
    "1.8": ("NAME", "DOMAINS", "MATCH", "VIRTUAL SERVICE"),
    "current": ("NAME", "VHOST NAME", "DOMAINS", "MATCH", "VIRTUAL SERVICE"),
}
_SHOWN: Final = 2


def select_routes(resources: Resources, *, name: str = "") -> list[Any]:
    """Copies of the route configurations, sorted by name, and the virtual hosts of each by name."""
    chosen = [one.message for one in resources.routes if not name or one.name == name]
    found: list[Any] = []
    for one in chosen:
        copy: Any = message_class(one.DESCRIPTOR.full_name)()
        copy.CopyFrom(one)
        hosts = sorted(copy.virtual_hosts, key=lambda host: str(host.name))
        kept = [type(host).FromString(host.SerializeToString()) for host in hosts]
        del copy.virtual_hosts[:]
        copy.virtual_hosts.extend(kept)
        found.append(copy)
    return sorted(found, key=lambda one: str(one.name))


def route_table(resources: Resources, *, profile: str = "1.8", name: str = "") -> Table:
    """The table of the routes of all route configurations, or of the one of that name."""
    found = [row for one in select_routes(resources, name=name) for row in _rows(one, profile)]
    domains = HEADERS[profile].index("DOMAINS")
    found.sort(key=lambda row: (not row[0].isdigit(), int(row[0]) if row[0].isdigit() else 0, row[0], row[domains]))
    return Table(HEADERS[profile], tuple(found), note=NOTE)


def _rows(configuration: Any, profile: str) -> Iterator[tuple[str, ...]]:
    for host in configuration.virtual_hosts:
        domains = list(host.domains)
        shown = (shortest(domains),) if profile == "1.8" else (host.name, some(domains))
        for route in host.routes:
            if route.route.cluster != "PassthroughCluster":
                yield (configuration.name, *shown, path_text(route.match), managed_by(route.metadata))
        if not host.routes:
            yield (configuration.name, *shown, "/*", "404")


def shortest(domains: list[str]) -> str:
    """The shortest domain that does not begin with a digit; the first if all do."""
    named = [one for one in domains if not one[:1].isdigit()]
    return min(named or domains[:1], key=len, default="")


def some(domains: list[str]) -> str:
    """Up to two domains, without ports and without longer forms of one another, and the number of the rest."""
    bare = [one for one in domains if ":" not in one or (one.startswith("[") and one.endswith("]"))]
    known = set(bare)
    longer = (".svc.cluster.local", ".svc")
    kept = [one for one in bare if not any(one.endswith(end) and one.removesuffix(end) in known for end in longer)]
    text = ", ".join(kept[:_SHOWN])
    return f"{text} + {len(kept) - _SHOWN} more..." if len(kept) > _SHOWN else text


def path_text(match: Any) -> str:
    """What a route asks of the path: `/login`, `/static*`, `regex …`."""
    kind = match.WhichOneof("path_specifier")
    if kind == "prefix":
        return f"{match.prefix}*"
    if kind == "safe_regex":
        return f"regex {match.safe_regex.regex}"
    if kind == "path_separated_prefix":
        return f"PathPrefix:{match.path_separated_prefix}"
    return str(getattr(match, kind)) if kind == "path" else str(kind or "")
