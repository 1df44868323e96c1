"""The agent's own counters, in Prometheus' text format, with the names of Istio's agent."""

from __future__ import annotations

import threading

PREFIX = "istio_agent_"
HELP = {
    "xds_proxy_requests": "Requests that Envoy sent to the control plane.",
    "xds_proxy_responses": "Responses that the control plane sent to Envoy.",
    "istiod_connection_failures": "Streams to the control plane that could not be opened.",
    "istiod_connection_terminations": "Streams that the control plane ended.",
    "envoy_connection_terminations": "Streams that Envoy ended.",
    "startup_duration_seconds": "Seconds from the start of the agent to readiness.",
    "scrapes_total": "Times that the merged metrics were asked for.",
    "scrape_failures_total": "Times that one source of the merged metrics failed.",
    "num_file_secret_failures_total": "Times that a certificate file could not be used.",
    "num_outgoing_requests": "Certificates asked for.",
    "num_failed_outgoing_requests": "Certificates that were not given.",
}
GAUGES = frozenset({"startup_duration_seconds"})
Key = tuple[str, tuple[tuple[str, str], ...]]


class Counters:
    """Named numbers, safe to change from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Key, float] = {}

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + amount

    def set(self, name: str, value: float) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[name, ()] = value

    def get(self, name: str, **labels: str) -> float:
        """The value, 0 before the first change."""
        with self._lock:
            return self._values.get((name, tuple(sorted(labels.items()))), 0)

    def text(self) -> str:
        """Every value, sorted by name."""
        with self._lock:
            values = sorted(self._values.items())
        lines: list[str] = []
        previous = ""
        for (name, labels), value in values:
            if name != previous:
                kind = "gauge" if name in GAUGES else "counter"
                lines += [f"# HELP {PREFIX}{name} {HELP[name]}", f"# TYPE {PREFIX}{name} {kind}"]
                previous = name
            inside = ",".join(f'{label}="{text}"' for label, text in labels)
            lines.append(f"{PREFIX}{name}{{{inside}}} {value:g}" if inside else f"{PREFIX}{name} {value:g}")
        return "".join(line + "\n" for line in lines)
