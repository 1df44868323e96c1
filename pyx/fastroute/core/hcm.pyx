"""What the HTTP connection manager does to a request before routing, and the answers that it gives itself.

In this order (PIPE-02):
HC-03  The target: origin form, absolute form (authority and scheme come from it), `*` for OPTIONS, host:port for
       CONNECT. HC-06: control and non-ASCII bytes: 400.
HC-05  A method that is not a known one (or, with allow_custom_methods, no token): 400.
HC-07, HC-08  Header names and values with foreign bytes: 400. Too many or too large: 431. Names with "_".
HC-09  Connection must not name ten headers, nor certain ones: 400.
HC-02  Another Host line is joined to the first. HC-04  An authority with a foreign character: 400.
HC-05  QUERY without content type: 400. HC-11  a path that does not begin with "/": 404.
HC-20  "#": 400; escaped slashes; normalize_path; merge_slashes. HC-21: or a redirect to the result.
HC-30, HC-31  The trailing dot and the port of the authority.
HC-60, HC-61  An upgrade that neither the chosen route nor the manager enables: 403.

One pass over the target and one over the authority decide whether any of this needs a closer look.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int32_t
from libc.string cimport memchr, memcmp

from fastroute.core.arena cimport NONE
from fastroute.core.bytemap cimport ByteMap
from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport (
    BAD_NAME, BAD_VALUE, CONNECTION, HOST, UNDERSCORE, UPGRADE, View, first_line, next_line,
)
from fastroute.core.normalise cimport (
    canonical_path, merge_slashes as merged, unescape_slashes, without_port, without_trailing_dot,
)
from fastroute.core.processing cimport HeaderProcessing, named_by_connection
from fastroute.core.slices cimport Slice, equal, same_folded, text_of, view as view_of

cdef enum:
    IN_AUTHORITY = 1
    IN_TOKEN = 2
    FOREIGN = 4                # in a target: not ASCII, or a space
    CONTROL = 8
    FRAGMENT = 16
    UNUSUAL = 32               # normalisation may change it
    KEEP = 0
    REJECT = 1
    REDIRECT = 2
    FORWARD = 3

cdef dict SLASHES = {"keep": KEEP, "reject": REJECT, "redirect": REDIRECT, "forward": FORWARD}
cdef dict STRIP = {"no": 0, "any": 1, "matching": 2}
cdef unsigned char[256] CLASSES
cdef ByteMap METHODS = ByteMap()

for _method in b"""ACL BIND CHECKOUT CONNECT COPY DELETE GET HEAD LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MOVE
        MSEARCH NOTIFY OPTIONS PATCH POST PROPFIND PROPPATCH PURGE PUT QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE
        TRACE UNBIND UNLINK UNLOCK UNSUBSCRIBE""".split():
    METHODS[_method] = 1
del _method


cdef int fill_classes() except -1:
    cdef int byte
    for byte in range(256):
        CLASSES[byte] = 0
        if byte >= 0x80 or byte == 0x20:
            CLASSES[byte] = FOREIGN
        elif byte < 0x20 or byte == 0x7F:
            CLASSES[byte] = CONTROL
    for byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$%&'()*+,-.:;=@[]_~":
        CLASSES[byte] |= IN_AUTHORITY
    for byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~":
        CLASSES[byte] |= IN_TOKEN
    for byte in b"%\\.\"<>^`{|}":
        CLASSES[byte] |= UNUSUAL
    CLASSES[c"#"] |= FRAGMENT
    return 0


fill_classes()


@cython.final
cdef class HttpManager:
    """See the stub."""

    def __cinit__(self, *, dict upgrades=None, route_table=None, str route_config_name=None, scopes=None,
                  HeaderProcessing processing=None, Py_ssize_t max_headers=100, Py_ssize_t max_header_bytes=61440,
                  bint reject_underscores=False, bint custom_methods=False, bint absolute_urls=True,
                  str escaped_slashes="keep", bint normalize_path=False, bint merge_slashes=False,
                  bint strip_trailing_dot=False, str strip_port="no", tuple http_filters=None):
        self.upgrades = {} if upgrades is None else upgrades
        self.route_table = route_table
        self.route_config_name = route_config_name
        self.scopes = scopes
        self.http_filters = http_filters
        self.processing = HeaderProcessing() if processing is None else processing
        self.max_headers = max_headers
        self.max_header_bytes = max_header_bytes
        self.reject_underscores = reject_underscores
        self.custom_methods = custom_methods
        self.absolute_urls = absolute_urls
        self.slashes = SLASHES[escaped_slashes]
        self.normalize_path = normalize_path
        self.merge_slashes = merge_slashes
        self.strip_trailing_dot = strip_trailing_dot
        self.strip_port = STRIP[strip_port]
        self.plain_path = not (normalize_path or merge_slashes or self.slashes)
        self.plain_authority = not (strip_trailing_dot or self.strip_port)
        self.rewrites_any_header = bool(self.processing.mutations) or self.processing.drop_underscores

    @property
    def escaped_slashes(self):
        return next(name for name, code in SLASHES.items() if code == self.slashes)

    def process(self, Decision decision not None):
        self.processing.process(decision)

    cdef bint must_process(self, View *view, bint managed, bint inspects) noexcept:
        """Whether routes look at headers that this manager changes: they see them changed (RM-54)."""
        cdef Slice text
        cdef int32_t cursor
        if managed or (inspects and self.rewrites_any_header):
            return True
        return inspects and first_line(view, CONNECTION, &text, &cursor) and not is_plain_connection(text)

    cdef int prepare(self, View *view, Decision decision) except -1:
        """Check and normalise; 1 when Envoy answers the request itself."""
        return (
            self.check_target(view, decision)
            or self.check_method(view, decision)
            or self.check_headers(view, decision)
            or self.check_authority(view, decision)
            or self.check_path(view, decision)
            or self.normalise_authority(view, decision)
        )

    # The target.

    cdef int check_target(self, View *view, Decision decision) except -1:
        cdef const char *text = view.target.data
        cdef Py_ssize_t at
        cdef unsigned char seen = 0
        if is_connect(view):
            return self.take_connect(view, decision)
        if not view.has_path or view.target.size == 0:
            return answer(decision, "respond", 400, "http1.codec_error")
        for at in range(view.target.size):
            seen |= CLASSES[<unsigned char>text[at]]
        if seen & FOREIGN:
            return answer(decision, "respond", 400, "http1.codec_error")
        if seen & CONTROL:
            return answer(decision, "respond", 400, "http1.invalid_characters")
        if text[0] == c"/":
            view.unusual = seen & (UNUSUAL | FRAGMENT)
            return 0
        view.unusual = UNUSUAL | FRAGMENT
        if view.target.size == 1 and text[0] == c"*":
            options = equal(view.method.data, view.method.size, b"OPTIONS", 7)
            return 0 if options else answer(decision, "respond", 400, "http1.invalid_url")
        return self.take_absolute(view, decision)

    cdef int take_connect(self, View *view, Decision decision) except -1:
        """CONNECT asks for host:port, and has no path."""
        cdef bytes target = text_of(decision.request_path)
        cdef bytes authority = text_of(decision.request_authority) if target is None else target
        if target is not None and (target.startswith(b"/") or b":" not in target):
            return answer(decision, "respond", 400, "http1.invalid_url")
        _, colon, port = authority.rpartition(b":")
        if not colon or not is_port(port):
            return answer(decision, "respond", 400, "http1.invalid_url")
        decision.request_path = None
        decision.request_authority = authority
        view_of(authority, &view.authority)
        view.has_path = False
        view.target.size = view.path.size = view.path_size = 0
        return 0

    cdef int take_absolute(self, View *view, Decision decision) except -1:
        """`scheme://authority/path`."""
        cdef bytes target = text_of(decision.request_path), scheme, mark, rest, host, path, name, colon, port
        scheme, mark, rest = target.partition(b"://")
        if not mark or not scheme.isalpha():
            return answer(decision, "respond", 400, "http1.codec_error")
        if not self.absolute_urls:
            return 0
        if scheme.lower() not in (b"http", b"https"):
            return answer(decision, "respond", 400, "http1.invalid_scheme")
        end = min([at for at in (rest.find(b"/"), rest.find(b"?"), rest.find(b"#")) if at >= 0] or [len(rest)])
        host, path = rest[:end].rpartition(b"@")[2], rest[end:] or b"/"
        name, colon, port = (host, b"", b"") if host.endswith(b"]") else host.rpartition(b":")
        if not (name if colon else host) or (colon and not is_port(port)):
            return answer(decision, "respond", 400, "http1.invalid_url")
        decision.request_path = path
        decision.request_authority = host
        decision.request_scheme = scheme.lower()
        decision.scheme_given = True
        view_of(path, &view.target)
        view_of(host, &view.authority)
        view_of(decision.request_scheme, &view.scheme)
        return 0

    cdef int check_method(self, View *view, Decision decision) except -1:
        cdef Py_ssize_t at
        if view.method.size == 3 and memcmp(view.method.data, b"GET", 3) == 0:
            return 0
        if not self.custom_methods:
            known = METHODS.get(view.method.data, view.method.size) != NONE
            return 0 if known else answer(decision, "respond", 400, "http1.codec_error")
        for at in range(view.method.size):
            if not CLASSES[<unsigned char>view.method.data[at]] & IN_TOKEN:
                return answer(decision, "respond", 400, "http1.codec_error")
        return 0 if view.method.size else answer(decision, "respond", 400, "http1.codec_error")

    # Headers.

    cdef int check_headers(self, View *view, Decision decision) except -1:
        cdef Slice text
        cdef int32_t cursor
        if view.flags & BAD_NAME:
            return answer(decision, "respond", 400, "http1.codec_error")
        if view.flags & BAD_VALUE:
            return answer(decision, "respond", 400, "http1.invalid_characters")
        if view.header_bytes + view.target.size + view.authority.size + 4 > self.max_header_bytes:
            return answer(decision, "respond", 431, "http1.headers_too_large")
        if 1 + view.header_count > self.max_headers:
            return answer(decision, "respond", 431, "http1.too_many_headers")
        if view.flags & UNDERSCORE and self.reject_underscores:
            return answer(decision, "respond", 400, "http1.unexpected_underscore")
        if first_line(view, CONNECTION, &text, &cursor) and not is_plain_connection(text):
            if named_by_connection(text.data[:text.size]) is None:
                return answer(decision, "respond", 400, "http1.connection_header_rejected")
        return 0

    # The authority.

    cdef int check_authority(self, View *view, Decision decision) except -1:
        cdef Py_ssize_t at
        cdef unsigned char common = 0xFF
        if decision.request_authority is None:
            return answer(decision, "respond", 400, "missing_host_header")
        if view.slots[HOST].first >= 0 and not decision.scheme_given:
            join_hosts(view, decision)
        for at in range(view.authority.size):
            common &= CLASSES[<unsigned char>view.authority.data[at]]
        if not common & IN_AUTHORITY:
            return answer(decision, "respond", 400, "http.invalid_authority")
        return 0

    cdef int normalise_authority(self, View *view, Decision decision) except -1:
        cdef bytes before, after
        cdef Py_ssize_t port = -1
        if self.plain_authority:
            return 0
        before = after = text_of(decision.request_authority)
        if self.strip_trailing_dot:
            after = without_trailing_dot(after)
        if self.strip_port == 2:
            known = decision.context is not None and decision.context.destination is not None
            port = decision.context.destination[1] if known else 0
        if self.strip_port:
            after = without_port(after, port)
        if after != before:
            decision.request_authority = after
            view_of(after, &view.authority)
        return 0

    # The path.

    cdef int check_path(self, View *view, Decision decision) except -1:
        cdef const char *query
        if view.method.size == 5 and memcmp(view.method.data, b"QUERY", 5) == 0:
            if not any([name == b"content-type" and value for name, value in decision.given_headers()]):
                return answer(decision, "respond", 400, "query_missing_content_type")
        if not view.has_path:
            return 0
        if view.target.data[0] != c"/":
            return answer(decision, "respond", 404, "absolute_path_rejected")
        if view.unusual & FRAGMENT and memchr(view.target.data, c"#", <size_t>view.target.size) != NULL:
            return answer(decision, "respond", 400, "path_normalization_failed")
        if not self.plain_path and (view.unusual or self.merge_slashes) and self.normalise(view, decision):
            return 1
        query = <const char *>memchr(view.target.data, c"?", <size_t>view.target.size)
        view.path_size = view.target.size if query == NULL else query - view.target.data
        view.path.data = view.template_path.data = view.target.data
        view.path.size = view.template_path.size = view.path_size
        return 0

    cdef int normalise(self, View *view, Decision decision) except -1:
        cdef bytes whole = text_of(decision.request_path), path, mark, query, found
        cdef bint unescaped
        path, mark, query = whole.partition(b"?")
        found = unescape_slashes(path) if self.slashes else path
        unescaped = found is not path
        if unescaped and self.slashes == REJECT:
            return answer(decision, "respond", 400, "path_normalization_failed")
        if self.normalize_path:
            found = canonical_path(found)
            if found is None:
                return answer(decision, "respond", 400, "path_normalization_failed")
        if self.merge_slashes:
            found = merged(found)
        found = found + mark + query
        if found != whole:
            decision.request_path = found
            view_of(found, &view.target)
        if unescaped and self.slashes == REDIRECT:
            if is_grpc(decision):
                return answer(decision, "respond", 400, "path_normalization_failed")
            decision.answer_location = found
            return answer(decision, "redirect", 307, "path_normalization_failed")
        return 0

    # Upgrades.

    cdef int check_upgrade(self, View *view, Decision decision) except -1:
        """1 when the chosen route's request is an upgrade that nobody enables."""
        cdef Slice kind
        cdef bytes name
        if is_connect(view):
            name = b"connect"
        elif asks_for_upgrade(view, &kind):
            name = kind.data[:kind.size].lower()
        else:
            return 0
        enabled = decision.action.upgrade(name) if decision.action is not None else None
        if enabled is None:
            enabled = self.upgrades.get(name, False)
        if enabled:
            return 0
        decision.cluster = None
        decision.value = None
        decision.action = None
        return answer(decision, "respond", 403, "upgrade_failed")


