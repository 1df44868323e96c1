"""Fields that hold an extension: of which category, so that another extension is refused as Envoy refuses it.

NF-02  An extension is found by the type of its configuration. Envoy looks for it among those of the category that the
       field takes, when it builds what the field belongs to; it refuses a type of another category, and none.

Fields are left out whose extensions are compiled with words of their own (filters, load balancing policies, matchers
of requests, …), and those that Envoy does not look at until something needs them. What a category has is in
`fastroute.api.extension_types`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastroute.api import anys, declared, pool
from fastroute.api.faults import index
from fastroute.errors import ParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_OPTIONAL = frozenset(
    (
        "envoy.config.core.v3.TypedExtensionConfig",
        "xds.core.v3.TypedExtensionConfig",
        "envoy.config.cluster.v3.Cluster.CustomClusterType",
    )
)

POINTS: dict[str, dict[str, str]] = {
    "envoy.config.accesslog.v3.AccessLog": {"typed_config": "envoy.access_loggers"},
    "envoy.config.accesslog.v3.ExtensionFilter": {"typed_config": "envoy.access_loggers.extension_filters"},
    "envoy.config.bootstrap.v3.Bootstrap": {
        "bootstrap_extensions": "envoy.bootstrap",
        "default_regex_engine": "envoy.regex_engines",
    },
    "envoy.config.bootstrap.v3.Watchdog.WatchdogAction": {"config": "envoy.guarddog_actions"},
    "envoy.config.core.v3.BindConfig": {"local_address_selector": "envoy.upstream.local_address_selector"},
    "envoy.config.core.v3.HealthCheck": {"event_logger": "envoy.health_check.event_sinks"},
    "envoy.config.core.v3.HealthCheck.CustomHealthCheck": {"typed_config": "envoy.health_checkers"},
    "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat": {
        "stateful_formatter": "envoy.http.stateful_header_formatters"
    },
    "envoy.config.core.v3.SubstitutionFormatString": {"formatters": "envoy.formatter"},
    "envoy.config.core.v3.HttpService": {"formatters": "envoy.formatter"},
    "envoy.config.listener.v3.Listener.ConnectionBalanceConfig": {"extend_balance": "envoy.network.connection_balance"},
    "envoy.config.metrics.v3.StatsSink": {"typed_config": "envoy.stats_sinks"},
    "envoy.config.overload.v3.ResourceMonitor": {"typed_config": "envoy.resource_monitors"},
    "envoy.config.cluster.v3.Cluster.QueuingPolicies": {"pending_rq_policy": "envoy.queue_policy"},
    "envoy.config.route.v3.RateLimit.Action": {"extension": "envoy.rate_limit_descriptors"},
    "envoy.config.route.v3.RetryPolicy": {"retry_options_predicates": "envoy.retry_options_predicates"},
    "envoy.config.route.v3.Route": {"route_specifiers": "envoy.router.route_specifiers"},
    "envoy.config.route.v3.RouteAction": {
        "early_data_policy": "envoy.route.early_data_policy",
        "path_rewrite_policy": "envoy.path.rewrite",
    },
    "envoy.config.route.v3.RouteConfiguration": {"route_specifiers": "envoy.router.route_specifiers"},
    "envoy.config.route.v3.RouteMatch": {"path_match_policy": "envoy.path.match"},
    "envoy.config.route.v3.VirtualHost": {"route_specifiers": "envoy.router.route_specifiers"},
    "envoy.config.trace.v3.Tracing.Http": {"typed_config": "envoy.tracers"},
    "envoy.extensions.access_loggers.fluentd.v3.FluentdAccessLogConfig": {"formatters": "envoy.formatter"},
    "envoy.extensions.access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig": {
        "formatters": "envoy.formatter",
        "resource_detectors": "envoy.tracers.opentelemetry.resource_detectors",
    },
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": {
        "early_header_mutation_extensions": "envoy.http.early_header_mutation",
        "original_ip_detection_extensions": "envoy.http.original_ip_detection",
    },
    "envoy.extensions.filters.http.header_mutation.v3.Mutations": {"formatters": "envoy.formatter"},
    "envoy.extensions.filters.http.stateful_session.v3.StatefulSession": {
        "session_state": "envoy.http.stateful_session"
    },
    "envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig": {
        "resource_detectors": "envoy.tracers.opentelemetry.resource_detectors"
    },
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.TunnelingConfig": {"formatters": "envoy.formatter"},
    "envoy.extensions.transport_sockets.tls.v3.CommonTlsContext": {"custom_handshaker": "envoy.tls_handshakers"},
    "envoy.type.matcher.v3.StringMatcher": {"custom": "envoy.string_matcher"},
    "envoy.config.trace.v3.OpenTelemetryConfig": {
        "resource_detectors": "envoy.tracers.opentelemetry.resource_detectors",
        "sampler": "envoy.tracers.opentelemetry.samplers",
    },
}
"""By message and field: the category."""

FURTHER = (
    "envoy.clusters",
    "envoy.config.validators",
    "envoy.filters.http",
    "envoy.filters.listener",
    "envoy.filters.network",
    "envoy.matching.action",
    "envoy.matching.common_inputs",
    "envoy.matching.input_matchers",
    "envoy.matching.stat_matching_data.input",
    "envoy.request_id",
    "envoy.matching.stat_tag_matching_data.input",
    "envoy.matching.transport_socket.input",
    "envoy.tls.certificate_selectors",
    "envoy.tls.upstream_certificate_selectors",
)
"""Categories that are asked for elsewhere."""


def check_of(message_type: str) -> Callable[[Any], Iterator[Complaint]]:
    """The check of the extensions that a message of the type holds."""
    points = POINTS[message_type]

    def check(message: Any) -> Iterator[Complaint]:
        for field, value in message.ListFields():
            category = points.get(field.name)
            if category is not None:
                yield from _field(field, value, message, category)
        if "typed_config" in points and not message.HasField("typed_config"):
            yield from _missing(message)

    return check


def _field(field: Any, value: Any, message: Any, category: str) -> Iterator[Complaint]:
    if declared.is_map(field):
        for name in value:
            yield from extension(value[name], f'{field.name}["{name}"]', name, category)
    elif field.is_repeated:
        for position, one in enumerate(value):
            yield from extension(one, field.name + index(position), one.name, category)
    else:
        yield from extension(value, field.name, getattr(value, "name", "") or _name(message), category)


def _name(message: Any) -> str:
    return str(message.name) if "name" in message.DESCRIPTOR.fields_by_name else ""


def _missing(message: Any) -> Iterator[Complaint]:
    wrong = f"Didn't find a registered implementation for '{_name(message)}' with type URL: ''"
    yield "typed_config", wrong, "Set typed_config."


def extension(value: Any, path: str, name: str, *categories: str) -> Iterator[Complaint]:
    """What is wrong with one extension of the `categories`: with an Any, or a TypedExtensionConfig."""
    packed = value.typed_config if value.DESCRIPTOR.full_name in _OPTIONAL else value
    if packed.type_url and not pool.is_known(packed.type_url):
        return  # whoever opens the Any says so
    try:
        found = pool.type_name(anys.type_url(packed))
    except ParseError:
        return
    from fastroute.api import extension_types

    if not any(found in extension_types.types_of(category) for category in categories):
        wrong = f"Didn't find a registered implementation for '{name}' with type URL: '{found}'"
        remedy = f"Name an extension of the category {categories[0]}." if categories else "Remove it."
        yield path, wrong, remedy
