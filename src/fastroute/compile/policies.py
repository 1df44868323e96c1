"""The rarer fields of a RouteAction and of a virtual host to `fastroute.action.policies`.

What compiles a field is imported when a configuration sets it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from fastroute.action.policies import HOST_FIELDS, NO_HOST_POLICIES, NO_POLICIES, PATH_FIELDS, HostPolicies, Policies
from fastroute.compile import redirects, rewrites
from fastroute.compile.plain import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.action.cors import CorsSetting
    from fastroute.action.hashes import HashPolicy
    from fastroute.action.mirrors import MirrorPolicy
    from fastroute.action.rate_limits import RateLimit
    from fastroute.action.virtual_clusters import VirtualCluster
    from fastroute.compile.context import Context

ACTION_FIELDS = frozenset(
    (
        *PATH_FIELDS,
        *HOST_FIELDS,
        "append_x_forwarded_host",
        "hedge_policy",
        "request_mirror_policies",
        "hash_policy",
        "rate_limits",
        "include_vh_rate_limits",
        "priority",
        "internal_redirect_policy",
        "upgrade_configs",
        "cors",
    )
)
HOST_POLICY_FIELDS = (
    "include_request_attempt_count",
    "include_attempt_count_in_response",
    "request_mirror_policies",
    "rate_limits",
    "virtual_clusters",
    "metadata",
    "cors",
)
_PRIORITIES = ("default", "high")


def compile_policies(route: Any, clusters: Container[str] | None, ctx: Context, path: str) -> Policies:
    """The policies of a Route with a RouteAction; `path` is that of the route."""
    message, here = route.route, f"{path}.route"
    if not any(descriptor.name in ACTION_FIELDS for descriptor, _ in message.ListFields()):
        return NO_POLICIES
    nothing = None, ""
    rewrite, rewrite_field = ctx.attempt(nothing, rewrites.compile_path_rewrite, message, route.match, ctx, here)
    host, host_field = ctx.attempt(nothing, rewrites.compile_host_rewrite, message, ctx, here)
    redirect = message.internal_redirect_policy
    return Policies(
        path=rewrite,
        path_field=rewrite_field,
        host=host,
        host_field=host_field,
        append_forwarded_host=message.append_x_forwarded_host,
        auto_host=message.auto_host_rewrite.value,
        hedge_on_per_try_timeout=message.hedge_policy.hedge_on_per_try_timeout,
        mirrors=_mirror_policies(message.request_mirror_policies, clusters, ctx, f"{here}.request_mirror_policies"),
        hash=_hash_policies(message.hash_policy, ctx, f"{here}.hash_policy"),
        rate_limits=_rate_limits(message.rate_limits, ctx, f"{here}.rate_limits"),
        include_host_rate_limits=message.include_vh_rate_limits.value,
        priority=_PRIORITIES[message.priority],
        internal_redirect=ctx.attempt(
            None, redirects.compile_internal_redirect, redirect, ctx, f"{here}.internal_redirect_policy"
        )
        if message.HasField("internal_redirect_policy")
        else None,
        upgrades=_upgrades(message.upgrade_configs, ctx, f"{here}.upgrade_configs"),
        cors=_cors(message, ctx, f"{here}.cors"),
    )


def _upgrades(messages: Any, ctx: Context, path: str) -> Mapping[bytes, bool]:
    """Upgrade type to whether the route enables it (HC-61, HC-64)."""
    found: dict[bytes, bool] = {}
    for index, message in enumerate(messages):
        name = message.upgrade_type.lower().encode()
        if name in found:
            ctx.gather(ctx.reject(f"{path}[{index}]", f"Duplicate upgrade {message.upgrade_type}"))
        if message.HasField("connect_config"):
            if name in (b"connect", b"connect-udp"):
                wrong = ctx.unsupported(f"{path}[{index}].connect_config", "connect_config is not supported")
                ctx.gather(wrong)
            else:
                said = f"Non-CONNECT upgrade type {message.upgrade_type} has ConnectConfig"
                ctx.gather(ctx.reject(f"{path}[{index}]", said))
        found[name] = bool(message.enabled.value) if message.HasField("enabled") else True
    return found


def compile_host_policies(
    host: Any, configuration: Any, clusters: Container[str] | None, ctx: Context, path: str
) -> HostPolicies:
    """What a VirtualHost at `path` and its RouteConfiguration say for all of their routes."""
    prefix = f"{path}." if path else ""
    policies = HostPolicies(
        attempt_count=host.include_request_attempt_count,
        attempt_count_in_response=host.include_attempt_count_in_response,
        mirrors=_mirrors(host, configuration, clusters, ctx, prefix),
        rate_limits=_rate_limits(host.rate_limits, ctx, f"{prefix}rate_limits"),
        virtual_clusters=tuple(ctx.each(host.virtual_clusters, f"{prefix}virtual_clusters", _virtual_cluster)),
        metadata=metadata(host.metadata),
        cors=_cors(host, ctx, f"{prefix}cors"),
    )
    return NO_HOST_POLICIES if policies == NO_HOST_POLICIES else policies


def _mirrors(
    host: Any, configuration: Any, clusters: Container[str] | None, ctx: Context, prefix: str
) -> tuple[MirrorPolicy, ...]:
    if host.request_mirror_policies:
        return _mirror_policies(host.request_mirror_policies, clusters, ctx, f"{prefix}request_mirror_policies")
    above = prefix.rpartition("virtual_hosts[")[0]
    return _mirror_policies(configuration.request_mirror_policies, clusters, ctx, f"{above}request_mirror_policies")


def _mirror_policies(
    messages: Any, clusters: Container[str] | None, ctx: Context, path: str
) -> tuple[MirrorPolicy, ...]:
    if not messages:
        return ()
    from fastroute.compile.mirrors import compile_mirrors

    return compile_mirrors(messages, clusters, ctx, path)


def _hash_policies(messages: Any, ctx: Context, path: str) -> tuple[HashPolicy, ...]:
    if not messages:
        return ()
    from fastroute.compile.hash_policies import compile_hash_policies

    return compile_hash_policies(messages, ctx, path)


def _rate_limits(messages: Any, ctx: Context, path: str) -> tuple[RateLimit, ...]:
    if not messages:
        return ()
    from fastroute.compile.rate_limits import compile_rate_limits

    return compile_rate_limits(messages, ctx, path)


def _cors(message: Any, ctx: Context, path: str) -> CorsSetting | None:
    if not message.HasField("cors"):
        return None
    from fastroute.compile.cors import compile_cors

    return compile_cors(message.cors, ctx, path)


def _virtual_cluster(message: Any, ctx: Context, path: str) -> VirtualCluster:
    from fastroute.action.virtual_clusters import VirtualCluster
    from fastroute.compile.action_matchers import compile_headers

    if not message.headers:
        raise ctx.reject(path, "virtual clusters must define 'headers'")
    return VirtualCluster(message.name, compile_headers(message.headers, ctx, f"{path}.headers"))
