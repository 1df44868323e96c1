"""The rarer policies of a forwarding route and of its virtual host, in two values that routes share.

Most routes set none of them; all of those point to one empty value.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastroute.records import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.cluster_specifiers import PriorityGroups
    from fastroute.action.cors import CorsSetting
    from fastroute.action.hashes import HashPolicy
    from fastroute.action.mirrors import MirrorPolicy
    from fastroute.action.rate_limits import RateLimit
    from fastroute.action.redirects import InternalRedirectPolicy
    from fastroute.action.rewrites import HostRewrite, PathRewrite
    from fastroute.action.virtual_clusters import VirtualCluster

PATH_FIELDS = ("prefix_rewrite", "regex_rewrite", "path_rewrite_policy", "path_rewrite")
HOST_FIELDS = (
    "host_rewrite_literal",
    "auto_host_rewrite",
    "host_rewrite_header",
    "host_rewrite_path_regex",
    "host_rewrite",
)
"""The fields of a RouteAction that rewrite the path and the host."""


@record
class Policies:
    """What a RouteAction says beyond cluster, timeouts and retries."""

    path: PathRewrite | None = None
    path_field: str = ""
    host: HostRewrite | None = None
    host_field: str = ""
    append_forwarded_host: bool = False
    auto_host: bool = False
    hedge_on_per_try_timeout: bool = False
    mirrors: tuple[MirrorPolicy, ...] = ()
    hash: tuple[HashPolicy, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()
    include_host_rate_limits: bool = False
    priority: str = "default"
    internal_redirect: InternalRedirectPolicy | None = None
    upgrades: Mapping[bytes, bool] = field(default_factory=dict)
    cors: CorsSetting | None = None
    groups: PriorityGroups | None = None


@record
class HostPolicies:
    """What a virtual host, and its route configuration, say for all of their routes."""

    attempt_count: bool = False
    attempt_count_in_response: bool = False
    mirrors: tuple[MirrorPolicy, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()
    virtual_clusters: tuple[VirtualCluster, ...] = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    cors: CorsSetting | None = None


NO_POLICIES = Policies()
NO_HOST_POLICIES = HostPolicies()
