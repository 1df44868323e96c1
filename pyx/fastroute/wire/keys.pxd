"""Layout of the memory of keys."""

from libc.stdint cimport uint32_t


cdef class Keys:
    cdef list known                # str or None, by hash

    cdef str get(self, const char *text, Py_ssize_t size)
