"""The items of one repeated field of a message in wire form, found without reading what is in them."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp

from fastroute.wire.cursor cimport BYTES, Field, Span, next_field, span_of


@cython.final
cdef class Items:
    """See the stub."""

    cdef readonly bytes body
    cdef readonly bytes rest
    cdef Span *spans
    cdef Py_ssize_t size

    def __cinit__(self, bytes body not None, uint32_t number):
        cdef Span span = span_of(<const unsigned char *>PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body))
        cdef const unsigned char *kept = span.at
        cdef Field field
        cdef list others = []
        cdef int state
        self.body = body
        while True:
            state = next_field(&span, &field)
            if state < 0 or (state > 0 and field.number == number and field.kind != BYTES):
                raise ValueError("the bytes are no message with such items")
            if state == 0:
                break
            if field.number == number:
                if field.start > kept:
                    others.append(kept[:field.start - kept])
                kept = span.at
                self.add(field.body)
        others.append(kept[:span.at - kept])
        self.rest = b"".join(others)

    def __dealloc__(self):
        free(self.spans)

    cdef int add(self, Span item) except -1:
        cdef Span *moved
        if self.size & (self.size - 1) == 0:
            moved = <Span *>realloc(self.spans, sizeof(Span) * max(1, 2 * <size_t>self.size))
            if moved == NULL:
                raise MemoryError()
            self.spans = moved
        self.spans[self.size] = item
        self.size += 1
        return 0

    def __len__(self):
        return self.size

    def __sizeof__(self):
        return self.size * sizeof(Span)

    def __getitem__(self, Py_ssize_t at):
        if not 0 <= at < self.size:
            raise IndexError(at)
        return PyBytes_FromStringAndSize(<const char *>self.spans[at].at, self.spans[at].end - self.spans[at].at)

    def common(self, Items other not None):
        cdef Py_ssize_t head = 0, tail = 0, least = min(self.size, other.size)
        while head < least and same(&self.spans[head], &other.spans[head]):
            head += 1
        while tail < least - head and same(&self.spans[self.size - 1 - tail], &other.spans[other.size - 1 - tail]):
            tail += 1
        return head, tail


cdef inline bint same(const Span *one, const Span *other) noexcept nogil:
    return one.end - one.at == other.end - other.at and memcmp(one.at, other.at, <size_t>(one.end - one.at)) == 0
