"""What of a Bootstrap, beside its resources, may change decisions: such fields are refused by name.

`header_prefix` renames every header of Envoy's own, `inline_headers` join headers that would stay apart, and a
layer of the runtime that lies in a directory or comes by RTDS has keys that nobody here can read. What Envoy does
under load (`overload_manager`) is no decision about a request.
"""

from __future__ import annotations

from fastroute.api.pool import type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

_OURS = ("node", "static_resources", "dynamic_resources", "cluster_manager", "layered_runtime")
_INERT = (
    "node_context_params",
    "hds_config",
    "flags_path",
    "stats_sinks",
    "deferred_stat_options",
    "stats_config",
    "stats_flush_interval",
    "stats_flush_on_admin",
    "stats_eviction_interval",
    "watchdog",
    "watchdogs",
    "tracing",
    "admin",
    "overload_manager",
    "enable_dispatcher_stats",
    "stats_server_version_override",
    "use_tcp_for_dns_lookups",
    "dns_resolution_config",
    "typed_dns_resolver_config",
    "bootstrap_extensions",
    "fatal_actions",
    "config_sources",
    "default_config_source",
    "default_socket_interface",
    "certificate_provider_instances",
    "perf_tracing_file_path",
    "xds_delegate_extension",
    "xds_config_tracker_extension",
    "application_log_config",
    "grpc_async_client_manager_config",
    "memory_allocator_manager",
    "enable_worker_cpu_affinity",
)
_DEFAULTS = {
    "default_regex_engine": "envoy.extensions.regex_engines.v3.GoogleRE2",
    "listener_manager": "envoy.config.listener.v3.ListenerManager",
}
"""Extensions that are what Envoy has without them."""
_UNREAD = {"disk_layer": "lies in a directory", "rtds_layer": "comes from a control plane (RTDS)"}


def check_bootstrap(message: Any, ctx: Context) -> None:
    """Refuse fields of the Bootstrap that may change decisions."""
    usual = [
        name for name, kind in _DEFAULTS.items() if type_name(getattr(message, name).typed_config.type_url) == kind
    ]
    ctx.only(message, "", _OURS, (*_INERT, *usual))
    for number, layer in enumerate(message.layered_runtime.layers):
        kind = layer.WhichOneof("layer_specifier")
        if kind in _UNREAD:
            error = ctx.unsupported(
                f"layered_runtime.layers[{number}].{kind}",
                f"a layer of the runtime that {_UNREAD[kind]} may have keys that change decisions",
                remedy="Give its keys as a static_layer, or as the argument `runtime` of load().",
                code="unsupported-field",
            )
            ctx.tolerate(error, "the layer counts as empty")
