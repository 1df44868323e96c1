"""Network filters: what a filter chain does with a connection.

NF-01  The last filter is terminal and no earlier one is; an empty list is accepted and closes (FC-18).
NF-03  A tcp_proxy's cluster may be unknown when the listener is loaded; its connections are closed.
NF-04  sni_cluster takes effect on a tcp_proxy with a plain `cluster` only.
NF-06  The metadata match of a weighted cluster is merged over that of the filter.
NF-15  The HTTP connection manager goes on with the rules of HTTP.

Every other filter is named in the chain. A filter that may choose the cluster itself, or that is
terminal and routes by a protocol of its own, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from google.protobuf.message import Message

from fastroute.api.names import HTTP_CONNECTION_MANAGER, TCP_PROXY
from fastroute.api.transport_sockets import speaks_tls
from fastroute.compile.context import Context
from fastroute.compile.extensions import is_of, open_extension
from fastroute.compile.plain import plain
from fastroute.core.chain import Chain, ChainEntry
from fastroute.core.hashing import xxh64
from fastroute.records import field, record
from fastroute.request import TlsFacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PREFIX = "envoy.extensions.filters.network."
SNI_CLUSTER = PREFIX + "sni_cluster.v3.SniCluster"
RBAC = PREFIX + "rbac.v3.RBAC"
DIRECT_RESPONSE = PREFIX + "direct_response.v3.Config"
ECHO = PREFIX + "echo.v3.Echo"
# Terminal filters that route by a protocol of their own.
OWN_PROTOCOLS = tuple(
    PREFIX + name
    for name in (
        "redis_proxy.v3.RedisProxy",
        "thrift_proxy.v3.ThriftProxy",
        "dubbo_proxy.v3.DubboProxy",
        "generic_proxy.v3.GenericProxy",
        "reverse_tunnel.v3.DrainAwareHttpConnectionManager",
        "reverse_tunnel.v3.ReverseTunnel",
    )
)
TERMINAL = (HTTP_CONNECTION_MANAGER, TCP_PROXY, DIRECT_RESPONSE, ECHO, *OWN_PROTOCOLS)
# Filters that let a connection pass or close it by what happens at run time, and never choose a cluster.
PASSIVE = tuple(
    PREFIX + name
    for name in (
        "connection_limit.v3.ConnectionLimit",
        "ext_authz.v3.ExtAuthz",
        "geoip.v3.Geoip",
        "local_ratelimit.v3.LocalRateLimit",
        "mongo_proxy.v3.MongoProxy",
        "ratelimit.v3.RateLimit",
        "tcp_bandwidth_limit.v3.TcpBandwidthLimit",
        "zookeeper_proxy.v3.ZooKeeperProxy",
    )
)
BY_NAME = {
    "envoy.filters.network.sni_cluster": SNI_CLUSTER,
    "envoy.filters.network.echo": ECHO,
}
LEFT_OUT = "the network filter is left out"

CompileManager = Callable[[Message, Context, str], object]
"""`fastroute.compile.hcm.compile_hcm`: the HTTP connection manager's message, context, field path."""


@record
class Surroundings:
    """What a filter chain is compiled with: the clusters that exist, and the compiler of HTTP managers."""

    clusters: Container[str] | None = None
    compile_manager: CompileManager | None = None


@record(frozen=False)
class _Outcome:
    kind: str = "closed"
    reason: str = "no_network_filters"
    cluster: str | None = None
    weighted: tuple[tuple[str, int, object], ...] = ()
    from_server_name: bool = False
    manager: object = None
    route_config: str = ""
    body: bytes | None = None
    metadata_match: object = None
    hash_policy: object = None
    checks: list[object] = field(default_factory=list)


def compile_chain(chain: Any, index: int, ctx: Context, path: str, around: Surroundings) -> ChainEntry:
    """What the FilterChain message does with its connections; `index` is its position, -1 for the default."""
    ctx.only(chain, path, ("filter_chain_match", "filters", "name", "use_proxy_proto"), INERT)
    outcome = _Outcome()
    last = len(chain.filters) - 1
    for position, config in enumerate(chain.filters):
        where = f"{path}.filters[{position}]"
        ctx.attempt(None, _add_filter, config, position == last, outcome, ctx, where, around)
    return ChainEntry(
        name=chain.name,
        index=index,
        kind=outcome.kind,
        reason=outcome.reason if outcome.kind == "closed" else "",
        cluster=outcome.cluster,
        weighted=outcome.weighted,
        from_server_name=outcome.from_server_name,
        manager=outcome.manager,
        route_config=outcome.route_config,
        body=outcome.body,
        checks=tuple(outcome.checks),
        filters=tuple(config.name for config in chain.filters),
        metadata_match=outcome.metadata_match,
        hash_policy=outcome.hash_policy,
        known_clusters=_known(outcome, around.clusters),
        tls=TlsFacts() if speaks_tls(chain) else None,
    )


def _add_filter(config: Any, last: bool, outcome: _Outcome, ctx: Context, path: str, around: Surroundings) -> None:
    name, message = open_extension(config, ctx, path, effect=LEFT_OUT, by_name=BY_NAME)
    if message is not None:
        ctx.attempt(None, _check_place, config.name, name, last, ctx, path)
        _apply(name, message, outcome, ctx, f"{path}.typed_config", around)


