"""The request headers that a table looks at, found in one scan over the headers as the caller gave them.

HC-08  Inline headers sent on several lines are one value, joined with ","; other headers keep their lines.
       Lines of `cookie` are joined with "; " over HTTP/2 and stay apart over HTTP/1.
RM-30  Names are compared without case; `host` is `:authority`, and pseudo headers come from the request line.

A header whose name no predicate names costs one test of its length. Texts are not copied: a slot points into
the caller's objects and holds a reference to them until the decision is made, for a callback (the random
source, say) could change the caller's list meanwhile.
"""

cimport cython
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from fastroute.core.chars cimport chars_bad_value, chars_name_kind
from fastroute.core.slices cimport Slice, lower, same_folded, slices_quick, view as view_of

cdef dict PSEUDO = {
    b":authority": AUTHORITY, b"host": AUTHORITY, b":path": PATH, b":method": METHOD, b":scheme": SCHEME,
}

INLINE_HEADERS = frozenset([
    b"accept", b"accept-encoding", b"access-control-request-headers", b"access-control-request-method",
    b"access-control-request-private-network", b"authorization", b"cache-control", b"connection", b"content-encoding",
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


cdef inline int bucket_of(const char *text, Py_ssize_t size) noexcept nogil:
    return (size * 7 + lower(text[0]) * 3 + lower(text[size - 1])) & (BUCKETS - 1)


cdef inline int length_bit(Py_ssize_t size) noexcept nogil:
    return <int>size if size < 63 else 63


cdef object MANAGED = frozenset([
    b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade", b"via", b"x-request-id",
])
cdef tuple MANAGED_PREFIXES = (b"x-envoy-", b"x-forwarded-")


@cython.final
cdef class HeaderNames:
    """See the stub."""

    def __cinit__(self):
        cdef int at
        self.texts = []
        self.numbers = {}
        for at in range(BUCKETS):
            self.buckets[at] = -1
        for name in (b"connection", b"upgrade", b"x-forwarded-proto", b"host", b"content-type"):
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
        if slot < 0:
            self.managed = self.managed or slot == SCHEME
            return slot
        self.managed = self.managed or name in MANAGED or name.startswith(MANAGED_PREFIXES)
        return self.numbers[name] if name in self.numbers else self.register(name)

    cdef int register(self, bytes name) except -1:
        cdef int count = <int>len(self.texts), bucket
        cdef Name *moved = <Name *>realloc(self.names, sizeof(Name) * (count + 1))
        cdef Name *new
        if moved == NULL:
            raise MemoryError()
        self.names = moved
        self.texts.append(name)
        self.numbers[name] = count
        new = &moved[count]
        view_of(name, &new.text)
        new.merged = name in INLINE_HEADERS
        bucket = bucket_of(new.text.data, new.text.size)
        new.next = self.buckets[bucket]
        self.buckets[bucket] = count
        self.lengths |= <unsigned long long>1 << length_bit(new.text.size)
        return count

    cdef HeaderNames copy(self):
        """Another one with the same slots."""
        cdef HeaderNames made = HeaderNames()
        cdef Py_ssize_t at
        for at in range(len(made.texts), len(self.texts)):
            made.register(self.texts[at])
        made.managed = self.managed
        return made

    cdef int open(self, View *view) except -1:
        """Make room for the scan; `close_view` must follow."""
        cdef int at, count = <int>len(self.texts)
        view.slots = view.small_slots
        view.slot_count = count
        view.values = view.small_values
        view.value_count = 0
        view.value_capacity = INLINE_VALUES
        view.header_count = 0
        view.flags = 0
        view.header_bytes = 0
        if count > INLINE_SLOTS:
            view.slots = <Slot *>malloc(sizeof(Slot) * <size_t>count)
            if view.slots == NULL:
                view.slots = view.small_slots
                raise MemoryError()
        for at in range(count):
            view.slots[at].first = -1
        return 0

    cdef int scan(self, View *view, object headers) except -1:
        """Note every line of the table's headers. `headers` is a tuple or list of pairs, or a dict."""
        cdef Py_ssize_t at = 0
        cdef PyObject *pair
        if type(headers) is dict:
            for name, value in (<dict>headers).items():
                self.see(view, name, value)
            return 0
        # PERF: pairs are borrowed, for nothing here runs Python code but `scan_pair` and `keep` on odd types.
        while True:
            if type(headers) is list:
                if at >= PyList_GET_SIZE(headers):
                    return 0
                pair = <PyObject *>PyList_GET_ITEM(headers, at)
            else:
                if at >= PyTuple_GET_SIZE(headers):
                    return 0
                pair = <PyObject *>PyTuple_GET_ITEM(headers, at)
            at += 1
            if type(<object>pair) is tuple and PyTuple_GET_SIZE(<object>pair) == 2:
                self.see(view, <object>PyTuple_GET_ITEM(<object>pair, 0), <object>PyTuple_GET_ITEM(<object>pair, 1))
            else:
                self.scan_pair(view, <object>pair)

    cdef int scan_pair(self, View *view, object pair) except -1:
        if isinstance(pair, (tuple, list)) and len(pair) == 2:
            return self.see(view, pair[0], pair[1])
        raise ValueError(f"a header is a pair of name and value, not {pair!r:.80}")

    cdef inline int see(self, View *view, object name, object value) except -1:
        cdef Slice text, content
        cdef int32_t at
        cdef int kind
        # PERF: the quick look is inline; the general one is a call.
        if not slices_quick(name, &text.data, &text.size):
            view_of(name, &text)
        if not slices_quick(value, &content.data, &content.size):
            view_of(value, &content)
        view.header_count += 1
        view.header_bytes += text.size + content.size
        kind = chars_name_kind(text.data, text.size)
        if kind > 1:
            view.flags |= UNDERSCORE if kind == 2 else BAD_NAME
        if chars_bad_value(content.data, content.size):
            view.flags |= BAD_VALUE
        if text.size == 0 or not (self.lengths >> length_bit(text.size)) & 1:
            return 0
        at = self.buckets[bucket_of(text.data, text.size)]
        while at >= 0:
            if self.names[at].text.size == text.size and same_folded(text.data, self.names[at].text.data, text.size):
                return self.keep(view, at, value)
            at = self.names[at].next
        return 0

    cdef int keep(self, View *view, int slot, object value) except -1:
        cdef Slice text
        cdef int32_t last
        cdef Value *earlier
        view_of(value, &text)
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

    cdef int add(self, View *view, int slot, object owner, Slice text) except -1:
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


cdef inline void trim(Slice *text) noexcept nogil:
    """RM-37: white space around a value is not part of it."""
    while text.size and (text.data[0] == c" " or text.data[0] == c"\t"):
        text.data += 1
        text.size -= 1
    while text.size and (text.data[text.size - 1] == c" " or text.data[text.size - 1] == c"\t"):
        text.size -= 1
