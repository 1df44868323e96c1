"""Counters, gauges and histograms with Istio's names, as Prometheus reads them."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

Labels = tuple[tuple[str, str], ...]
SECONDS: Final = (0.1, 0.5, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0)
SHORT_SECONDS: Final = (0.01, 0.1, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0)
BYTES: Final = (1.0, 10_000.0, 1_000_000.0, 4_000_000.0, 10_000_000.0, 40_000_000.0)

COUNTERS: Final[Mapping[str, str]] = {
    "pilot_xds_pushes": "Responses sent",
    "pilot_push_triggers": "Pushes by what caused them",
    "pilot_inbound_updates": "Changes of the configuration that were noticed",
    "pilot_push_merged": "Pushes that a newer one took the place of before they were sent",
    "pilot_total_xds_rejects": "Responses that proxies refused",
    "pilot_xds_expired_nonce": "Requests that spoke of another response than the last",
    "pilot_xds_write_timeout": "Streams ended because the proxy did not take what it was sent",
    "pilot_total_xds_internal_errors": "Errors of the server itself",
    "pilot_xds_refused_streams": "Streams that were not served",
}
HISTOGRAMS: Final[Mapping[str, tuple[str, tuple[float, ...]]]] = {
    "pilot_debounce_time": ("Seconds from the first change to the reading of a new state", SHORT_SECONDS),
    "pilot_pushcontext_init_seconds": ("Seconds to build a new state", SHORT_SECONDS),
    "pilot_proxy_queue_time": ("Seconds that a proxy waits for its push", SECONDS),
    "pilot_proxy_convergence_time": ("Seconds from a change until a proxy was sent all of it", SECONDS),
    "pilot_xds_push_time": ("Seconds to put the responses of a push together", SHORT_SECONDS),
    "pilot_xds_send_time": ("Seconds until a response was taken", SHORT_SECONDS),
    "pilot_xds_config_size_bytes": ("Sizes of responses", BYTES),
}
_OF_KIND: Final[Mapping[str, Labels]] = {kind: (("type", kind),) for kind in ("cds", "eds", "lds", "rds")}

_PUSHES: Final = {kind: ("pilot_xds_pushes", labels) for kind, labels in _OF_KIND.items()}


class Histogram:
    """Counts observations by upper bound."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds, self._counts, self._sum = bounds, [0] * (len(bounds) + 1), 0.0

    def add(self, value: float) -> None:
        """Note one observation."""
        self._counts[bisect.bisect_left(self._bounds, value)] += 1
        self._sum += value

    def lines(self, name: str, labels: Labels) -> Iterator[str]:
        """Its text form."""
        total = 0
        for bound, count in zip((*(f"{one:g}" for one in self._bounds), "+Inf"), self._counts, strict=True):
            total += count
            yield f"{name}_bucket{_spelled((*labels, ('le', bound)))} {total}"
        yield f"{name}_sum{_spelled(labels)} {self._sum:g}"
        yield f"{name}_count{_spelled(labels)} {total}"


class Metrics:
    """What the server counts. Gauges are given when the text is asked for."""

    def __init__(self) -> None:
        self.counters: Counter[tuple[str, Labels]] = Counter()
        self._histograms: dict[tuple[str, Labels], Histogram] = {}
        # What is added to at every push is looked up once.
        self.queue_time = self._histogram("pilot_proxy_queue_time", ())
        self.push_time = self._histogram("pilot_xds_push_time", (("type", "all"),))
        self.convergence_time = self._histogram("pilot_proxy_convergence_time", ())
        self._send_time = self._histogram("pilot_xds_send_time", ())
        self._sizes = {kind: self._histogram("pilot_xds_config_size_bytes", key) for kind, key in _OF_KIND.items()}

    def add(self, name: str, count: int = 1, **labels: str) -> None:
        """Count."""
        self.counters[name, tuple(labels.items())] += count

    def sent(self, kind: str, seconds: float, size: int) -> None:
        """Note a response that was taken: what happens most, so without looking anything up by words."""
        self.counters[_PUSHES[kind]] += 1
        self._send_time.add(seconds)
        self._sizes[kind].add(size)

    def _histogram(self, name: str, labels: Labels) -> Histogram:
        found = self._histograms.get((name, labels))
        if found is None:
            found = self._histograms[name, labels] = Histogram(HISTOGRAMS[name][1])
        return found

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Note a value of a histogram."""
        self._histogram(name, tuple(labels.items())).add(value)

    def total(self, name: str) -> int:
        """A counter over all labels."""
        return sum(count for (found, _), count in self.counters.items() if found == name)

    def text(self, gauges: Iterable[tuple[str, str, Mapping[Labels, float]]]) -> str:
        """All of it; `gauges` are name, explanation, values."""
        lines: list[str] = []
        for name, about in COUNTERS.items():
            values: dict[Labels, float] = {
                labels: count for (found, labels), count in self.counters.items() if found == name
            }
            lines += _simple(name, "counter", about, values or {(): 0})
        for name, (about, _) in HISTOGRAMS.items():
            lines += [f"# HELP {name} {about}", f"# TYPE {name} histogram"]
            for (found, labels), one in self._histograms.items():
                if found == name:
                    lines += one.lines(name, labels)
        for name, about, gauge in gauges:
            lines += _simple(name, "gauge", about, gauge)
        return "\n".join(lines) + "\n"


def _simple(name: str, kind: str, about: str, values: Mapping[Labels, float]) -> list[str]:
    head = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    return head + [f"{name}{_spelled(labels)} {value:.15g}" for labels, value in values.items()]


def _spelled(labels: Labels) -> str:
    if not labels:
        return ""
    escaped = ((name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in labels)
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
