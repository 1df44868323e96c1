"""The gRPC-Web filter, where it changes a decision: bodies of Envoy's own answers.

- PIPE-03: the route was chosen on the headers as they came; an answer that is given in front of the filters stays.
- A request of gRPC-Web has one of four content types, letter by letter, and a path.
- The body of an answer becomes grpc-message, its status stays. Only an answer with the status 200 whose headers say
  that it is gRPC keeps its body; the walk knows no headers of answers and takes them not to say so.
- RA-90, RA-91: settings go by the filter's name; FilterConfig disables.
"""

from __future__ import annotations

from fastroute.api.anys import type_url
from fastroute.api.names import GRPC_WEB
from fastroute.api.pool import type_name
from fastroute.reference import http_rbac, table
from fastroute.reference.stream import Message, Stream

_TYPES = {f"application/grpc-web{text}{proto}".encode() for text in ("", "-text") for proto in ("", "+proto")}


def answer(
    manager: Message, tables: Message | None, route: Message | None, decision: table.Decision, stream: Stream
) -> table.Decision:
    """The decision, its body told in a header where the request was one of gRPC-Web."""
    if stream.path is None or stream.headers.first(b"content-type") not in _TYPES:
        return decision
    for each in manager.http_filters:
        if each.HasField("config_discovery") or type_name(type_url(each.typed_config)) != GRPC_WEB:
            continue
        if not http_rbac.runs(each, tables, route, decision, stream):
            stream.trace.add("gRPC-Web", each.name, "kept", "it is disabled here", "RA-91")
            continue
        stream.trace.add("gRPC-Web", each.name, "changed", "the request becomes gRPC", "PIPE-03")
        told = decision["kind"] != "forward" and decision["body"] and stream.method != b"HEAD"
        return {**decision, "body": b""} if told else decision
    return decision
