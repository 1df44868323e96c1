"""What the HTTP/1 codec takes, and how it hands a request over.

- HC-01: requests are HTTP/1.1 here; their version is no part of `Request`.
- HC-02: a second Host line is joined to the first with ",".
- HC-03: an absolute-form target gives authority, path and scheme (http and https only); user
  information is dropped. A target must otherwise start with "/", "*" is for OPTIONS alone, and that of
  CONNECT is host:port.
- HC-05: methods are the known ones, in upper case, unless `allow_custom_methods`.
- HC-06: control characters, space and bytes above 0x7e in the target are refused.
- HC-07: more headers than `max_headers_count` (100), or more bytes than `max_request_headers_kb` (60), are
  refused with 431; the runtime has other limits for fields that are not set. Names with "_" are taken,
  refused or dropped (`headers_with_underscores_action`).
- HC-08: see `header_map.py`. HC-09: headers that Connection names are removed here.
- Values with control characters other than TAB, and names that are no token, are refused with 400.
"""

from __future__ import annotations

from fastroute.reference import connection_header, fractions, request_target
from fastroute.reference.header_map import HeaderMap
from fastroute.reference.stream import Message, Stream
from fastroute.reference.targets import Outcome, respond
from fastroute.reference.trace import text
from fastroute.request import Request

METHODS = frozenset(
    b"""ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE
    MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE TRACE
    UNBIND UNLINK UNLOCK UNSUBSCRIBE""".split()
)
TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DROP, REJECT = 2, 1
_BODIES = {400: b"Bad Request", 431: b"Request Header Fields Too Large"}


def refuse(manager: Message, request: Request, stream: Stream) -> Outcome | None:
    """The codec's own answer to a request that it does not take; else fills in the stream's headers."""
    too_large = _too_large(manager, request, stream)
    problem = None if too_large else _controls(request)
    problem = problem or _line_with_method(manager, request) or too_large or _names(request)
    problem = problem or _lines(manager, request, stream)
    if problem is not None:
        status, details, rule = problem
        return _refused(stream, status, details, rule)
    _receive(manager, request, stream)
    rejected = connection_header.sanitise(stream)
    if rejected is not None:
        return _refused(stream, 400, rejected, "HC-09")
    target = request_target.parse(request, manager)
    if isinstance(target, request_target.Refused):
        return _refused(stream, 400, target.details, "HC-03")
    for name, value in target.pseudo_headers():
        stream.headers.set(name, value)
    return None


def _receive(manager: Message, request: Request, stream: Stream) -> None:
    stream.headers = HeaderMap([(b":authority", request.authority), (b":method", request.method)])
    for name, value in request.headers:
        if _dropped(manager, name):
            stream.trace.add("codec", f"header {text(name)}", "changed", "its name has '_': dropped", "HC-07")
        else:
            stream.headers.receive(name, value.strip(b" \t"))


def _refused(stream: Stream, status: int, details: str, rule: str) -> Outcome:
    stream.trace.add("codec", "request", "answered", f"{details}: {status}", rule)
    return respond(status, details, body=_BODIES[status])


Problem = tuple[int, str, str]


def _method(manager: Message, method: bytes) -> Problem | None:
    if manager.http_protocol_options.allow_custom_methods:
        known = bool(method) and all(byte in TOKEN for byte in method)
    else:
        known = method in METHODS
    return None if known else (400, "http1.codec_error", "HC-05")


def _line_with_method(manager: Message, request: Request) -> Problem | None:
    """What is wrong with the request line: a control character before the method, that before the target."""
    line = _line(request)
    if line is not None and line[1] == "http1.invalid_characters":
        return line
    return _method(manager, request.method) or line


def _controls(request: Request) -> Problem | None:
    """A control character anywhere in the head, found before all else."""
    texts = [request.method, request.authority, *(text for pair in request.headers for text in pair)]
    if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for text in texts for byte in text):
        return 400, "http1.invalid_characters", "HC-06"
    return None


def _line(request: Request) -> Problem | None:
    details = request_target.line_error(request)
    return None if details is None else (400, details, "HC-06")


def _dropped(manager: Message, name: bytes) -> bool:
    return b"_" in name and manager.common_http_protocol_options.headers_with_underscores_action == DROP


def _names(request: Request) -> Problem | None:
    for name, _ in request.headers:
        if not name or any(byte not in TOKEN for byte in name):
            return 400, "http1.codec_error", "HC-08"
    return None


def _lines(manager: Message, request: Request, stream: Stream) -> Problem | None:
    """Lines are taken one by one, until a name is refused or there are too many (HC-07)."""
    options = manager.common_http_protocol_options
    count = _own_limit(stream, "headers_count", 100)
    if options.HasField("max_headers_count"):
        count = options.max_headers_count.value
    stored = HeaderMap([(b"host", b"")])
    for name, _ in (*request.headers, (b"host", b"")):
        if len(list(stored)) > count:
            return 431, "http1.too_many_headers", "HC-07"
        if b"_" in name and options.headers_with_underscores_action == REJECT:
            return 400, "http1.unexpected_underscore", "HC-07"
        if not _dropped(manager, name):
            stored.receive(name, b"")
    return None


def _own_limit(stream: Stream, key: str, usual: int) -> int:
    found = fractions.number(fractions.runtime_value(stream.runtime, f"envoy.reloadable_features.max_request_{key}"))
    return int(found) if found is not None and 0 <= found < 2**64 else usual


def _too_large(manager: Message, request: Request, stream: Stream) -> Problem | None:
    kilobytes = _own_limit(stream, "headers_size_kb", 60)
    if manager.HasField("max_request_headers_kb"):
        kilobytes = manager.max_request_headers_kb.value
    size = len(request.path or b"") + len(b"host") + len(request.authority)
    size += sum(len(name) + len(value) for name, value in request.headers)
    return (431, "http1.headers_too_large", "HC-07") if size > kilobytes * 1024 else None
