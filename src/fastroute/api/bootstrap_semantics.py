"""Checks that Envoy makes when it starts with a bootstrap.

* What asks for `ads` needs `ads_config`. (The node's id and cluster, which Envoy wants then, may also
  come from its command line.)
* The clusters that ADS is asked at are static. A secret has a type.
* A locator of listeners or clusters is an `xdstp:` URL of a collection of them. The port of the admin
  page is a number.
* Runtime layers have names of their own, and one admin layer is the most.
* There is one of `watchdog` and `watchdogs`. An internal listener needs the extension that makes them.
* A tag has a value, or a name and a regex that is one, unless it is one of Envoy's own (`envoy.…`).
* The local cluster is a static one, and so is one that statistics go to. These are flushed by time or by the admin
  page, and evicted at a multiple of the flushes. A value of the runtime is neither a list nor null.
* What `xdstp:` URLs name comes from an api_config_source that is aggregated; but for the default one, it is for
  some authority.
* HDS and load statistics are asked for by gRPC, at static clusters.
* The log of the admin page is made before clusters and subscriptions are: a logger that sends to a cluster,
  or a filter that subscribes, ends Envoy.

`envoy --mode validate` subscribes to no listeners, asks neither for clusters nor for HDS, and makes neither
a matcher of statistics or of admin pages nor the actions of a watchdog: what is wrong with these ends Envoy only when
it really starts (`is_late`).
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import DecodeError

from fastroute.api import config_sources, durations, extension_points, names, pool
from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_FLUSH = 5_000_000_000
_STATSD = "envoy.config.metrics.v3.StatsdSink"
_SENDING = frozenset(
    f"envoy.extensions.access_loggers.{name}"
    for name in (
        "fluentd.v3.FluentdAccessLogConfig",
        "grpc.v3.HttpGrpcAccessLogConfig",
        "grpc.v3.TcpGrpcAccessLogConfig",
        "open_telemetry.v3.OpenTelemetryAccessLogConfig",
    )
)
_INTERNAL = "envoy.extensions.bootstrap.internal_listener.v3.InternalListener"
_RATED = "envoy.extensions.access_loggers.filters.process_ratelimit.v3.ProcessRateLimitFilter"
_LOCATORS = {"lds_resources_locator": names.LISTENER, "cds_resources_locator": names.CLUSTER}


def bootstrap(message: Any) -> Iterator[Complaint]:
    """What is wrong with a Bootstrap as a whole."""
    has_ads = message.dynamic_resources.HasField("ads_config")
    if not has_ads:
        yield from _without_ads(message)
    for path, wrong, remedy in config_sources.ads(message.dynamic_resources.ads_config) if has_ads else ():
        yield f"dynamic_resources.ads_config.{path}".rstrip("."), wrong, remedy
    for field, kind in _LOCATORS.items():
        locator = getattr(message.dynamic_resources, field)
        for _, wrong, remedy in config_sources.located(locator, kind):
            yield f"dynamic_resources.{field}", wrong, remedy
        source = field.replace("resources_locator", "config")
        for _, wrong, remedy in (
            config_sources.collection(getattr(message.dynamic_resources, source)) if locator else ()
        ):
            yield f"dynamic_resources.{source}", wrong, remedy
    if message.admin.address.socket_address.HasField("named_port"):
        wrong = "IP resolver can't handle port specifier type 4"
        yield "admin.address.socket_address.named_port", wrong, "Use port_value."
    known = {cluster.name for cluster in message.static_resources.clusters}
    for path, wrong, remedy in _unknown(message.dynamic_resources.ads_config, known):
        yield f"dynamic_resources.ads_config.{path}", wrong, remedy
    yield from _parts(message, known)
    for position, log in enumerate(message.admin.access_log):
        yield from _admin_log(log, f"admin.access_log[{position}]")


def _admin_log(log: Any, path: str) -> Iterator[Complaint]:
    """An access log of the admin page, which Envoy makes before its clusters and subscriptions."""
    kind = pool.type_name(log.typed_config.type_url)
    if kind in _SENDING:
        wrong = f"{kind} ends Envoy in the log of the admin page, which is made before clusters are"
        yield f"{path}.typed_config", wrong, "Write the log to a file or a stream."
    for below, extension in _extensions(log.filter, f"{path}.filter"):
        if pool.type_name(extension.typed_config.type_url) == _RATED:
            wrong = f"{_RATED} ends Envoy in the log of the admin page, which is made before subscriptions are"
            yield below, wrong, "Remove the filter."


def _extensions(condition: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The extensions in an AccessLogFilter."""
    kind = condition.WhichOneof("filter_specifier")
    if kind == "extension_filter":
        yield f"{path}.{kind}", condition.extension_filter
    elif kind in ("and_filter", "or_filter"):
        for position, each in enumerate(getattr(condition, kind).filters):
            yield from _extensions(each, f"{path}.{kind}.filters[{position}]")


