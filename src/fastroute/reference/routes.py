"""Which route of a virtual host: the first whose match holds, in list order.

- RM-01: of one route, in this order: runtime_fraction, grpc, headers, query_parameters, cookies,
  tls_context, dynamic_metadata, filter_state, path. All must hold; the first that fails ends the look.
- VH-11: the first matching route wins, however specific a later one is.
- RA-06: a route whose cluster specifier is optional and unknown is passed over even where it matches.
- VH-10: when none matches there is no route; other virtual hosts are not asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fastroute.reference import (
    cluster_specifiers,
    cookies,
    filter_state,
    fractions,
    headers,
    metadata,
    paths,
    queries,
    tls,
)
from fastroute.reference.stream import Message, Stream
from fastroute.reference.trace import Reason


class Found(NamedTuple):
    """A route that was chosen, and its place in the list."""

    route: Message
    place: int


def choose(routes: Iterable[Message], stream: Stream, *, ignore_parameters: bool) -> Found | None:
    """The first route that matches, or None; every look is written down."""
    for index, route in enumerate(routes):
        subject = f"route {index}" + (f" {route.name!r}" if route.name else "")
        reason = why_not(route.match, stream, ignore_parameters=ignore_parameters)
        reason = reason or cluster_specifiers.why_left_out(route, stream)
        if reason is None:
            stream.trace.add("route", subject, "chosen", f"{paths.describe(route.match)} matches", "VH-11")
            return Found(route, index)
        stream.trace.add("route", subject, "passed over", reason.text, reason.rule)
    return None


def why_not(match: Message, stream: Stream, *, ignore_parameters: bool) -> Reason | None:
    """The first predicate of a route that does not hold, or None when the route matches."""
    return _before_path(match, stream) or paths.why_not(
        match, stream.path, stream.method, ignore_parameters=ignore_parameters
    )


def _before_path(match: Message, stream: Stream) -> Reason | None:
    if match.HasField("runtime_fraction"):
        reason = fractions.why_not(match.runtime_fraction, stream.runtime, stream.random)
        if reason is not None:
            return reason
    if match.HasField("grpc") and (reason := tls.why_not_grpc(stream.headers)) is not None:
        return reason
    return (
        headers.why_not(match.headers, stream.headers)
        or queries.why_not(match.query_parameters, stream.path or b"")
        or cookies.why_not(match.cookies, stream.headers)
        or (tls.why_not(match.tls_context, stream.tls) if match.HasField("tls_context") else None)
        or metadata.why_not(match.dynamic_metadata, stream.dynamic_metadata)
        or filter_state.why_not(match.filter_state, stream.filter_state)
    )
