"""A growing piece of memory, written from front to back."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.stdlib cimport realloc
from libc.string cimport memcpy, memmove


cdef struct Buffer:
    unsigned char *data
    size_t size
    size_t capacity


cdef inline int reserve(Buffer *buffer, size_t more) except -1:
    cdef unsigned char *moved
    cdef size_t wanted = buffer.size + more
    if wanted > buffer.capacity:
        wanted = max(wanted, buffer.capacity * 2, <size_t>4096)
        moved = <unsigned char *>realloc(buffer.data, wanted)
        if moved == NULL:
            raise MemoryError()
        buffer.data = moved
        buffer.capacity = wanted
    return 0


cdef inline int put(Buffer *buffer, const void *data, size_t size) except -1:
    reserve(buffer, size)
    memcpy(buffer.data + buffer.size, data, size)
    buffer.size += size
    return 0


cdef inline int put_bytes(Buffer *buffer, bytes data) except -1:
    return put(buffer, PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data))


cdef inline int varint_into(unsigned char *at, uint64_t value) noexcept nogil:
    """Write a varint; the number of its bytes, ten at most."""
    cdef int size = 0
    while value >= 0x80:
        at[size] = <unsigned char>(value | 0x80)
        value >>= 7
        size += 1
    at[size] = <unsigned char>value
    return size + 1


cdef inline int put_varint(Buffer *buffer, uint64_t value) except -1:
    reserve(buffer, 10)
    buffer.size += varint_into(buffer.data + buffer.size, value)
    return 0


cdef inline int close_sized(Buffer *buffer, size_t start) except -1:
    """Write the size of all that follows `start` before it; one byte was left free there."""
    cdef unsigned char[10] length
    cdef size_t body = buffer.size - start - 1
    cdef int size = varint_into(length, body)
    if size > 1:
        reserve(buffer, <size_t>size)
        memmove(buffer.data + start + size, buffer.data + start + 1, body)
        buffer.size += size - 1
    memcpy(buffer.data + start, length, <size_t>size)
    return 0
