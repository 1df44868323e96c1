# cython: boundscheck=True, nonecheck=True
"""The request headers that a table looks at, found in one scan over the headers as the caller gave them.

HC-08  Inline headers sent on several lines are one value, joined with ","; other headers keep their lines.
       Lines of `cookie` are joined with "; " over HTTP/2 and stay apart over HTTP/1.
RM-30  Names are compared without case; `host` is `:authority`, and pseudo headers come from the request line.

A header whose name no predicate names costs one test of its length. Texts are not copied: a slot points into
the caller's objects and holds a reference to them until the decision is made, for a callback (the random
source, say) could change the caller's list meanwhile.
"""

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

from fastroute.core.chars cimport chars_bad_value, chars_name_kind
from fastroute.core.scan cimport SCAN_BUCKETS, ScanRun, scan_bucket
from fastroute.core.slices cimport Slice, same_folded, slices_quick, slices_same, view as view_of

cdef dict PSEUDO = {
    b":authority": AUTHORITY, b"host": AUTHORITY, b":path": PATH, b":method": METHOD, b":scheme": SCHEME,
}

INLINE_HEADERS = frozenset([
    b"accept", b"accept-encoding", b"access-control-request-headers", b"access-control-request-method",
    b"access-control-request-private-network", b"authorization", b"cache-control", b"cdn-loop",
    b"connection", b"content-encoding",
    b"content-type", b"expect", b"grpc-accept-encoding", b"grpc-timeout", b"if-match", b"if-modified-since",
    b"if-none-match", b"if-range", b"if-unmodified-since", b"keep-alive", b"origin", b"pragma", b"proxy-connection",
    b"proxy-status",
    b"referer", b"te", b"transfer-encoding", b"upgrade", b"user-agent", b"via", b"x-client-trace-id",
    b"x-envoy-attempt-count", b"x-envoy-decorator-operation", b"x-envoy-downstream-service-cluster",
    b"x-envoy-downstream-service-node", b"x-envoy-expected-rq-timeout-ms", b"x-envoy-external-address",
    b"x-envoy-force-trace", b"x-envoy-hedge-on-per-try-timeout", b"x-envoy-internal", b"x-envoy-ip-tags",
    b"x-envoy-is-timeout-retry", b"x-envoy-max-retries", b"x-envoy-original-host", b"x-envoy-original-path",
    b"x-envoy-original-url", b"x-envoy-retriable-header-names", b"x-envoy-retriable-status-codes",
    b"x-envoy-retry-grpc-on", b"x-envoy-retry-on", b"x-envoy-upstream-alt-stat-name",
    b"x-envoy-upstream-rq-per-try-timeout-ms", b"x-envoy-upstream-rq-timeout-alt-response",
    b"x-envoy-upstream-rq-timeout-ms", b"x-envoy-upstream-stream-duration-ms", b"x-forwarded-client-cert",
    b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto", b"x-request-id",
])


cdef object MANAGED = frozenset([
    b"connection", b"expect", b"keep-alive", b"proxy-connection", b"referer", b"te", b"transfer-encoding", b"upgrade",
    b"via", b"x-request-id",
])
cdef tuple MANAGED_PREFIXES = (b"x-envoy-", b"x-forwarded-")


cdef bint is_managed(bytes name) except -1:
    """Whether a connection manager may add, change or remove the header, or has it as a pseudo header."""
    return name in MANAGED or name in PSEUDO or name.startswith(MANAGED_PREFIXES)


