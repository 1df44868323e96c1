"""Randomness is a parameter: a callable that returns 64 uniformly distributed bits."""

from cpython.long cimport PyLong_AsUnsignedLongLongMask
from libc.stdint cimport uint64_t


cdef inline uint64_t draw(object random) except? 0xFFFFFFFFFFFFFFFF:
    if random is None:
        raise ValueError("this pick is random: pass a random source, a callable that returns a 64-bit integer")
    return PyLong_AsUnsignedLongLongMask(random())
