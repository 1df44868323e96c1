"""Layout of a request as routing sees it, and of the names of the headers that a table looks at."""

from cpython.list cimport PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from cpython.tuple cimport PyTuple_GET_SIZE
from libc.stdint cimport int32_t
from libc.stdlib cimport free
from libc.string cimport memset

from fastroute.core.scan cimport SCAN_END, SCAN_MATCH, ScanRun, scan_clear, scan_is_dirty, scan_pairs
from fastroute.core.slices cimport Slice

cdef extern from "Python.h":
    ctypedef struct PyListObject:
        PyObject **ob_item

    ctypedef struct PyTupleObject:
        PyObject **ob_item

cdef enum:
    # Pseudo headers have no slot of their own: their values are the request's.
    AUTHORITY = -2
    PATH = -3
    METHOD = -4
    SCHEME = -5
    # Headers that every request is looked at for.
    CONNECTION = 0
    UPGRADE = 1
    FORWARDED_PROTO = 2
    HOST = 3                   # another Host line: part of the authority, not a header of its own
    OWN_SLOTS = 4
    UNBOUND = -99              # no table yet
    # Flags of a view.
    BAD_NAME = 1
    BAD_VALUE = 2
    UNDERSCORE = 4
    INLINE_VALUES = 16
    FEW_SLOTS = 8
    INLINE_SLOTS = 24


cdef struct Value:             # one line of a header
    Slice text
    PyObject *owner            # keeps the text alive
    int32_t next               # the next line of the same header, or -1


cdef struct Slot:              # one header that the table looks at
    int32_t first              # its first line, or -1 when the request has none
    int32_t last


cdef struct View:              # a request as routing sees it
    Slice target               # the path with its query
    char[256] host             # the authority in lower case, where `lowered`
    bint lowered
    bint processed             # the headers are as the connection manager hands them on
    bint measured              # `path_size` is known
    Slice path                 # the part that routes are matched on
    Slice template_path        # the part that URI templates are matched on
    Py_ssize_t path_size       # of the target up to its query
    bint has_path
    Slice authority
    Slice method
    Slice scheme
    PyObject *decision         # borrowed: random value and surroundings
    int flags
    int unusual                # classes of the bytes in the target that call for a closer look
    Py_ssize_t header_count
    Py_ssize_t header_bytes
    Slot *slots
    Value *values
    int value_count
    int value_capacity
    Slot[24] small_slots
    Value[16] small_values


cdef struct Name:
    Slice text                 # lower case
    bint merged                # an inline header: its lines are one value
    int32_t next               # the next name of the bucket, or -1


cdef class HeaderNames:
    cdef list texts            # keeps the names alive
    cdef int count
    cdef dict numbers
    cdef Name *names
    cdef int32_t[256] buckets  # by the name's bucket: its first name, or -1
    cdef bint managed          # a name is one that a connection manager may add, change or remove

    cdef int register(self, bytes name) except -1
    cdef int number(self, bytes name) except -100
    cdef HeaderNames copy(self)
    cdef int open_wide(self, View *view) except -1
    cdef int scan_dict(self, View *view, dict headers) except -1
    cdef int scan_pair(self, View *view, object pair) except -1
    cdef int match(self, View *view, ScanRun *run) except -1
    cdef int see(self, View *view, object name, object value) except -1
    cdef inline int keep(self, View *view, int slot, object value, Slice text) except -1
    cdef inline int add(self, View *view, int slot, object owner, Slice text) except -1


cdef inline int bound(int before, int slot) except -100:
    """The slot of what looks at a header: of another table's slots it would read another header."""
    if before != UNBOUND and before != slot:
        raise ValueError("what looks at a header belongs to one table, and this one is another's already")
    return slot


cdef bint is_managed(bytes name) except -1


cdef void judge(View *view, PyObject **items, Py_ssize_t start, Py_ssize_t end) noexcept
cdef bint may_be_grpc(object headers) except -1


cdef inline int open_view(HeaderNames names, View *view) except -1:
    """Make room for the scan; `close_view` must follow."""
    view.slots = view.small_slots
    view.values = view.small_values
    view.value_count = 0
    view.value_capacity = INLINE_VALUES
    view.header_count = 0
    view.flags = 0
    view.header_bytes = 0
    # PERF: sizes that the compiler knows, and no call.
    memset(view.small_slots, 0xFF, sizeof(Slot) * FEW_SLOTS)
    if names.count > FEW_SLOTS:
        memset(view.small_slots, 0xFF, sizeof(Slot) * INLINE_SLOTS)
        if names.count > INLINE_SLOTS:
            return names.open_wide(view)
    return 0


cdef inline int scan_headers(HeaderNames names, View *view, object headers) except -1:
    """Note every line of the table's headers. `headers` is a tuple or list of pairs, or a dict."""
    cdef ScanRun run
    cdef PyObject **items
    cdef Py_ssize_t at = 0, count, judged = 0
    if type(headers) is dict:
        return names.scan_dict(view, <dict>headers)
    # PERF: pairs are borrowed: nothing here runs Python code but `scan_pair` on odd types, behind which the
    # list is looked at anew.
    scan_clear(&run)
    run.bytes = 0
    while True:
        items = scan_items(headers, &count)
        at = scan_pairs(items, at, count, names.buckets, &run)
        if run.stop == SCAN_MATCH:
            names.match(view, &run)
            continue
        if scan_is_dirty(&run):
            judge(view, items, judged, min(at, count))
            scan_clear(&run)
        if run.stop == SCAN_END:
            break
        names.scan_pair(view, <object>items[at])
        at += 1
        judged = at
    view.header_count += at
    view.header_bytes += run.bytes
    return 0


cdef inline PyObject **scan_items(object headers, Py_ssize_t *count) noexcept:
    """The items of a list or tuple, as they lie now."""
    if type(headers) is list:
        count[0] = PyList_GET_SIZE(headers)
        return (<PyListObject *>headers).ob_item
    count[0] = PyTuple_GET_SIZE(headers)
    return (<PyTupleObject *>headers).ob_item


cdef inline void close_view(View *view) noexcept:
    """Let go of everything that the scan kept."""
    cdef int at
    for at in range(view.value_count):
        Py_XDECREF(view.values[at].owner)
    if view.values != view.small_values:
        free(view.values)
    if view.slots != view.small_slots:
        free(view.slots)


cdef inline bint first_line(View *view, int slot, Slice *out, int32_t *cursor) noexcept nogil:
    """The first line of a header; `cursor` goes on with `next_line`. False when the request has none."""
    cursor[0] = -1
    if slot >= 0:
        cursor[0] = view.slots[slot].first
        return next_line(view, out, cursor)
    if slot == AUTHORITY:
        out[0] = view.authority
    elif slot == PATH:
        out[0] = view.target
        return view.has_path
    elif slot == METHOD:
        out[0] = view.method
    else:
        out[0] = view.scheme
    return True


cdef inline bint next_line(View *view, Slice *out, int32_t *cursor) noexcept nogil:
    if cursor[0] < 0:
        return False
    out[0] = view.values[cursor[0]].text
    cursor[0] = view.values[cursor[0]].next
    return True
