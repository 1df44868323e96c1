# cython: boundscheck=True, nonecheck=True
"""What the HTTP connection manager does to a request before routing, and the answers that it gives itself.

In this order (PIPE-02), behind the codec:
HC-01, HC-04  No authority, or one with a foreign character: 400.
HC-05  QUERY without content type: 400. HC-11: a path that does not begin with "/": 404.
HC-20  "#": 400, or cut off; escaped slashes; normalize_path; merge_slashes. HC-21: or a redirect to the result.
HC-03  An https URL on a plain connection, where the manager trusts nobody before it: 403.
HC-30, HC-31  The trailing dot and the port of the authority.
NF-14  Behind the choice of the route, the filters that may deny the request: 403.
HC-60, HC-61  An upgrade that neither the chosen route nor the manager enables: 403, even before a redirect to TLS.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.string cimport memchr, memcmp

from fastroute.core.codec cimport Codec, first_of
from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport CONNECTION, UPGRADE, View, first_line
from fastroute.core.normalise cimport (
    canonical_path, merge_slashes as merged, unescape_slashes, without_port, without_trailing_dot,
)
from fastroute.core.processing cimport HeaderProcessing
from fastroute.core.slices cimport Slice, same_folded, text_of, view as view_of

cdef enum:
    KEEP = 0
    REJECT = 1
    REDIRECT = 2
    FORWARD = 3

cdef dict SLASHES = {"keep": KEEP, "reject": REJECT, "redirect": REDIRECT, "forward": FORWARD}
cdef dict STRIP = {"no": 0, "any": 1, "matching": 2}
cdef unsigned char[256] IN_AUTHORITY


cdef int fill_classes() except -1:
    cdef int byte
    for byte in range(256):
        IN_AUTHORITY[byte] = 0
    for byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$%&'()*+,-.:;=@[]_~":
        IN_AUTHORITY[byte] = 1
    return 0


fill_classes()


@cython.final
cdef class HttpManager:
    """See the stub."""

    def __cinit__(self, *, dict upgrades=None, route_table=None, str route_config_name=None, scopes=None,
                  HeaderProcessing processing=None, Codec codec=None, str escaped_slashes="keep",
                  bint normalize_path=False, bint merge_slashes=False, bint drop_fragment=False,
                  bint strip_trailing_dot=False, str strip_port="no", tuple http_filters=None,
                  access=None, router=None):
        self.upgrades = {} if upgrades is None else upgrades
        self.route_table = route_table
        self.route_config_name = route_config_name
        self.scopes = scopes
        self.http_filters = http_filters
        self.access = access
        self.router = router
        self.processing = HeaderProcessing() if processing is None else processing
        self.codec = Codec() if codec is None else codec
        self.slashes = SLASHES[escaped_slashes]
        self.normalize_path = normalize_path
        self.merge_slashes = merge_slashes
        self.drop_fragment = drop_fragment
        self.strip_trailing_dot = strip_trailing_dot
        self.strip_port = STRIP[strip_port]
        self.plain_path = not (normalize_path or merge_slashes or self.slashes)
        self.plain_authority = not (strip_trailing_dot or self.strip_port)
        self.rewrites_any_header = bool(self.processing.mutations)
        self.refuses_plain_https = self.processing.use_remote_address and self.processing.trusted_hops == 0

    @property
    def escaped_slashes(self):
        return next(name for name, code in SLASHES.items() if code == self.slashes)

    @property
    def strips_port(self):
        return next(name for name, code in STRIP.items() if code == self.strip_port)

    def via(self):
        return self.processing.via

    def process(self, Decision decision not None):
        self.processing.process(decision)

    # The authority.

    cdef int check_authority(self, View *view, Decision decision) except -1:
        """Look at one that is long, or not of letters, digits, "-", "." and ":" alone."""
        cdef Py_ssize_t at
        cdef unsigned char byte, common = 0xFF
        for at in range(view.authority.size):
            common &= IN_AUTHORITY[<unsigned char>view.authority.data[at]]
        if common:
            return 0
        for at in range(view.authority.size):
            byte = view.authority.data[at]
            if byte == 0x7F or (byte < 0x20 and byte != 0x09):
                return answer(decision, "respond", 400, "http1.invalid_characters")
        return answer(decision, "respond", 400, "http.invalid_authority")

    cdef int normalise_authority(self, View *view, Decision decision) except -1:
        cdef bytes before, after
        cdef Py_ssize_t port = -1
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
            view.lowered = False
        return 0

    # The path.

    cdef int check_path(self, View *view, Decision decision) except -1:
        cdef const char *query
        cdef const char *fragment
        if not view.has_path:
            return 0
        if decision.further is not None and self.refuses_plain_https and is_plain_https(decision):
            return answer(decision, "respond", 403, "http1.https_url_on_plaintext_connection")
        if view.target.size == 0 or view.target.data[0] != c"/":
            return answer(decision, "respond", 404, "absolute_path_rejected")
        if view.method.size == 5 and memcmp(view.method.data, b"QUERY", 5) == 0:
            if not first_of(decision.received_headers(), b"content-type"):
                return answer(decision, "respond", 400, "query_missing_content_type")
        if view.unusual:
            fragment = <const char *>memchr(view.target.data, c"#", <size_t>view.target.size)
            if fragment != NULL:
                if not self.drop_fragment:
                    return answer(decision, "respond", 400, "path_normalization_failed")
                self.change_target(view, decision, view.target.data[:fragment - view.target.data])
        if not self.plain_path and (view.unusual or self.merge_slashes) and self.normalise(view, decision):
            return 1
        if not view.measured:
            query = <const char *>memchr(view.target.data, c"?", <size_t>view.target.size)
            view.path_size = view.target.size if query == NULL else query - view.target.data
        view.path.data = view.template_path.data = view.target.data
        view.path.size = view.template_path.size = view.path_size
        return 0

    cdef int change_target(self, View *view, Decision decision, bytes target) except -1:
        decision.request_path = target
        view_of(target, &view.target)
        view.measured = False
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
            self.change_target(view, decision, found)
        if unescaped and self.slashes == REDIRECT:
            if is_grpc(first_of(decision.received_headers(), b"content-type")):
                return answer(decision, "respond", 400, "path_normalization_failed")
            decision.more().answer_location = found
            return answer(decision, "redirect", 307, "path_normalization_failed")
        return 0

    # Upgrades.

    cdef int check_upgrade(self, View *view, Decision decision) except -1:
        """1 when the chosen route's request, to CONNECT or with Upgrade, is an upgrade that nobody enables."""
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
        if decision.action is not None:
            decision.action = decision.action.refused(decision.cluster)
        decision.cluster = None
        decision.value = None
        return answer(decision, "respond", 403, "upgrade_failed")

    # Filters.

    cdef int check_access(self, Decision decision) except -1:
        """1 when a filter denies the request, be there a route or not."""
        denied = self.access(decision)
        if denied is None:
            return 0
        decision.cluster = None
        decision.value = None
        if decision.further is not None:
            decision.further.answer_location = None
        reason, decision.action = denied
        return answer(decision, "respond", 403, reason)


cdef bint is_plain_https(Decision decision) except -1:
    """An https URL on a connection without TLS."""
    encrypted = decision.context is not None and decision.context.tls
    return decision.further.scheme_given == b"https" and not encrypted and text_of(decision.request_scheme) != b"https"


cdef bint asks_for_upgrade(View *view, Slice *kind) noexcept nogil:
    """Whether Connection has the token `upgrade`, and there is Upgrade (then in `kind`)."""
    cdef Slice connection
    cdef int32_t cursor
    cdef Py_ssize_t at = 0, start, end
    if not first_line(view, UPGRADE, kind, &cursor):
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
