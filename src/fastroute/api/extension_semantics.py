"""What Envoy refuses of extensions of a bootstrap beyond the constraints of the API.

* Ports that go through a map of sockets are a range from 1, up to but without 65536.
* Envoy 1.40 has no reporter of reverse tunnels.
* What a sink of OpenTelemetry makes of a metric is told by a matcher of its own inputs and actions.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api import transport_matcher
from fastroute.api.faults import index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_SINK = "envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig"
_CONVERSIONS = transport_matcher.Kinds(
    inputs=("envoy.matching.stat_matching_data.input", "envoy.matching.common_inputs"),
    matchers=("envoy.matching.input_matchers",),
    actions=frozenset((f"{_SINK}.ConversionAction", f"{_SINK}.DropAction")),
)


def sockmap(message: Any) -> Iterator[Complaint]:
    """The socket interface that connects by a map of sockets."""
    for position, ports in enumerate(message.accelerated_ports):
        if not 1 <= ports.start < ports.end <= 65_536:
            wrong = (
                f"sockmap accelerated_ports range [{ports.start}, {ports.end}) is invalid, "
                "expected 1 <= start < end <= 65536"
            )
            yield f"accelerated_ports{index(position)}", wrong, "A range is from start up to, but without, end."


def reverse_connections(message: Any) -> Iterator[Complaint]:
    """The upstream socket interface of reverse tunnels."""
    if message.HasField("reporter_config"):
        name = message.reporter_config.name
        wrong = f"Didn't find a registered implementation for name: '{name}'"
        yield "reporter_config", wrong, "Remove it: Envoy 1.40 has no reporter."


def open_telemetry_sink(message: Any) -> Iterator[Complaint]:
    """The sink of statistics that speaks OpenTelemetry."""
    if message.HasField("custom_metric_conversions"):
        field = "custom_metric_conversions"
        yield from transport_matcher.check(message.custom_metric_conversions, field, _CONVERSIONS)
