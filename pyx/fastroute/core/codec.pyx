# cython: boundscheck=True, nonecheck=True
"""The HTTP/1 codec: which requests it takes, and how it hands them over. Its own answers have reasons `http1.…`.

HC-02  A second Host line is joined to the first with ",".
HC-03  Absolute form gives authority, path and scheme (http and https only), and drops user information; `*` is for
       OPTIONS; the target of CONNECT is host:port, perhaps behind "@". In brackets there is an IP address.
HC-05  Methods are the known ones, in upper case, unless custom methods are allowed.
HC-06  Control characters, spaces and bytes above 0x7e in the target are refused.
       A control character anywhere is found before all else, unless there are too many bytes to hold.
HC-07  Too many headers (as they are stored) or too many bytes: 431. Names with "_" are taken, refused or dropped.
HC-08  Inline headers are stored as one line, of which empty parts leave no trace; others keep their lines.
HC-09  Headers that Connection names are removed, unless the request is an upgrade; some must not be named. An
       upgrade to h2c is forgotten.

A plain request never comes here (`preparing`); `take` looks at the others in the codec's own order, for the first thing
wrong is what its answer tells.
"""

cimport cython


from fastroute.core import headers as _headers
from fastroute.patterns import pattern as _pattern
from fastroute.core.arena cimport NONE
from fastroute.core.bytemap cimport ByteMap
from fastroute.core.cidr cimport ip_t, parse_ip
from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport CONNECTION, UPGRADE, View
from fastroute.core.request_line cimport LINE_UNUSUAL
from fastroute.core.slices cimport Slice, same_folded, text_of, view as view_of

