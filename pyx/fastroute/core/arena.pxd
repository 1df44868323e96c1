"""Layout of an arena: one growing block of memory, addressed by offset."""

from libc.stdint cimport uint32_t

cdef extern from *:
    """
    #include <stdint.h>
    #define FASTROUTE_NONE ((uint32_t)0xFFFFFFFFu)
    """
    const uint32_t NONE "FASTROUTE_NONE"       # no offset, no number


cdef class Arena:
    cdef char *data
    cdef size_t size
    cdef size_t capacity
    cdef size_t unit           # bytes an item

    cdef uint32_t add(self, size_t count) except? 0xFFFFFFFF
    cdef int trim(self) except -1