def _known(outcome: _Outcome, clusters: Container[str] | None) -> Container[str] | None:
    """NF-03: the clusters that exist, of those that the chain can name."""
    if outcome.kind != "tcp" or clusters is None or outcome.from_server_name:
        return clusters if outcome.kind == "tcp" else None
    names = {outcome.cluster or "", *(name for name, _, _ in outcome.weighted)}
    return frozenset(name for name in names if name in clusters)


INERT = ("metadata", "transport_socket", "transport_socket_connect_timeout")


def _check_place(name: str, type_name: str, last: bool, ctx: Context, path: str) -> None:
    if type_name in TERMINAL and not last:
        raise ctx.reject(
            path,
            f"terminal filter named {name} of type {type_name} must be the last filter in a network filter chain",
        )
    if type_name not in TERMINAL and last:
        raise ctx.reject(
            path,
            f"non-terminal filter named {name} of type {type_name} is the last filter in a network filter chain",
        )


def _apply(type_name: str, message: Any, outcome: _Outcome, ctx: Context, path: str, around: Surroundings) -> None:
    if type_name == HTTP_CONNECTION_MANAGER:
        _apply_manager(message, outcome, ctx, path, around)
    elif type_name == TCP_PROXY:
        _apply_tcp_proxy(message, outcome, ctx, path)
    elif type_name == RBAC:
        from fastroute.compile.rbac import compile_network_rbac

        check = compile_network_rbac(message, ctx, path)
        if check is not None:
            outcome.checks.append(check)
    elif type_name == SNI_CLUSTER:
        outcome.from_server_name = True
    elif type_name in (DIRECT_RESPONSE, ECHO):
        outcome.kind = "respond"
        outcome.body = _body(message, ctx, path) if type_name == DIRECT_RESPONSE else None
    elif not is_of(type_name, "envoy.filters.network"):
        raise ctx.reject(path, f"Didn't find a registered implementation for type URL: '{type_name}'")
    elif type_name in PASSIVE:
        ctx.look_through(message, path)
    else:
        error = ctx.unsupported(path, f"the network filter {type_name} may change where the connection goes")
        ctx.tolerate(error, LEFT_OUT)


def _apply_manager(message: Any, outcome: _Outcome, ctx: Context, path: str, around: Surroundings) -> None:
    outcome.kind = "http"
    outcome.manager = around.compile_manager(message, ctx, path) if around.compile_manager else message
    specifier = message.WhichOneof("route_specifier")
    if specifier == "rds":
        outcome.route_config = message.rds.route_config_name
    elif specifier == "route_config":
        outcome.route_config = message.route_config.name


def _apply_tcp_proxy(message: Any, outcome: _Outcome, ctx: Context, path: str) -> None:
    ctx.only(message, path, TCP_HANDLED, TCP_INERT)
    outcome.kind = "tcp"
    outcome.cluster = message.cluster
    outcome.hash_policy = _hash_policy(message.hash_policy, ctx, f"{path}.hash_policy")
    own = _metadata_match(message.metadata_match)
    outcome.metadata_match = own
    outcome.weighted = tuple(
        (entry.name, entry.weight, {**own, **_metadata_match(entry.metadata_match)})
        for entry in message.weighted_clusters.clusters
    )
    if message.WhichOneof("cluster_specifier") is None:
        raise ctx.reject(
            path, "Proto constraint validation failed (TcpProxyValidationError.ClusterSpecifier: is required)"
        )
    if message.WhichOneof("cluster_specifier") == "weighted_clusters" and not sum(
        entry[1] for entry in outcome.weighted
    ):
        raise ctx.reject(f"{path}.weighted_clusters", "the sum of the weights is 0")


TCP_HANDLED = ("stat_prefix", "cluster", "weighted_clusters", "metadata_match", "hash_policy")
TCP_INERT = (
    "idle_timeout",
    "downstream_idle_timeout",
    "upstream_idle_timeout",
    "access_log",
    "max_connect_attempts",
    "backoff_options",
    "tunneling_config",
    "max_downstream_connection_duration",
    "max_downstream_connection_duration_jitter_percentage",
    "access_log_flush_interval",
    "flush_access_log_on_connected",
    "access_log_options",
    "proxy_protocol_tlvs",
    "proxy_protocol_tlv_merge_policy",
    "upstream_connect_mode",
    "max_early_data_bytes",
    "check_drain_close",
)


def _hash_policy(policies: Any, ctx: Context, path: str) -> Callable[[Chain], int | None] | None:
    """NF-08: the peer's address without its port, by XXH64; at most one policy."""
    if not policies:
        return None
    if policies[0].WhichOneof("policy_specifier") != "source_ip":
        raise ctx.unsupported(path, "only the hash policy source_ip is supported on a connection")
    return lambda chain: xxh64(chain.source[0].encode()) if chain.source[0] else None


def _metadata_match(message: Any) -> dict[str, object]:
    """The `envoy.lb` values of a Metadata message: the rest plays no part in the choice of an endpoint."""
    return plain(message.filter_metadata["envoy.lb"]) if "envoy.lb" in message.filter_metadata else {}


def _body(message: Any, ctx: Context, path: str) -> bytes:
    kind = message.response.WhichOneof("specifier")
    if kind == "inline_string":
        return str(message.response.inline_string).encode()
    if kind == "inline_bytes":
        return bytes(message.response.inline_bytes)
    if kind is None:
        return b""
    raise ctx.unsupported(f"{path}.response.{kind}", "the body is read from outside the configuration")