def _parts(message: Any, known: set[str]) -> Iterator[Complaint]:
    yield from _statistics(message, known)
    for path, source in _collections(message):
        for step, wrong, remedy in _collection(source, known):
            yield f"{path}.{step}".rstrip("."), wrong, remedy
    for position, source in enumerate(message.config_sources):
        if not source.authorities:
            wrong = "xdstp-based non-default config source must have at least one authority."
            yield f"config_sources[{position}].authorities", wrong, "Name the authorities that it is for."
    for field in ("xds_delegate_extension", "xds_config_tracker_extension"):
        if message.HasField(field):
            yield from extension_points.extension(getattr(message, field), field, getattr(message, field).name)
    yield from _internal_listeners(message)
    if message.HasField("watchdog") and message.HasField("watchdogs"):
        yield "watchdog", "Only one of watchdog or watchdogs should be set!", "Keep watchdogs."
    local = message.cluster_manager.local_cluster_name
    if local and local not in known:
        yield "cluster_manager.local_cluster_name", f"local cluster '{local}' must be defined", "Define it statically."
    for path, api in (
        ("hds_config", message.hds_config),
        ("cluster_manager.load_stats_config", message.cluster_manager.load_stats_config),
    ):
        if api.api_type:
            found = (*config_sources.ads(api), *_unknown(api, known))
            yield from ((f"{path}.{step}".rstrip("."), wrong, remedy) for step, wrong, remedy in found)


def _internal_listeners(message: Any) -> Iterator[Complaint]:
    """Internal listeners, which are an extension of the bootstrap."""
    if any(pool.type_name(each.typed_config.type_url) == _INTERNAL for each in message.bootstrap_extensions):
        return
    for position, listener in enumerate(message.static_resources.listeners):
        if listener.HasField("internal_listener"):
            path = f"static_resources.listeners[{position}].internal_listener"
            yield (
                path,
                "InternalListener bootstrap extension is mandatory",
                f"Add a {_INTERNAL} to bootstrap_extensions.",
            )


def _collections(message: Any) -> Iterator[tuple[str, Any]]:
    """The sources of what `xdstp:` URLs name."""
    for position, source in enumerate(message.config_sources):
        yield f"config_sources[{position}]", source
    if message.HasField("default_config_source"):
        yield "default_config_source", message.default_config_source


def _collection(source: Any, known: set[str]) -> Iterator[Complaint]:
    """A source of what `xdstp:` URLs name: an aggregated one, of gRPC."""
    if source.WhichOneof("config_source_specifier") != "api_config_source":
        wrong = "Only api_config_source type is currently supported for xdstp-based config sources."
        yield "", wrong, "Use api_config_source."
        return
    api = source.api_config_source
    for step, wrong, remedy in (*config_sources.named(api), *_unknown(api, known)):
        yield f"api_config_source.{step}", wrong, remedy
    if api.api_type not in config_sources.AGGREGATED:
        wrong = "xdstp-based config source authority only supports AGGREGATED_GRPC and AGGREGATED_DELTA_GRPC types."
        yield "api_config_source.api_type", wrong, "Use one of the two."


def _statistics(message: Any, known: set[str]) -> Iterator[Complaint]:
    """How statistics are flushed, and where to."""
    if message.HasField("stats_flush_interval") and message.stats_flush_on_admin:
        wrong = "Only one of stats_flush_interval or stats_flush_on_admin should be set!"
        yield "stats_flush_on_admin", wrong, "Remove one of the two."
    flush = durations.nanoseconds(message.stats_flush_interval) if message.HasField("stats_flush_interval") else _FLUSH
    if (
        message.HasField("stats_eviction_interval")
        and flush > 0
        and durations.nanoseconds(message.stats_eviction_interval) % flush
    ):
        wrong = "stats_eviction_interval must be a multiple of stats_flush_interval"
        yield "stats_eviction_interval", wrong, "Make it one; stats_flush_interval is 5s unless set."
    for position, sink in enumerate(message.stats_sinks):
        if pool.type_name(sink.typed_config.type_url) == _STATSD:
            name = _tcp_cluster(sink.typed_config.value)
            if name is not None and name not in known:
                path = f"stats_sinks[{position}].typed_config.tcp_cluster_name"
                yield path, f"tcp statsd: unknown cluster '{name}'", "Name a cluster of static_resources."


def _tcp_cluster(data: bytes) -> str | None:
    try:
        sink: Any = pool.message_class(_STATSD).FromString(data)
    except DecodeError:
        return None  # whoever opens the Any says so
    return str(sink.tcp_cluster_name) if sink.HasField("tcp_cluster_name") else None