@cython.final
cdef class HeaderNames:
    """See the stub."""

    def __cinit__(self):
        cdef int at
        self.texts = []
        self.numbers = {}
        for at in range(SCAN_BUCKETS):
            self.buckets[at] = -1
        for name in (b"connection", b"upgrade", b"x-forwarded-proto", b"host"):
            self.register(name)

    def __dealloc__(self):
        free(self.names)

    def __len__(self):
        return len(self.texts)

    def __contains__(self, bytes name not None):
        return name in self.numbers or name in PSEUDO

    cdef int number(self, bytes name) except -100:
        """The slot of the header `name` (lower case, not empty), new unless it has one; only while building."""
        cdef int slot = PSEUDO.get(name, 0)
        if not name:
            raise ValueError("a header has a name")
        if slot < 0:
            self.managed = self.managed or slot == SCHEME
            return slot
        self.managed = self.managed or name in MANAGED or name.startswith(MANAGED_PREFIXES)
        return self.numbers[name] if name in self.numbers else self.register(name)

    cdef int register(self, bytes name) except -1:
        cdef int count = self.count, bucket
        cdef Name *moved = <Name *>realloc(self.names, sizeof(Name) * (count + 1))
        cdef Name *new
        if moved == NULL:
            raise MemoryError()
        self.names = moved
        self.texts.append(name)
        self.count = count + 1
        self.numbers[name] = count
        new = &moved[count]
        view_of(name, &new.text)
        new.merged = name in INLINE_HEADERS
        bucket = scan_bucket(new.text.data, new.text.size)
        new.next = self.buckets[bucket]
        self.buckets[bucket] = count
        return count

    cdef HeaderNames copy(self):
        """Another one with the same slots."""
        cdef HeaderNames made = HeaderNames()
        cdef Py_ssize_t at
        for at in range(len(made.texts), len(self.texts)):
            made.register(self.texts[at])
        made.managed = self.managed
        return made

    cdef int open_wide(self, View *view) except -1:
        """Room for more slots than lie in the view."""
        cdef size_t size = sizeof(Slot) * <size_t>self.count
        view.slots = <Slot *>malloc(size)
        if view.slots == NULL:
            view.slots = view.small_slots
            raise MemoryError()
        memset(view.slots, 0xFF, size)
        return 0

    cdef int scan_dict(self, View *view, dict headers) except -1:
        for name, value in headers.items():
            self.see(view, name, value)
        return 0

    cdef int match(self, View *view, ScanRun *run) except -1:
        """Keep a line whose name may be one of the table's, if it is."""
        cdef int32_t at = self.buckets[run.bucket]
        cdef Slice *name
        while at >= 0:
            name = &self.names[at].text
            if name.size == run.name_size and (slices_same(run.name_text, name.data, <size_t>name.size)
                                               or same_folded(run.name_text, name.data, name.size)):
                return self.keep(view, at, <object>run.value, Slice(run.value_text, run.value_size))
            at = self.names[at].next
        return 0

    cdef int scan_pair(self, View *view, object pair) except -1:
        view.header_count -= 1              # `see` counts it, and so does the scan
        if isinstance(pair, (tuple, list)) and len(pair) == 2:
            return self.see(view, pair[0], pair[1])
        raise ValueError(f"a header is a pair of name and value, not {pair!r:.80}")

    cdef int see(self, View *view, object name, object value) except -1:
        """One line, whatever its types."""
        cdef ScanRun run
        cdef Slice text, content
        view_of(name, &text)
        view_of(value, &content)
        view.header_count += 1
        view.header_bytes += text.size + content.size
        judge_one(view, text, content)
        if text.size == 0:
            return 0
        run.bucket = scan_bucket(text.data, text.size)
        run.value = <PyObject *>value
        run.name_text, run.name_size = text.data, text.size
        run.value_text, run.value_size = content.data, content.size
        return self.match(view, &run)

    cdef inline int keep(self, View *view, int slot, object value, Slice text) except -1:
        cdef int32_t last
        cdef Value *earlier
        trim(&text)
        if self.names[slot].merged and view.slots[slot].first >= 0:
            last = view.slots[slot].first
            earlier = &view.values[last]
            if text.size == 0:
                return 0
            joined = text.data[:text.size]
            if earlier.text.size:
                joined = earlier.text.data[:earlier.text.size] + b"," + joined
            view_of(joined, &text)
            Py_INCREF(joined)
            Py_XDECREF(earlier.owner)
            earlier.owner = <PyObject *>joined
            earlier.text = text
            return 0
        return self.add(view, slot, value, text)

    cdef inline int add(self, View *view, int slot, object owner, Slice text) except -1:
        cdef int32_t number = view.value_count
        cdef Value *grown
        if number == view.value_capacity:
            grown = <Value *>malloc(sizeof(Value) * <size_t>number * 2)
            if grown == NULL:
                raise MemoryError()
            memcpy(grown, view.values, sizeof(Value) * <size_t>number)
            if view.values != view.small_values:
                free(view.values)
            view.values = grown
            view.value_capacity = number * 2
        Py_INCREF(owner)
        view.values[number].text = text
        view.values[number].owner = <PyObject *>owner
        view.values[number].next = -1
        view.value_count = number + 1
        if view.slots[slot].first < 0:
            view.slots[slot].first = number
        else:
            view.values[view.slots[slot].last].next = number
        view.slots[slot].last = number
        return 0


cdef void judge(View *view, PyObject **items, Py_ssize_t start, Py_ssize_t end) noexcept:
    """Look closely at pairs of plain texts in which the scan saw something."""
    cdef Slice name, value
    cdef Py_ssize_t at
    for at in range(start, end):
        slices_quick(<object>PyTuple_GET_ITEM(<object>items[at], 0), &name.data, &name.size)
        slices_quick(<object>PyTuple_GET_ITEM(<object>items[at], 1), &value.data, &value.size)
        judge_one(view, name, value)


cdef void judge_one(View *view, Slice name, Slice value) noexcept nogil:
    cdef int kind = chars_name_kind(name.data, name.size)
    if kind > 1:
        view.flags |= UNDERSCORE if kind == 2 else BAD_NAME
    if chars_bad_value(value.data, value.size):
        view.flags |= BAD_VALUE


cdef bint may_be_grpc(object headers) except -1:
    """Whether a line of content-type says so; True as well where nobody looked closely."""
    cdef Slice name, value
    if type(headers) is dict:
        headers = (<dict>headers).items()
    for pair in headers:
        view_of(pair[0], &name)
        if name.size == 12 and same_folded(name.data, b"content-type", 12):
            view_of(pair[1], &value)
            trim(&value)
            if value.size >= 16 and slices_same(value.data, b"application/grpc", 16):
                return True
    return False


cdef inline void trim(Slice *text) noexcept nogil:
    """RM-37: white space around a value is not part of it."""
    while text.size and (text.data[0] == c" " or text.data[0] == c"\t"):
        text.data += 1
        text.size -= 1
    while text.size and (text.data[text.size - 1] == c" " or text.data[text.size - 1] == c"\t"):
        text.size -= 1
