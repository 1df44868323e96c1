"""The actions that Envoy answers itself: a fixed response and a redirect.

RA-40  Location is scheme://host[:port]path. The scheme is `scheme_redirect`, https, or the request's.
RA-41  The host is `host_redirect`, or the request's; that loses its port when `port_redirect` is set, or when
       the scheme changes away from x-forwarded-proto and the port is that scheme's default.
RA-42  `path_redirect` gets a leading slash; with a query of its own the request's is dropped.
RA-43  `prefix_rewrite` and `regex_rewrite` are those of forwarding; an empty result rewrites nothing.
RA-44  A `path_rewrite` format is like `path_redirect`: response headers still see the request's own path.
RA-51  A direct response with 201 or 3xx names the request's own URL.
"""

# ruff: noqa: ARG002  (every action answers the whole protocol)
from __future__ import annotations

from fastroute.action import local_reply, notes, rewrites
from fastroute.action.base import BaseAction
from fastroute.action.draft import JOINED_IN_RESPONSES, Draft, Headers
from fastroute.action.format import Supply, Template, Values
from fastroute.action.headers import speaks_grpc
from fastroute.action.router_options import DEFAULT_ROUTER
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.decided import Decided, Pairs
    from fastroute.action.notes import StepFields


@record
class LocalAction(BaseAction):
    """What fixed responses and redirects share: the headers of a local reply."""

    def new_uri(self, decision: Decided) -> bytes:
        """The URL that a Location of this response would name. Without a path (CONNECT) there is no Location."""
        request, scheme = self.arrived(decision), decision.scheme
        return b"%s://%s%s" % (scheme, request_host(request, scheme), request.path or b"")

    def values(self, decision: Decided, request: Draft, operators: Supply | None = None) -> Values:
        """What format operators read."""
        return Values(decision, request.first, metadata=self.format_metadata(), supply=operators)

    def downstream_headers(
        self, decision: Decided, status: int, headers: Pairs, operators: Supply | None = None
    ) -> list[tuple[bytes, bytes]]:
        response = Headers(headers, JOINED_IN_RESPONSES)
        location = self.location(decision)
        if location is not None and response.first(b"location") is None:
            response.add(b"location", location)
        self.mutate_response(response, self.values(decision, self.route_request(decision), operators))
        answered = decision.answered_status or status
        local_reply.finish(response, decision, answered, self.text_of(decision), self.content_type())
        return response.pairs

    def status_of(self, decision: Decided, status: int) -> int:
        """The HTTP status of the reply: gRPC clients get 200, and the status as a gRPC one in a header."""
        return 200 if speaks_grpc(decision) else status

    def body(self, decision: Decided) -> bytes:
        return b"" if speaks_grpc(decision) else self.text_of(decision)

    def text_of(self, decision: Decided) -> bytes:
        """The text of the reply: its body, or the message for a gRPC client."""
        return b""

    def content_type(self) -> bytes:
        """A content type that overrides header mutations; empty for text/plain where they give none."""
        return b""


@record
class ResponseAction(LocalAction):
    """DirectResponseAction: status 200…599 and a body, constant or formatted."""

    status: int = 200
    text: bytes = b""
    format: Template | None = None
    type: bytes = b""

    def text_of(self, decision: Decided) -> bytes:
        if self.format is None:
            return self.text
        return self.format.render(self.values(decision, self.arrived(decision)))

    def content_type(self) -> bytes:
        return self.type

    def location(self, decision: Decided) -> bytes | None:
        if decision.original_path is None or (self.status != 201 and not 300 <= self.status < 400):
            return None
        return self.new_uri(decision)


@record
class RedirectAction(LocalAction):
    """RedirectAction."""

    scheme: bytes = b""
    redirect_host: bytes = b""
    port: bytes = b""
    path_redirect: bytes = b""
    rewrite: rewrites.PrefixRewrite | rewrites.RegexRewrite | rewrites.FormatRewrite | None = None
    rewrite_field: str = ""
    strip_query: bool = False

    def location(self, decision: Decided) -> bytes | None:
        return None if decision.original_path is None else self.new_uri(decision)

    def new_uri(self, decision: Decided) -> bytes:
        request = self.route_request(decision)
        scheme = self.scheme or decision.scheme
        host = self.redirect_host or request_host(request, scheme, drop_port=bool(self.port))
        return b"%s://%s%s%s" % (scheme, host, self.port, self._final_path(request, decision))

    def route_request(self, decision: Decided) -> Draft:
        request = self.arrived(decision)
        if request.path is None or self.rewrite is None or isinstance(self.rewrite, rewrites.FormatRewrite):
            return request
        path = self.rewrite.rewrite(request.path, lambda _: b"")
        if path:
            options = decision.router_options or DEFAULT_ROUTER
            rewrites.set_path(request, path, keep_original=not options.suppress_envoy_headers)
        return request

    def _final_path(self, request: Draft, decision: Decided) -> bytes:
        path, new = request.path or b"", self.path_redirect
        if isinstance(self.rewrite, rewrites.FormatRewrite):
            new = self.rewrite.template.render(self.values(decision, request))
        own_query = b"?" in new
        if new:
            path = new if own_query else new + _query(path)
        if self.strip_query and not own_query:
            path = path.partition(b"?")[0]
        return path if path[:1] == b"/" else b"/" + path

    def explain_steps(self, decision: Decided) -> tuple[StepFields, ...]:
        told = notes.Notes()
        path = self.route_request(decision).path
        if isinstance(self.rewrite, rewrites.FormatRewrite):
            path = self.rewrite.template.render(self.values(decision, self.arrived(decision)))
        if self.rewrite_field and path != decision.original_path:
            old = decision.original_path or b""
            told.rewritten("path", old, path or b"", f"redirect.{self.rewrite_field}", "RA-43")
        return tuple(told.steps)


def request_host(request: Draft, scheme: bytes, *, drop_port: bool = False) -> bytes:
    """The request's host in a Location with `scheme` (RA-41); x-forwarded-proto is compared as it is."""
    host = request.authority
    end = host.rfind(b"]:") + 1 if host[:1] == b"[" else host.rfind(b":")
    if end < 0 or (end == 0 and host[:1] == b"["):
        return host
    port, protocol = host[end:], request.headers.first(b"x-forwarded-proto") or b""
    if scheme != protocol:
        drop_port = drop_port or (protocol.lower(), port) in ((b"https", b":443"), (b"http", b":80"))
    return host[:end] if drop_port else host


def _query(path: bytes) -> bytes:
    mark = path.find(b"?")
    return path[mark:] if mark >= 0 else b""
