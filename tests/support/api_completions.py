"""What Envoy asks of a message besides its constraints: changes that make the smallest one valid."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from fastroute.api import names
from support.authority import Authority
from support.near_valid import message

Change = Callable[[Any], object]
_EXT = "envoy.extensions."
_MANAGER = names.HTTP_CONNECTION_MANAGER
_STATISTICS = f"{_EXT}access_loggers.stats.v3.Config"


def _default(**tree: Any) -> Change:
    """Fields that are set where they are not."""

    def complete(made: Any) -> None:
        given = message(made.DESCRIPTOR.full_name, tree)
        for field, _ in given.ListFields():
            if any(each.number == field.number for each, _ in made.ListFields()):
                given.ClearField(field.name)
        made.MergeFrom(given)

    return complete


def _typed(kind: str, **fields: Any) -> dict[str, Any]:
    return {"name": "x", "typed_config": {"@type": names.url(kind), **fields}}


def _set(**tree: Any) -> Change:
    return lambda made: (
        made.Clear(),
        made.MergeFrom(message(made.DESCRIPTOR.full_name, tree)),
    )


_PROXY = _typed(names.TCP_PROXY, stat_prefix="s", cluster="blue")
_ADDRESS = {"socket_address": {"address": "127.0.0.1", "port_value": 80}}
_GRPC = {"envoy_grpc": {"cluster_name": "blue"}}
_ZIPKIN = "envoy.config.trace.v3.ZipkinConfig"
_COLLECTOR = {"collector_cluster": "blue", "collector_endpoint": "/a", "collector_endpoint_version": "HTTP_JSON"}
_HEAP = _typed(f"{_EXT}resource_monitors.fixed_heap.v3.FixedHeapConfig", max_heap_size_bytes=1 << 40)
_RAW = _typed(f"{_EXT}transport_sockets.raw_buffer.v3.RawBuffer")
_TERMINAL = ("HttpConnectionManager", "TcpProxy", "echo.", "direct_response.", "_proxy.", "reverse_tunnel.")


def _end_chain(made: Any) -> None:
    if not made.filters or not any(word in made.filters[-1].typed_config.type_url for word in _TERMINAL):
        made.filters.add().CopyFrom(message("envoy.config.listener.v3.Filter", _PROXY))


def _end_http(made: Any) -> None:
    if not made.http_filters or "Router" not in made.http_filters[-1].typed_config.type_url:
        made.MergeFrom(message(_MANAGER, {"http_filters": [_typed(names.ROUTER)]}))


def _bind_twice(made: Any) -> None:
    if made.extra_source_addresses or made.additional_source_addresses:
        made.source_address.address, made.source_address.port_value = "::1", 0


def _finish_listener(made: Any) -> None:
    if made.HasField("internal_listener"):
        made.ClearField("address")
    if not made.filter_chains:
        made.MergeFrom(message(names.LISTENER, {"filter_chains": [{"filters": [_PROXY]}]}))


def _finish_cluster(made: Any) -> None:
    if made.HasField("eds_cluster_config"):
        made.type = 3
    if made.HasField("cluster_type"):
        made.lb_policy = 6
    if any(check.HasField("grpc_health_check") for check in made.health_checks):
        made.http2_protocol_options.SetInParent()
    if made.HasField("transport_socket_matcher") and not made.transport_socket_matches:
        made.MergeFrom(message(names.CLUSTER, {"transport_socket_matches": [{"name": "a", "transport_socket": _RAW}]}))


@functools.cache
def _pair() -> tuple[str, str]:
    key, chain = Authority().server("a.com")
    return key.decode(), chain.decode()


def _certify(made: Any) -> None:
    key, chain = _pair()
    own = made.common_tls_context.tls_certificates.add()
    own.private_key.inline_string, own.certificate_chain.inline_string = key, chain


COMPLETIONS: dict[str, tuple[Change, ...]] = {
    names.BOOTSTRAP: (
        _default(
            node={"id": "n", "cluster": "c"},
            admin={"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            static_resources={"clusters": [{"name": "blue"}]},
        ),
    ),
    names.ROUTE_CONFIGURATION: (_default(name="r"),),
    names.CLUSTER_LOAD_ASSIGNMENT: (lambda made: setattr(made, "cluster_name", "e"),),
    names.CLUSTER: (lambda made: setattr(made, "name", "c"),),
    names.LISTENER: (
        lambda made: made.ClearField("address"),
        _default(
            name="l",
            bind_to_port=False,
            address={"socket_address": {"address": "127.0.0.1", "port_value": 0}},
            filter_chains=[{"filters": [_PROXY]}],
        ),
    ),
    _MANAGER: (_default(stat_prefix="s", route_config={"name": "x"}, http_filters=[_typed(names.ROUTER)]),),
    names.TCP_PROXY: (_default(stat_prefix="s", cluster="blue"),),
    "envoy.config.core.v3.SocketAddress": (_set(address="127.0.0.1", port_value=80),),
    "envoy.config.core.v3.ConfigSource": (_set(path_config_source={"path": "/dev/null"}),),
    "envoy.config.core.v3.PathConfigSource": (_set(path="/dev/null"),),
    "envoy.config.bootstrap.v3.Watchdog.WatchdogAction": (
        _default(config=_typed(f"{_EXT}watchdog.backtrace_action.v3.BacktraceActionConfig"), event="KILL"),
    ),
    "envoy.config.core.v3.TransportSocket": (_default(**_RAW),),
    "envoy.config.cluster.v3.Cluster.TransportSocketMatch": (_default(transport_socket=_RAW),),
    "envoy.config.core.v3.HealthCheck.CustomHealthCheck": (
        _default(**_typed(f"{_EXT}health_checkers.redis.v3.Redis")),
    ),
    "envoy.config.core.v3.HealthCheck.Payload": (_set(text="ab"),),
    "envoy.config.accesslog.v3.AccessLog": (_default(**_typed(f"{_EXT}access_loggers.stream.v3.StdoutAccessLog")),),
    "envoy.config.listener.v3.ListenerFilter": (
        _default(**_typed(f"{_EXT}filters.listener.tls_inspector.v3.TlsInspector")),
    ),
    f"{_EXT}access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig": (_default(grpc_service=_GRPC),),
    f"{_EXT}access_loggers.fluentd.v3.FluentdAccessLogConfig": (
        _set(cluster="blue", tag="t", stat_prefix="s", record={"a": "b"}),
    ),
    _STATISTICS: (_default(stat_prefix="s"),),
    f"{_STATISTICS}.Counter": (_default(value_fixed=1),),
    f"{_STATISTICS}.Gauge": (_default(value_fixed=1, set={"log_type": "DownstreamStart"}),),
    f"{_STATISTICS}.Gauge.Set": (_default(log_type="DownstreamStart"),),
    f"{_STATISTICS}.Gauge.PairedAddSubtract": (_default(add_log_type="DownstreamStart", sub_log_type="DownstreamEnd"),),
    "envoy.config.accesslog.v3.ExtensionFilter": (
        _default(**_typed(f"{_EXT}access_loggers.filters.cel.v3.ExpressionFilter", expression="true")),
    ),
    "envoy.config.metrics.v3.StatsSink": (_default(**_typed("envoy.config.metrics.v3.StatsdSink", address=_ADDRESS)),),
    "envoy.config.metrics.v3.TagSpecifier": (_default(tag_name="t", fixed_value="v"),),
    f"{_EXT}resource_monitors.fixed_heap.v3.FixedHeapConfig": (_default(max_heap_size_bytes=1 << 40),),
    f"{_EXT}resource_monitors.injected_resource.v3.InjectedResourceConfig": (_set(filename="/dev/null"),),
    "envoy.config.core.v3.RuntimeUInt64": (_set(runtime_key="a", default_value=1 << 40),),
    f"{_EXT}access_loggers.filters.process_ratelimit.v3.ProcessRateLimitFilter": (
        _default(dynamic_config={"resource_name": "r", "config_source": {"path_config_source": {"path": "/dev/null"}}}),
    ),
    "envoy.config.overload.v3.OverloadManager": (
        lambda made: made.ClearField("resource_monitors"),
        _default(resource_monitors=[_HEAP]),
    ),
    "envoy.config.overload.v3.ResourceMonitor": (_set(**_HEAP),),
    "envoy.config.overload.v3.OverloadAction": (
        lambda made: setattr(made, "name", "envoy.overload_actions.shrink_heap"),
    ),
    "envoy.config.overload.v3.Trigger": (lambda made: setattr(made, "name", "x"),),
    "envoy.config.trace.v3.Tracing.Http": (_default(**_typed(_ZIPKIN, **_COLLECTOR)),),
    _ZIPKIN: (_default(**_COLLECTOR),),
    "envoy.config.overload.v3.ScaledTrigger": (_set(scaling_threshold=0.5, saturation_threshold=0.9),),
    "envoy.config.bootstrap.v3.RuntimeLayer.RtdsLayer": (
        _default(rtds_config={"path_config_source": {"path": "/dev/null"}}),
    ),
    f"{_EXT}transport_sockets.tls.v3.Secret": (_default(name="s", generic_secret={"secret": {"inline_string": "a"}}),),
    "envoy.config.route.v3.RouteAction.RequestMirrorPolicy": (_default(cluster="blue"),),
    "envoy.config.cluster.v3.LoadBalancingPolicy": (
        _default(
            policies=[{"typed_extension_config": _typed(f"{_EXT}load_balancing_policies.round_robin.v3.RoundRobin")}]
        ),
    ),
    "envoy.config.route.v3.WeightedCluster.ClusterWeight": (_default(name="blue", weight=1),),
    "envoy.config.route.v3.VirtualCluster": (_default(headers=[{"name": ":path", "string_match": {"prefix": "/"}}]),),
    "envoy.config.endpoint.v3.LbEndpoint": (_default(endpoint={"address": _ADDRESS}),),
    "envoy.config.endpoint.v3.Endpoint": (_default(address=_ADDRESS),),
    "envoy.config.endpoint.v3.Endpoint.AdditionalAddress": (_default(address=_ADDRESS),),
    "envoy.config.core.v3.CidrRange": (_set(address_prefix="10.0.0.0", prefix_len=8),),
    "envoy.type.v3.Int64Range": (_set(start=200, end=300),),
    "envoy.config.core.v3.DataSource": (_set(inline_string="a"),),
    "envoy.config.core.v3.GrpcService": (_default(**_GRPC),),
    "envoy.config.core.v3.GrpcService.EnvoyGrpc": (_set(cluster_name="blue"),),
    "envoy.config.core.v3.HttpUri": (_set(uri="http://a.com/", cluster="blue", timeout="1s"),),
    "envoy.config.core.v3.ApiConfigSource": (_default(api_type="GRPC", grpc_services=[_GRPC]),),
    "envoy.config.core.v3.TlvEntry": (_set(type=1, value="YQ=="),),
    f"{_EXT}filters.network.http_connection_manager.v3.Rds": (
        _set(config_source={"path_config_source": {"path": "/dev/null"}}, route_config_name="q"),
    ),
    f"{_EXT}filters.network.connection_limit.v3.ConnectionLimit": (_default(max_connections=1),),
    f"{_EXT}path.match.uri_template.v3.UriTemplateMatchConfig": (_set(path_template="/a/{b}"),),
    f"{_EXT}transport_sockets.tls.v3.DownstreamTlsContext": (_certify,),
    f"{_EXT}access_loggers.filters.cel.v3.ExpressionFilter": (_set(expression="response.code == 200"),),
}
"""What Envoy asks of a message besides its constraints."""

AFTERWARDS: dict[str, tuple[Change, ...]] = {
    f"{_EXT}resource_monitors.fixed_heap.v3.FixedHeapConfig": (
        lambda made: made.ClearField("max_heap_size_bytes") if made.HasField("max_heap_size_bytes_runtime") else None,
    ),
    f"{_STATISTICS}.Gauge": (lambda made: made.ClearField("set") if made.HasField("add_subtract") else None,),
    "envoy.config.core.v3.BindConfig": (_bind_twice,),
    _STATISTICS: (lambda made: made.ClearField("stat_prefix") if made.HasField("stats_scope") else None,),
    "envoy.config.bootstrap.v3.Bootstrap.StaticResources": (_default(clusters=[{"name": "blue"}]),),
    names.LISTENER: (_finish_listener,),
    names.CLUSTER: (_finish_cluster,),
    _MANAGER: (_end_http,),
    "envoy.config.listener.v3.FilterChain": (_end_chain,),
    "envoy.config.core.v3.HealthCheck.HttpHealthCheck": (
        lambda made: setattr(made, "method", 3) if made.HasField("send") else None,
    ),
}
"""The same once a message holds what it was made for."""
