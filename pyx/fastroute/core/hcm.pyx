"""What the HTTP connection manager does to a request before routing, and the answers that it gives itself.

HC-04  an authority with a character outside the allowed set: 400.
HC-05  a method that is no token: 400.
HC-06  a control or non-ASCII byte in the path, or "#": 400.
HC-11  no path: 404; a path that does not begin with "/": 404.
HC-60  an upgrade request has `Connection: upgrade` and an `Upgrade` header; CONNECT is an upgrade too.
HC-61  it is answered 403 when a route matched and neither the route nor the manager enables the upgrade.
HC-63  `CONNECT /path`: 400.
"""

cimport cython
from libc.stdint cimport int32_t
from libc.string cimport memcmp

from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport CONNECTION, UPGRADE, View, first_line
from fastroute.core.slices cimport Slice, same_folded

cdef enum:
    IN_AUTHORITY = 1
    IN_TOKEN = 2
    NOT_IN_PATH = 4
    QUERY = 8
    FRAGMENT = 16

cdef unsigned char[256] CLASSES


cdef int fill_classes() except -1:
    cdef int byte
    for byte in range(256):
        CLASSES[byte] = 0
        if byte < 0x21 or byte > 0x7E:
            CLASSES[byte] |= NOT_IN_PATH
    for byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$%&'()*+,-.:;=@[]_~":
        CLASSES[byte] |= IN_AUTHORITY
    for byte in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~":
        CLASSES[byte] |= IN_TOKEN
    CLASSES[c"?"] |= QUERY
    CLASSES[c"#"] |= FRAGMENT
    return 0


fill_classes()


@cython.final
cdef class HttpManager:
    """See the stub."""

    def __cinit__(self, *, dict upgrades=None, route_table=None, str route_config_name=None):
        self.upgrades = {} if upgrades is None else upgrades
        self.route_table = route_table
        self.route_config_name = route_config_name

    cdef int prepare(self, View *view, Decision decision) except -1:
        """Check and normalise; 1 when Envoy answers the request itself."""
        if self.check_authority(view, decision):
            return 1
        return self.check_path(view, decision)

    cdef int check_authority(self, View *view, Decision decision) except -1:
        cdef Py_ssize_t at
        for at in range(view.authority.size):
            if not CLASSES[<unsigned char>view.authority.data[at]] & IN_AUTHORITY:
                return answer(decision, "respond", 400, "invalid_authority")
        for at in range(view.method.size):
            if not CLASSES[<unsigned char>view.method.data[at]] & IN_TOKEN:
                return answer(decision, "respond", 400, "invalid_method")
        return answer(decision, "respond", 400, "invalid_method") if view.method.size == 0 else 0

    cdef int check_path(self, View *view, Decision decision) except -1:
        """Find the query, and refuse what no path may have."""
        cdef Py_ssize_t at, query = -1
        cdef unsigned char kind
        if not view.has_path:
            return 0 if is_connect(view) else answer(decision, "respond", 404, "missing_path")
        for at in range(view.target.size):
            kind = CLASSES[<unsigned char>view.target.data[at]]
            if kind & NOT_IN_PATH:
                return answer(decision, "respond", 400, "codec_error")
            if kind & FRAGMENT:
                return answer(decision, "respond", 400, "path_normalization_failed")
            if kind & QUERY and query < 0:
                query = at
        if view.target.size == 0:
            return answer(decision, "respond", 404, "missing_path")
        if view.target.data[0] != c"/":
            return answer(decision, "respond", 404, "absolute_path")
        view.path_size = query if query >= 0 else view.target.size
        view.path.data = view.target.data
        view.path.size = view.path_size
        return 0

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
        return 0 if enabled else answer(decision, "respond", 403, "upgrade_failed")


cdef inline bint is_connect(View *view) noexcept nogil:
    return view.method.size == 7 and memcmp(view.method.data, b"CONNECT", 7) == 0


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
        while start < end and connection.data[start] == c" ":
            start += 1
        while end > start and connection.data[end - 1] == c" ":
            end -= 1
        if end - start == 7 and same_folded(connection.data + start, b"upgrade", 7):
            return True
        at += 1
    return False