cdef inline bint is_connect(View *view) noexcept nogil:
    return view.method.size == 7 and memcmp(view.method.data, b"CONNECT", 7) == 0


cdef bint is_port(bytes text) noexcept:
    return text.isdigit() and len(text) < 20 and int(text) <= 65535


cdef bint is_grpc(Decision decision) except -1:
    for name, value in decision.given_headers():
        if name == b"content-type":
            return value == b"application/grpc" or value.startswith(b"application/grpc+")
    return False


cdef int join_hosts(View *view, Decision decision) except -1:
    """Further Host lines; one that only repeats the authority is the same line, handed over twice."""
    cdef Slice text
    cdef int32_t cursor
    cdef bytes joined = text_of(decision.request_authority)
    cdef bint more = first_line(view, HOST, &text, &cursor)
    while more:
        if not equal(text.data, text.size, view.authority.data, view.authority.size):
            joined = joined + b"," + text.data[:text.size]
        more = next_line(view, &text, &cursor)
    if PyBytes_GET_SIZE(joined) != view.authority.size:
        decision.request_authority = joined
        view.authority.data = PyBytes_AS_STRING(joined)
        view.authority.size = PyBytes_GET_SIZE(joined)
    return 0


cdef bint is_plain_connection(Slice text) noexcept nogil:
    """Whether Connection says only what names no header."""
    return (text.size == 10 and same_folded(text.data, b"keep-alive", 10)
            or text.size == 7 and same_folded(text.data, b"upgrade", 7)
            or text.size == 5 and same_folded(text.data, b"close", 5))


cdef bint asks_for_upgrade(View *view, Slice *kind) noexcept nogil:
    """Whether Connection has the token `upgrade`, and Upgrade (then in `kind`) is not empty."""
    cdef Slice connection
    cdef int32_t cursor
    cdef Py_ssize_t at = 0, start, end
    if not first_line(view, UPGRADE, kind, &cursor) or kind.size == 0:
        return False
    if not first_line(view, CONNECTION, &connection, &cursor):
        return False
    while at <= connection.size:
        start = at
        while at < connection.size and connection.data[at] != c",":
            at += 1
        end = at
        while start < end and (connection.data[start] == c" " or connection.data[start] == c"\t"):
            start += 1
        while end > start and (connection.data[end - 1] == c" " or connection.data[end - 1] == c"\t"):
            end -= 1
        if end - start == 7 and same_folded(connection.data + start, b"upgrade", 7):
            return True
        at += 1
    return False
