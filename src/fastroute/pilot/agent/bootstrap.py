"""The static bootstrap of a pod's Envoy.

Only what Envoy needs to find the agent is static; listeners, clusters, routes and endpoints come over ADS from the
cluster `xds-grpc`, the agent's Unix socket (S-001 to S-004). The result is a pure function of the inputs.

Decisions where the two profiles differ are rows of `switches`. In `current`:
- every field that Envoy 1.40 calls deprecated has its replacement, and keys of removed runtime guards are gone;
- a limit of downstream connections is named (ISTIO_MAX_DOWNSTREAM_CONNECTIONS, Istio's 2147483647 by default), because
  Envoy warns without one; the two static listeners are exempt from it;
- tracing is not in the bootstrap: the control plane puts it into each listener; the tracer's cluster stays;
- Istio's `http_reject_path_with_fragment: false` is not taken over: it would change how requests are routed.
CallerError by name: a bootstrap template of one's own (ISTIO_BOOTSTRAP, customConfigFile), which is a Go template.
"""

from __future__ import annotations

from google.protobuf import json_format
from google.protobuf.message import Message

from fastroute.api import names, pool
from fastroute.errors import ParseError, UnsupportedError
from fastroute.pilot.agent import node
from fastroute.pilot.agent.inputs import Inputs, Json, port_number
from fastroute.pilot.agent.metadata import labels, metadata
from fastroute.pilot.agent.proxy_config import proxy_config, section, text
from fastroute.pilot.agent.static_clusters import Family, family, static_clusters, tracer
from fastroute.pilot.agent.static_listeners import static_listeners
from fastroute.pilot.agent.stats import stats_config
from fastroute.pilot.agent.switches import Switches, switches
from fastroute.pilot.profiles import Profile

FILE_ACCESS_LOG = "envoy.extensions.access_loggers.file.v3.FileAccessLog"
DOWNSTREAM_CONNECTIONS = "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
CONNECTIONS = "ISTIO_MAX_DOWNSTREAM_CONNECTIONS"
RUNTIME: dict[str, Json] = {
    "1.8": {
        "envoy.deprecated_features:envoy.config.listener.v3.Listener.hidden_envoy_deprecated_use_original_dst": True,
        "envoy.reloadable_features.strict_1xx_and_204_response_headers": False,
        "re2.max_program_size.error_level": 1024,
    },
    "current": {"re2.max_program_size.error_level": 32768},
}


def build(inputs: Inputs, profile: Profile) -> Json:
    """The bootstrap of the pod that `inputs` describes, as JSON in the field names of the API.

    ConfigError names the variable, file or ProxyConfig field that is wrong.
    """
    row = switches(profile)
    config = merged_config(inputs, profile)
    own = family(node.addresses(inputs)[0])
    built: Json = {
        "node": _node(inputs, config, profile),
        "layered_runtime": _runtime(config, row, profile),
        "stats_config": stats_config(inputs, config, profile),
        "admin": _admin(config, own, row),
        "dynamic_resources": _dynamic(inputs, row),
        "static_resources": {
            "clusters": static_clusters(config, own, row),
            "listeners": static_listeners(inputs, own, row),
        },
    }
    if not row.deprecated_fields:
        built["overload_manager"] = {"resource_monitors": [_connection_limit(inputs)]}
    sinks = _stats_sinks(config)
    if sinks:
        built["stats_sinks"] = sinks
    if row.deprecated_fields and tracer(config)[0]:
        built["tracing"] = {"http": _tracer(tracer(config)[0])}
    return built


def message(bootstrap: Json) -> Message:
    """The Bootstrap message of what `build` gave."""
    try:
        return json_format.ParseDict(bootstrap, pool.new(names.BOOTSTRAP), descriptor_pool=pool.pool())
    except json_format.ParseError as error:
        raise ParseError(str(error), path="bootstrap") from None


def merged_config(inputs: Inputs, profile: Profile) -> Json:
    """The pod's ProxyConfig with the service cluster derived; refuses what needs another bootstrap template."""
    config = proxy_config(inputs, profile)
    if inputs.environment.get("ISTIO_BOOTSTRAP"):
        raise UnsupportedError("bootstrap templates of one's own are not supported", path="ISTIO_BOOTSTRAP")
    for field in ("customConfigFile", "proxyBootstrapTemplatePath"):
        if config.get(field):
            raise UnsupportedError("bootstrap templates of one's own are not supported", path=field)
    limit = inputs.environment.get("ISTIO_CPU_LIMIT", "")
    if limit and "concurrency" not in config:
        if not limit.isdigit():
            raise ParseError(f"not a number of processors: {limit!r}", path="ISTIO_CPU_LIMIT")
        config["concurrency"] = int(limit)
    config["serviceCluster"] = node.service_cluster(str(config["serviceCluster"]), labels(inputs), inputs)
    return config