def _unknown(api: Any, known: set[str]) -> Iterator[Complaint]:
    for position, service in enumerate(api.grpc_services):
        name = service.envoy_grpc.cluster_name
        if service.HasField("envoy_grpc") and name not in known:
            path = f"grpc_services[{position}].envoy_grpc.cluster_name"
            yield path, f"unknown gRPC client cluster '{name}'", "Name a cluster of static_resources."


_LATE = (
    "dynamic_resources.lds_",
    "dynamic_resources.cds_config.ads",
    "hds_config",
    "cluster_manager.load_stats_config",
    "stats_config.stats_matcher",
    "stats_config.histogram_bucket_settings",
    "admin.allow_paths",
)
_LATE_PATHS = pattern(
    r"layered_runtime\.layers\[\d+\]\.rtds_layer\.rtds_config\.ads"
    r"|static_resources\.clusters\[\d+\]\.eds_cluster_config\.eds_config\.ads"
    r"|watchdogs?\.(?:\w+_watchdog\.)?actions\[\d+\]\.config\b.*"
)
_OPENED_LATE = pattern(
    r"watchdogs?\.(?:\w+_watchdog\.)?actions\[\d+\]\.config\.typed_config\..*"
    r"|(?:stats_config\.(?:stats_matcher|histogram_bucket_settings)|admin\.allow_paths)\b.*\.custom\.typed_config\..*"
)


def is_late(path: str, *, built: bool) -> bool:
    """Whether Envoy finds what is wrong at `path` of a bootstrap only when it really starts.

    `built` are checks that it makes when it builds something. The constraints of the API it checks at once, but for
    those of an Any that it opens late.
    """
    if built and (path.startswith(_LATE) or _LATE_PATHS.fullmatch(path)):
        return True
    return _OPENED_LATE.fullmatch(path) is not None


def _without_ads(message: Any) -> Iterator[Complaint]:
    wrong, remedy = "ADS must be configured to support an ADS config source", "Set dynamic_resources.ads_config."
    for field in ("lds_config", "cds_config"):
        if getattr(message.dynamic_resources, field).HasField("ads"):
            yield f"dynamic_resources.{field}.ads", wrong, remedy
    for position, layer in enumerate(message.layered_runtime.layers):
        if layer.rtds_layer.rtds_config.HasField("ads"):
            yield f"layered_runtime.layers[{position}].rtds_layer.rtds_config.ads", wrong, remedy
    for position, cluster in enumerate(message.static_resources.clusters):
        if cluster.eds_cluster_config.eds_config.HasField("ads"):
            yield f"static_resources.clusters[{position}].eds_cluster_config.eds_config.ads", wrong, remedy


def layered_runtime(message: Any) -> Iterator[Complaint]:
    """What is wrong with the layers of the runtime."""
    seen: set[str] = set()
    admins = 0
    for position, layer in enumerate(message.layers):
        if layer.name in seen:
            yield f"layers[{position}].name", f"duplicate layer name: {layer.name}", "Give each layer its own name."
        seen.add(layer.name)
        yield from _values(layer.static_layer, f"layers[{position}].static_layer", "")
        if layer.HasField("rtds_layer") and not layer.rtds_layer.HasField("rtds_config"):
            yield f"layers[{position}].rtds_layer.rtds_config", "missing config source specifier", "Set it."
        admins += layer.HasField("admin_layer")
        if admins > 1 and layer.HasField("admin_layer"):
            yield f"layers[{position}].admin_layer", "too many admin layers", "Keep one."


def _values(struct: Any, path: str, above: str) -> Iterator[Complaint]:
    """The values of a runtime: no list and no null; a fraction may have any field."""
    for name, value in struct.fields.items():
        kind, key = value.WhichOneof("kind"), f"{above}.{name}" if above else name
        here = f'{path}["{name}"]'
        if kind in ("list_value", "null_value", None):
            yield here, f"Invalid runtime entry value for {key}", "Use a number, a text, true or false, or an object."
        elif kind == "struct_value" and "numerator" not in value.struct_value.fields:
            yield from _values(value.struct_value, here, key)


def secret(message: Any) -> Iterator[Complaint]:
    """What is wrong with a Secret."""
    if message.WhichOneof("type") is None:
        yield "", "secret type not implemented", "Set one of its types."


def tag_specifier(message: Any) -> Iterator[Complaint]:
    """What is wrong with a tag of the statistics."""
    if not message.tag_name and not message.HasField("fixed_value"):
        yield "tag_name", "tag_name cannot be empty", "Set it."
    elif not message.regex and not message.HasField("fixed_value") and not message.tag_name.startswith("envoy."):
        wrong = f"no regex specified for tag specifier and no default regex for name: '{message.tag_name}'"
        yield "regex", wrong, "Set regex or fixed_value."
    if message.regex:
        from fastroute.api.ecma_regex import is_broken

        if is_broken(message.regex):
            yield "regex", f"Invalid regex '{message.regex}'", "Correct it; the grammar is that of ECMAScript."
