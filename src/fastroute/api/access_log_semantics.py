"""What Envoy refuses of access loggers beyond the constraints of the API and their format strings.

* A logger of OpenTelemetry has one way to send: `grpc_service`, `http_service` or `common_config.grpc_service`. What it
  sends are texts, lists and maps.
* A logger of statistics has a prefix or a scope, not both. A counter has a value or its format; a gauge has an
  operation, one of the two. Operations name the kinds of entries that they are for, each
  another one. Tags have formats too, and rules of their own inputs and actions.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api import format_semantics, transport_matcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_TAG_RULES = transport_matcher.Kinds(
    inputs=("envoy.matching.stat_tag_matching_data.input", "envoy.matching.common_inputs"),
    matchers=("envoy.matching.input_matchers",),
    actions=frozenset(("envoy.extensions.matching.actions.transform_stat.v3.TransformStat",)),
)
_SENT = ("string_value", "array_value", "kvlist_value")


def open_telemetry(message: Any) -> Iterator[Complaint]:
    """An OpenTelemetryAccessLogConfig."""
    ways = (
        message.HasField("grpc_service"),
        message.HasField("http_service"),
        message.HasField("common_config") and message.common_config.HasField("grpc_service"),
    )
    if sum(ways) != 1:
        wrong = "OpenTelemetry access logger requires one of: grpc_service, http_service, or common_config.grpc_service"
        yield "", wrong, "Set one of the three." if not any(ways) else "Keep one of the three."
    extended = len(message.formatters) > 0
    if message.HasField("body") and message.body.WhichOneof("value"):
        yield from _value(message.body, "body")
    yield from format_semantics.any_value(message.body, "body", extended)
    yield from _pairs(message.attributes.values, "attributes.values")
    for position, pair in enumerate(message.attributes.values):
        yield from format_semantics.any_value(pair.value, f"attributes.values[{position}].value", extended)


def _value(value: Any, path: str) -> Iterator[Complaint]:
    kind = value.WhichOneof("value")
    if kind not in _SENT:
        wrong = "Only string values, nested key value lists and array values are supported in OpenTelemetry"
        yield f"{path}.{kind}" if kind else path, wrong, "Use string_value."
    elif kind == "array_value":
        for position, each in enumerate(value.array_value.values):
            yield from _value(each, f"{path}.array_value.values[{position}]")
    elif kind == "kvlist_value":
        yield from _pairs(value.kvlist_value.values, f"{path}.kvlist_value.values")


def _pairs(pairs: Any, path: str) -> Iterator[Complaint]:
    for position, pair in enumerate(pairs):
        yield from _value(pair.value, f"{path}[{position}].value")


def process_rate_limit(message: Any) -> Iterator[Complaint]:
    """A ProcessRateLimitFilter."""
    if not message.HasField("dynamic_config"):
        yield "dynamic_config", "`dynamic_config` is required.", "Set it."


def statistics(message: Any) -> Iterator[Complaint]:
    """The configuration of a logger of statistics."""
    if bool(message.stat_prefix) == message.HasField("stats_scope"):
        yield "", "Either 'stat_prefix' or 'stats_scope' must be configured, but not both.", "Set one of the two."
    for position, counter in enumerate(message.counters):
        fixed = counter.HasField("value_fixed")
        yield from _format(counter, f"counters[{position}]")
        if bool(counter.value_format) == fixed:
            wrong = "Stats logger counter must have either `value_format` or `value_fixed`."
            yield f"counters[{position}]", wrong, "Set one of the two."
    for position, histogram in enumerate(message.histograms):
        yield from _format(histogram, f"histograms[{position}]")
    for position, gauge in enumerate(message.gauges):
        yield from _gauge(gauge, f"gauges[{position}]")


def _gauge(gauge: Any, path: str) -> Iterator[Complaint]:
    if not gauge.HasField("set") and not gauge.HasField("add_subtract"):
        wrong = "Stats logger gauge must have at least one operation configured."
        yield path, wrong, "Set set or add_subtract."
    elif gauge.HasField("set") and gauge.HasField("add_subtract"):
        wrong = "Stats logger gauge cannot have both SET and PAIRED_ADD/PAIRED_SUBTRACT operations."
        yield f"{path}.set", wrong, "Keep one of the two."
    for field, types in (("set", ("log_type",)), ("add_subtract", ("add_log_type", "sub_log_type"))):
        for kind in types if gauge.HasField(field) else ():
            if not getattr(getattr(gauge, field), kind):
                wrong = f"Stats logger gauge {field} operation must have a valid log type."
                yield f"{path}.{field}.{kind}", wrong, f"Set {kind}."
    added, subtracted = gauge.add_subtract.add_log_type, gauge.add_subtract.sub_log_type
    if added and added == subtracted:
        wrong = f"Duplicate access log type '{added}' in gauge operations."
        yield f"{path}.add_subtract.sub_log_type", wrong, "Subtract at another kind of entry."
    if bool(gauge.value_format) == gauge.HasField("value_fixed"):
        wrong = "Stats logger gauge must have either `value_format` or `value_fixed`."
        yield path, wrong, "Set one of the two."
    yield from _format(gauge, path)


def _format(message: Any, path: str) -> Iterator[Complaint]:
    for field, wrong, remedy in format_semantics.texts(message, "value_format"):
        yield f"{path}.{field}", wrong, remedy
    for position, tag in enumerate(message.stat.tags):
        here = f"{path}.stat.tags[{position}]"
        for field, wrong, remedy in format_semantics.texts(tag, "value_format"):
            yield f"{here}.{field}", wrong, remedy
        if tag.HasField("rules"):
            yield from transport_matcher.check(tag.rules, f"{here}.rules", _TAG_RULES)
