"""Weights out of load reports, for client-side weighted round robin."""

from libc.stdint cimport uint32_t

cdef class Load:
    cdef double first                   # time of the first report in a row; < 0: none
    cdef double last
    cdef uint32_t weight