cdef dict UNDERSCORES = {"allow": ALLOW, "reject": REJECT_REQUEST, "drop": DROP_HEADER}
cdef ByteMap METHODS = ByteMap()
cdef frozenset TOKEN = frozenset(
    b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
cdef frozenset INLINE = _headers.INLINE_HEADERS
cdef frozenset OPTIONS_OF_CONNECTION = frozenset([
    b"close", b"http2-settings", b"keep-alive", b"upgrade", b"connection",
])
cdef frozenset UNTOUCHABLE = frozenset([b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"])
cdef object AUTHORITY_FORM = _pattern(rb"[A-Za-z0-9!$%&'()*+,\-.:;=@\[\]_~]*(?:[/?]|$)")
cdef object ABSOLUTE_FORM = _pattern(rb"[A-Za-z][A-Za-z0-9+\-.]*://[A-Za-z0-9!$%&'()*+,\-.:;=@\[\]_~]*(?:[/?]|$)")
cdef object URL_HOST = _pattern(rb"(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")
cdef int MOST_NAMED = 10

for _method in b"""ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE
        MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE
        TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE""".split():
    METHODS[_method] = 1
del _method


@cython.final
cdef class Codec:
    """See the stub."""

    def __cinit__(self, *, Py_ssize_t max_headers=100, Py_ssize_t max_header_bytes=61440, str underscores="allow",
                  bint custom_methods=False, bint absolute_urls=True):
        self.max_headers = max_headers
        self.max_header_bytes = max_header_bytes
        self.on_underscores = UNDERSCORES[underscores]
        self.custom_methods = custom_methods
        self.absolute_urls = absolute_urls

    @property
    def underscores(self):
        return next(name for name, code in UNDERSCORES.items() if code == self.on_underscores)

    cdef int take(self, View *view, Decision decision) except -1:
        """Look closely; 1 when the codec answers. Fills in `headers_received` and what the target says."""
        cdef bytes method = text_of(decision.request_method), target = text_of(decision.request_path)
        cdef list given = decision.given_headers()
        reason = self.problem(decision, method, target, given)
        if reason is not None:
            decision.kind = "respond"
            decision.status = 431 if reason in ("http1.headers_too_large", "http1.too_many_headers") else 400
            decision.reason = reason
            return 1
        view.has_path = decision.request_path is not None
        view.target.size = 0
        if view.has_path:
            view_of(decision.request_path, &view.target)
        view.authority.size = 0
        if decision.request_authority is not None:
            view_of(decision.request_authority, &view.authority)
        view.unusual = LINE_UNUSUAL
        view.measured = False
        return 0

    cdef str problem(self, Decision decision, bytes method, bytes target, list headers):
        """What the codec refuses, or None; then the decision has the request as it is handed over."""
        cdef bytes authority = text_of(decision.request_authority) or b""
        cdef list stored
        cdef bint too_large = self.is_too_large(target, authority, headers)
        reason = self.line_problem(method, target, authority)
        if not too_large and (has_control(method) or has_control(authority) or any_control(headers)):
            return "http1.invalid_characters"
        if not self.takes_method(method):
            return "http1.invalid_characters" if reason == "http1.invalid_characters" else "http1.codec_error"
        if reason is None and too_large:
            return "http1.headers_too_large"
        reason = reason or self.header_problem(headers)
        if reason is not None:
            return reason
        stored = self.receive(text_of(decision.request_authority), headers)
        forget_h2c(stored)
        if not is_upgrade(stored) and method != b"CONNECT" and not drop_named(stored):
            return "http1.connection_header_rejected"
        decision.request_authority = first_of(stored, b":authority")
        drop(stored, b":authority")
        decision.more().headers_received = stored
        return self.take_target(decision, method, target, authority)

    def takes_method(self, bytes method not None):
        cdef Slice text
        if self.custom_methods:
            return len(method) > 0 and all([byte in TOKEN for byte in method])
        view_of(method, &text)
        return is_known(text)

    cdef str line_problem(self, bytes method, bytes target, bytes authority):
        """What is wrong with the request line itself."""
        cdef bytes line = authority if target is None else target
        if method == b"CONNECT" and not line:
            return "http1.invalid_url"
        if not line or any([byte >= 0x80 or byte == 0x20 for byte in line]):
            return "http1.codec_error"
        if any([byte < 0x21 or byte == 0x7F for byte in line]):
            return "http1.invalid_characters"
        if line.startswith((b"/", b"*")):
            return None
        shape = AUTHORITY_FORM if method == b"CONNECT" else ABSOLUTE_FORM
        return None if shape.match(line) and b"@@" not in line else "http1.codec_error"

    cdef bint is_too_large(self, bytes target, bytes authority, list headers) except -1:
        cdef Py_ssize_t size = len(target or b"") + len(authority) + 4
        for name, value in headers:
            size += len(name) + len(value)
        return size > self.max_header_bytes

    cdef str header_problem(self, list headers):
        """Names are all looked at first; then lines are taken one by one."""
        cdef list stored
        cdef Py_ssize_t number
        for name, _ in headers:
            if not name or any([byte not in TOKEN for byte in name]):
                return "http1.codec_error"
        stored = self.receive(b"", [(name, b"") for name, _ in headers])
        if len(stored) <= self.max_headers:
            return "http1.unexpected_underscore" if self.first_underscore(headers) < len(headers) else None
        number = self.first_underscore(headers)
        stored = self.receive(b"", [(name, b"") for name, _ in headers[:number]])
        return "http1.too_many_headers" if len(stored) > self.max_headers else "http1.unexpected_underscore"

    cdef Py_ssize_t first_underscore(self, list headers) except -1:
        """Which line is the first that is refused for its name; the number of lines where none is."""
        cdef Py_ssize_t number
        if self.on_underscores == REJECT_REQUEST:
            for number in range(len(headers)):
                if b"_" in headers[number][0]:
                    return number
        return len(headers)

    cdef str take_target(self, Decision decision, bytes method, bytes target, bytes authority):
        """The parts of a target that is well formed, into the decision; or what is wrong with it."""
        cdef bytes scheme, rest, host, colon, port
        if method == b"CONNECT" or target is None:
            if target is not None and (target.startswith(b"/") or b":" not in target):
                return "http1.invalid_url"
            host = authority if target is None else target
            host = host.removeprefix(b"@")
            _, colon, port = host.rpartition(b":")
            if not colon or not is_port(port) or not is_url_host(host):
                return "http1.invalid_url"
            decision.request_path, decision.request_authority = None, host
            return None
        if target.startswith(b"/") or not self.absolute_urls:
            return None
        if target == b"*":
            return None if method == b"OPTIONS" else "http1.invalid_url"
        scheme, _, rest = target.partition(b"://")
        end = min([at for at in (rest.find(b"/"), rest.find(b"?"), rest.find(b"#")) if at >= 0] or [len(rest)])
        host = rest[:end].rpartition(b"@")[2]
        _, colon, port = (host, b"", b"") if host.endswith(b"]") else host.rpartition(b":")
        if rest[:end].count(b"@") > 1 or not is_url_host(host) or (colon and not is_port(port)):
            return "http1.invalid_url"
        if scheme.lower() not in (b"http", b"https"):
            return "http1.invalid_scheme"
        decision.request_path, decision.request_authority = rest[end:] or b"/", host
        decision.more().scheme_given = scheme.lower()
        return None

    cdef list receive(self, bytes authority, list given):
        """The headers as they are stored; `host` is kept as `:authority`."""
        cdef list stored = [] if authority is None else [(b":authority", authority)]
        for name, value in given:
            if self.on_underscores == DROP_HEADER and b"_" in name:
                continue
            # A Host line that repeats the authority is the same line, handed over twice.
            if name != b"host":
                store(stored, name, value)
            elif value != authority:
                store(stored, b":authority", value)
        return stored


# Header lists: pairs of lower-case name and value, changed in place.

cdef int store(list headers, bytes name, bytes value) except -1:
    """Add a line; an inline header joins the one that is there."""
    cdef Py_ssize_t at
    if name in INLINE or name == b":authority":
        for at in range(len(headers)):
            if headers[at][0] == name:
                headers[at] = (name, b",".join([part for part in (headers[at][1], value) if part]))
                return 0
    headers.append((name, value))
    return 0


cdef bytes first_of(list headers, bytes name):
    for pair in headers:
        if pair[0] == name:
            return pair[1]
    return None


cdef int drop(list headers, bytes name) except -1:
    headers[:] = [pair for pair in headers if pair[0] != name]
    return 0


cdef list tokens(bytes value):
    """The elements of a comma-separated header, trimmed and in lower case, empty ones left out."""
    return [token for token in [part.strip(b" \t").lower() for part in value.split(b",")] if token]


cdef bint is_upgrade(list headers) except -1:
    """HC-60: Connection names it, and Upgrade is there."""
    return b"upgrade" in tokens(first_of(headers, b"connection") or b"") and first_of(headers, b"upgrade") is not None


cdef int forget_h2c(list headers) except -1:
    if not is_upgrade(headers) or first_of(headers, b"upgrade").lower() != b"h2c":
        return 0
    named = tokens(first_of(headers, b"connection"))
    left = [token for token in named if token not in (b"upgrade", b"http2-settings")]
    for name in (b"upgrade", b"http2-settings", b"connection"):
        drop(headers, name)
    if left:
        headers.append((b"connection", b",".join(left)))
    return 0


cdef bint drop_named(list headers) except -1:
    """Remove the headers that Connection names; False where they must not be named."""
    cdef list named = tokens(first_of(headers, b"connection") or b"")
    if len(named) >= MOST_NAMED:
        return False
    for name in named:
        if name in OPTIONS_OF_CONNECTION:
            continue
        if name in UNTOUCHABLE or name.startswith(b":"):
            return False
        if name != b"te" or b"trailers" not in tokens(first_of(headers, b"te") or b""):
            drop(headers, b":authority" if name == b"host" else name)
    return True


cdef bint is_known(Slice method) noexcept:
    return METHODS.get(method.data, method.size) != NONE


cdef bint is_plain_connection(View *view) noexcept nogil:
    """Whether Connection is one of the two words that mean nothing here, and there is no Upgrade."""
    cdef Slice text = view.values[view.slots[CONNECTION].first].text
    if view.slots[UPGRADE].first >= 0:
        return False
    return (text.size == 10 and same_folded(text.data, b"keep-alive", 10)
            or text.size == 5 and same_folded(text.data, b"close", 5))


cdef bint has_control(bytes text) except -1:
    """Whether a control character other than a tab is in it."""
    return any([(byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in text])


cdef bint any_control(list headers) except -1:
    for name, value in headers:
        if has_control(name) or has_control(value):
            return True
    return False


cdef bint is_url_host(bytes host) except -1:
    """Whether it is a name or an address in brackets, with a port or without."""
    cdef bytes inside
    cdef ip_t address
    if URL_HOST.fullmatch(host) is None:
        return False
    if not host.startswith(b"["):
        return True
    inside = host[1:host.find(b"]")]
    return parse_ip(inside, len(inside), &address)


cdef bint is_port(bytes text) except -1:
    return text.isdigit() and len(text) < 20 and int(text) <= 65535
