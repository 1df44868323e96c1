"""The walk over HTTP: from a request to what Envoy does with it, and why.

    route(route_configuration, request)   the route table alone, on a request as it stands
    handle(manager, request)              the whole HTTP connection manager, from the codec on

Rules of the order: PIPE-02 (see `manager.py`), VH-11 (see `table.py`).
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from fastroute.decision import Explanation
from fastroute.reference import manager, table
from fastroute.reference.header_map import HeaderMap
from fastroute.reference.manager import Tables
from fastroute.reference.stream import Message, Stream, pseudo_headers
from fastroute.request import Request


def route(
    route_configuration: Message,
    request: Request,
    *,
    runtime: Mapping[str, object] | None = None,
    clusters: Container[str] | None = None,
) -> Explanation:
    """What a route configuration makes of a request, as if it came out of the connection manager so.

    Nothing is normalised or refused before the routes are looked at. `x-forwarded-proto` is the
    request's scheme where it is absent.
    """
    stream = open_stream(request, runtime or {}, clusters)
    if stream.headers.first(b"x-forwarded-proto") is None:
        stream.headers.set(b"x-forwarded-proto", request.scheme)
    stream.headers.set(b":scheme", request.scheme)
    return stream.trace.explanation(table.decide(route_configuration, stream))


def handle(
    http_connection_manager: Message,
    request: Request,
    *,
    tables: Tables | None = None,
    runtime: Mapping[str, object] | None = None,
    clusters: Container[str] | None = None,
) -> Explanation:
    """What an HttpConnectionManager makes of a request, from the codec to the router.

    `tables` has the route configurations and scopes that the manager names rather than holds.
    """
    stream = open_stream(request, runtime or {}, clusters)
    decision = manager.handle(http_connection_manager, tables or Tables(), request, stream)
    return stream.trace.explanation(decision)


def open_stream(request: Request, runtime: Mapping[str, object], clusters: Container[str] | None) -> Stream:
    """A stream at its beginning: the request as the codec hands it over."""
    return Stream(
        headers=HeaderMap([*pseudo_headers(request), *request.headers]),
        random=request.random,
        runtime=runtime,
        connection=request.connection,
        dynamic_metadata=request.dynamic_metadata,
        filter_state=request.filter_state,
        clusters=clusters,
    )
