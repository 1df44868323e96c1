"""RouteConfiguration to the core's table.

RA-05  `validate_clusters`: clusters are checked where it is true; it is by default for a configuration that is
       inline in its connection manager, and not for one that comes by RDS.
VH-09  Domains are unique, without case, among those of one kind; `*` occurs once.
VH-10  A virtual host has a name and a domain; names may repeat, and there may be no routes.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from fastroute.api import pool
from fastroute.compile import cluster_specifiers
from fastroute.compile.scopes import ROUTE_CONFIGURATION_FIELDS, compile_scope
from fastroute.compile.virtual_hosts import VirtualHostSpec, compile_virtual_host, undecided_host
from fastroute.core.table import RouteTable
from fastroute.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.cluster_specifiers import Plugins
    from fastroute.compile.context import Context
    from fastroute.config.resources import Resource

_HANDLED = (
    "name",
    "virtual_hosts",
    "ignore_port_in_host_matching",
    "ignore_path_parameters_in_path_matching",
    "vhost_header",
    "internal_only_headers",
    "validate_clusters",
    *ROUTE_CONFIGURATION_FIELDS,
)
_INERT = ("metadata",)


def compile_route_configuration(
    resource: Resource, ctx: Context, *, clusters: Container[str] | None = None
) -> RouteTable:
    """The table of a RouteConfiguration that is a resource of its own; `clusters` are those that exist, if known."""
    message: Any = resource.message
    check = message.validate_clusters.value
    return compile_table(message, ctx, "", clusters if check else None)


def compile_inline(message: Any, ctx: Context, path: str, clusters: Container[str] | None) -> RouteTable:
    """The table of a RouteConfiguration inside a connection manager, at `path`."""
    check = message.validate_clusters.value or not message.HasField("validate_clusters")
    return compile_table(message, ctx, path, clusters if check else None)


def compile_table(message: Any, ctx: Context, path: str, clusters: Container[str] | None) -> RouteTable:
    """The table of the RouteConfiguration at `path`."""
    ctx.only(message, path, _HANDLED, _INERT)
    dot = f"{path}." if path else ""
    plugins = _plugins(message, ctx, f"{dot}cluster_specifier_plugins")
    hosts = [
        _kept_host(host, message, ctx, f"{dot}virtual_hosts[{number}]", clusters, plugins)
        for number, host in enumerate(message.virtual_hosts)
    ]
    if not hosts:
        _check_shared(message, ctx, path, clusters, plugins)
    _check_domains(hosts, message.name, ctx, dot)
    return RouteTable(
        message.name,
        hosts,
        ignore_port=message.ignore_port_in_host_matching,
        ignore_parameters=message.ignore_path_parameters_in_path_matching,
        vhost_header=message.vhost_header.encode("utf-8"),
        internal_only_headers=tuple(name.encode("utf-8") for name in message.internal_only_headers),
    )


def _check_shared(message: Any, ctx: Context, path: str, clusters: Container[str] | None, plugins: Plugins) -> None:
    """What virtual hosts would share is refused without any, too."""
    host = pool.new("envoy.config.route.v3.VirtualHost")
    dot = f"{path}." if path else ""
    ctx.attempt(None, compile_scope, host, message, ctx, f"{dot}virtual_hosts[0]", clusters, plugins)


def _plugins(message: Any, ctx: Context, path: str) -> Plugins:
    messages = message.cluster_specifier_plugins
    return cluster_specifiers.compile_plugins(messages, ctx, path) if messages else {}


def _kept_host(
    host: Any,
    message: Any,
    ctx: Context,
    path: str,
    clusters: Container[str] | None,
    plugins: Plugins,
) -> VirtualHostSpec:
    notices = len(ctx.notices)
    try:
        return compile_virtual_host(host, message, ctx, path, clusters, plugins)
    except ConfigError as error:
        del ctx.notices[notices:]
        ctx.keep(error, "the virtual host is not decided")
        return undecided_host(host)


def revise_table(
    table: RouteTable,
    configuration: Any,
    ctx: Context,
    gone: list[tuple[int, Sequence[bytes]]],
    hosts: Iterable[tuple[int, Any]],
    clusters: Container[str] | None,
) -> tuple[RouteTable, list[int]]:
    """The table with other virtual hosts, and their numbers in it.

    `configuration` is the RouteConfiguration, resource of its own, without any virtual host; in all else it
    is that of `table`. `gone` are numbers and domains of virtual hosts that are there no more, `hosts` the
    new ones with their places in the list. Raises KeyError for a domain that another virtual host has.
    """
    known = clusters if configuration.validate_clusters.value else None
    plugins = _plugins(configuration, ctx, "cluster_specifier_plugins")
    fresh = [
        compile_virtual_host(host, configuration, ctx, f"virtual_hosts[{place}]", known, plugins)
        for place, host in hosts
    ]
    return table.revised(gone, fresh)


def _check_domains(hosts: list[VirtualHostSpec], name: str, ctx: Context, dot: str) -> None:
    seen: dict[bytes, tuple[int, int]] = {}
    for number, host in enumerate(hosts):
        for place, domain in enumerate(host.domains):
            first = seen.setdefault(domain, (number, place))
            if first == (number, place):
                continue
            where, other = (f"{dot}virtual_hosts[{one}].domains[{at}]" for one, at in ((number, place), first))
            wrong = f"Only a single wildcard domain is permitted in route {name}"
            if domain != b"*":
                shown = domain.decode("utf-8")
                wrong = (
                    f"Only unique values for domains are permitted. Duplicate entry of domain {shown} in route {name}"
                )
            remedy = "Remove one of the two."
            error = ctx.reject(where, wrong, remedy=remedy, conflict=ctx.conflict(other))
            ctx.keep(error, "the first counts")