def _node(inputs: Inputs, config: Json, profile: Profile) -> Json:
    return {
        "id": node.node_id(inputs),
        "cluster": config["serviceCluster"],
        "locality": node.locality(labels(inputs).get(node.LOCALITY_LABEL, "")),
        "metadata": metadata(inputs, config, profile),
    }


def _runtime(config: Json, row: Switches, profile: Profile) -> Json:
    values = dict(RUNTIME[profile.name])
    for key, value in section(config, "runtimeValues").items():
        if value == "":
            values.pop(key, None)
        else:
            values[key] = {"true": True, "false": False}.get(value, value)
    return {"layers": [{"name": row.runtime_layer, "static_layer": values}, {"name": "admin", "admin_layer": {}}]}


def _admin(config: Json, own: Family, row: Switches) -> Json:
    address = {"socket_address": {"address": own.localhost, "port_value": config["proxyAdminPort"]}}
    log: Json = {"access_log_path": "/dev/null"}
    if not row.deprecated_fields:
        typed = {"@type": names.url(FILE_ACCESS_LOG), "path": "/dev/null"}
        log = {"access_log": [{"name": "envoy.access_loggers.file", "typed_config": typed}]}
    return {**log, "profile_path": "/var/lib/istio/data/envoy.prof", "address": address}


def _connection_limit(inputs: Inputs) -> Json:
    limit = inputs.environment.get(CONNECTIONS, "") or "2147483647"
    if not limit.isascii() or not limit.isdigit() or not 0 < int(limit) < 1 << 63:
        raise ParseError(f"not a number of connections: {limit!r}", path=CONNECTIONS)
    typed = {"@type": names.url(DOWNSTREAM_CONNECTIONS), "max_active_downstream_connections": limit}
    return {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": typed}


def _dynamic(inputs: Inputs, row: Switches) -> Json:
    source: Json = {"ads": {}, "resource_api_version": "V3"}
    if row.wait_for_resources:
        source = {**source, "initial_fetch_timeout": "0s"}
    delta = row.delta and inputs.flag("ISTIO_DELTA_XDS", True)
    ads: Json = {
        "api_type": "DELTA_GRPC" if delta else "GRPC",
        "transport_api_version": "V3",
        "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}],
    }
    if row.node_once:
        ads["set_node_on_first_message_only"] = True
    return {"lds_config": source, "cds_config": dict(source), "ads_config": ads}


def _tracer(kind: str) -> Json:
    if kind == "datadog":
        typed = {
            "@type": "type.googleapis.com/envoy.config.trace.v3.DatadogConfig",
            "collector_cluster": "datadog_agent",
            "service_name": "envoy",
        }
        return {"name": "envoy.tracers.datadog", "typed_config": typed}
    zipkin: Json = {
        "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
        "collector_cluster": "zipkin",
        "collector_endpoint": "/api/v2/spans",
        "collector_endpoint_version": "HTTP_JSON",
        "trace_id_128bit": True,
        "shared_span_context": False,
    }
    return {"name": "envoy.tracers.zipkin", "typed_config": zipkin}


def _stats_sinks(config: Json) -> list[Json]:
    sinks: list[Json] = []
    if text(config, "envoyMetricsService", "address"):
        typed = {
            "@type": "type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig",
            "transport_api_version": "V3",
            "grpc_service": {"envoy_grpc": {"cluster_name": "envoy_metrics_service"}},
        }
        sinks.append({"name": "envoy.stat_sinks.metrics_service", "typed_config": typed})
    if text(config, "statsdUdpAddress"):
        sinks.append({"name": "envoy.stat_sinks.statsd", "typed_config": _statsd(str(config["statsdUdpAddress"]))})
    return sinks


def _statsd(address: str) -> Json:
    host, separator, port = address.rpartition(":")
    if not separator or not host:
        raise ParseError(f"HOST:PORT is expected, not {address!r}", path="statsdUdpAddress")
    return {
        "@type": "type.googleapis.com/envoy.config.metrics.v3.StatsdSink",
        "address": {
            "socket_address": {
                "protocol": "UDP",
                "address": host.strip("[]"),
                "port_value": port_number(port, "statsdUdpAddress"),
            }
        },
    }
