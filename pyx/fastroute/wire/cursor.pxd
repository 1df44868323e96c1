"""Reading the protobuf wire format: one field after the other, bounds checked, nothing copied."""

from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


cdef struct Span:                  # a message's body, or what is left of it
    const unsigned char *at
    const unsigned char *end


cdef struct Field:
    uint32_t number
    uint32_t kind                  # wire type
    uint64_t value                 # VARINT and fixed widths: the number
    Span body                      # BYTES: the content
    const unsigned char *start     # of the tag: the whole field is from here to Span.at


cdef inline bint read_varint(Span *span, uint64_t *value) noexcept nogil:
    """Whether a varint of at most ten bytes stood there."""
    cdef uint64_t found = 0
    cdef int shift = 0
    cdef unsigned char byte
    while span.at < span.end and shift < 70:
        byte = span.at[0]
        span.at += 1
        found |= <uint64_t>(byte & 0x7F) << shift
        if byte < 0x80:
            value[0] = found
            return True
        shift += 7
    return False


cdef inline uint64_t read_fixed(const unsigned char *at, int size) noexcept nogil:
    cdef uint64_t found = 0
    cdef int byte
    for byte in range(size):
        found |= <uint64_t>at[byte] << (8 * byte)
    return found


cdef inline int next_field(Span *span, Field *field) noexcept nogil:
    """1: a field was read; 0: the body has ended; -1: it is malformed, or holds a group."""
    cdef uint64_t tag
    cdef int size
    if span.at >= span.end:
        return 0
    field.start = span.at
    if not read_varint(span, &tag) or tag >> 3 == 0 or tag >> 32:
        return -1
    field.number = <uint32_t>(tag >> 3)
    field.kind = <uint32_t>(tag & 7)
    if field.kind == VARINT:
        return 1 if read_varint(span, &field.value) else -1
    if field.kind == BYTES:
        if not read_varint(span, &field.value) or field.value > <uint64_t>(span.end - span.at):
            return -1
        field.body.at = span.at
        span.at += field.value
        field.body.end = span.at
        return 1
    size = 8 if field.kind == FIXED64 else 4 if field.kind == FIXED32 else 0
    if size == 0 or span.end - span.at < size:
        return -1
    field.value = read_fixed(span.at, size)
    span.at += size
    return 1


cdef inline Span span_of(const unsigned char *data, Py_ssize_t size) noexcept nogil:
    cdef Span span
    span.at = data
    span.end = data + size
    return span
