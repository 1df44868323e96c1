"""Which durations Envoy takes (CF-05): from zero to what fits 64 bits in nanoseconds, whatever reads them.

* Neither part of a Duration is negative, and its nanoseconds are less than a second.
* It is shorter than 9 223 372 036 s. Envoy looks at every Duration of a message when it validates the message,
  so the bound is one for milliseconds and for seconds too.
* In what it does not validate (see `fastroute.api.constraints`) it finds the same of those that it reads.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api import declared
from fastroute.api.faults import index, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DURATION = "google.protobuf.Duration"
TOO_LONG_S = 9_223_372_036
"""The shortest span that is too long, in seconds."""

_SECOND = 1_000_000_000
_NEGATIVE = ("expected a positive duration", "Write it without the minus sign.")
_OUT_OF_RANGE = ("duration out-of-range", f"Write one of less than {TOO_LONG_S}s.")


def fault(duration: Any) -> tuple[str, str] | None:
    """What is wrong with a Duration, and what to do; None when Envoy takes it."""
    if duration.seconds < 0 or duration.nanos < 0:
        return _NEGATIVE
    return _OUT_OF_RANGE if duration.seconds >= TOO_LONG_S or duration.nanos >= _SECOND else None


def nanoseconds(duration: Any) -> int:
    """The length of a Duration; protobuf's own `ToNanoseconds` is not there in every process (`api.protobuf`)."""
    return int(duration.seconds * _SECOND + duration.nanos)


def within(message: Any) -> Iterator[tuple[str, str, str]]:
    """Path, what is wrong and what to do, of each Duration that is set in the message, outside Anys and maps."""
    for field, value in message.ListFields():
        kind = field.message_type
        if kind is None or declared.is_map(field):
            continue
        for position, one in enumerate(value if field.is_repeated else (value,)):
            step = f"{field.name}{index(position)}" if field.is_repeated else field.name
            if kind.full_name != DURATION:
                yield from ((join([step, path]), wrong, remedy) for path, wrong, remedy in within(one))
                continue
            wrong = fault(one)
            if wrong:
                yield (step, *wrong)
