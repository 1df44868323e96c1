"""VirtualHost to what the core's table is built from: its domains, and its routes or matcher tree."""

from __future__ import annotations

from collections.abc import Container, Sequence

from fastroute.compile import matcher_trees
from fastroute.compile.route_compiler import UNDECIDED, RouteCompiler
from fastroute.compile.scopes import VIRTUAL_HOST_FIELDS, compile_scope
from fastroute.compile.shared_routes import compile_routes
from fastroute.core.entries import RouteSpec
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from fastroute.compile.cluster_specifiers import Plugins
    from fastroute.compile.context import Context
    from fastroute.core.matchers import TreeNode

    RequireTls = Literal["none", "external_only", "all"]

_HANDLED = ("name", "domains", "routes", "matcher", "require_tls", *VIRTUAL_HOST_FIELDS)
_INERT = ("metadata", "retry_policy_typed_config", "per_request_buffer_limit_bytes", "request_body_buffer_limit")
_REQUIRE_TLS: tuple[RequireTls, ...] = ("none", "external_only", "all")


@record
class VirtualHostSpec:
    """One virtual host, ready for the core; `domains` are lower case."""

    name: str
    domains: tuple[bytes, ...]
    routes: Sequence[RouteSpec]
    require_tls: RequireTls = "none"
    tree: TreeNode | None = None
    lists: tuple[tuple[RouteSpec, ...], ...] = ()


def compile_virtual_host(
    host: Any, configuration: Any, ctx: Context, path: str, clusters: Container[str] | None, plugins: Plugins
) -> VirtualHostSpec:
    """The VirtualHost at `path` of the RouteConfiguration `configuration`, whose cluster specifiers `plugins` are."""
    ctx.only(host, path, _HANDLED, _INERT)
    if not host.name:
        ctx.gather(ctx.reject(f"{path}.name", "value length must be at least 1 characters"))
    if not host.domains:
        ctx.gather(ctx.reject(f"{path}.domains", "value must contain at least 1 item(s)"))
    domains = tuple(domain.encode("utf-8").lower() for domain in host.domains)
    require_tls = _REQUIRE_TLS[host.require_tls]
    scope = compile_scope(host, configuration, ctx, path, clusters, plugins)
    if host.HasField("matcher"):
        if host.routes:
            ctx.gather(ctx.reject(path, "cannot set both matcher and routes on virtual host"))
        # VH-14: clusters named inside a matcher are not checked.
        routes = RouteCompiler(host, configuration, ctx, scope, None)
        lists: list[tuple[RouteSpec, ...]] = []
        compiler = matcher_trees.TreeCompiler(ctx, routes.action_into(lists))
        tree = ctx.attempt(matcher_trees.NO_TREE, compiler.matcher, host.matcher, f"{path}.matcher")
        return VirtualHostSpec(host.name, domains, (), require_tls, tree, tuple(lists))
    routes = RouteCompiler(host, configuration, ctx, scope, clusters)
    return VirtualHostSpec(host.name, domains, compile_routes(routes, f"{path}.routes"), require_tls)


def undecided_host(host: Any) -> VirtualHostSpec:
    """What stands for a virtual host that cannot be decided: its domains, and one route for every path."""
    domains = tuple(domain.encode("utf-8").lower() for domain in host.domains)
    return VirtualHostSpec(host.name, domains, (RouteSpec("", -1, UNDECIDED, "prefix"),))
