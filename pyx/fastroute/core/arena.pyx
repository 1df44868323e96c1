# cython: boundscheck=True, nonecheck=True
"""Append-only memory: items of one size, addressed by their number, so that growing may move them."""

cimport cython
from libc.stdlib cimport free, realloc
from libc.string cimport memset


@cython.final
cdef class Arena:
    """See the stub."""

    def __cinit__(self, size_t unit=1):
        if unit == 0:
            raise ValueError("an item has at least one byte")
        self.unit = unit

    def __dealloc__(self):
        free(self.data)

    def __len__(self):
        return self.size

    def __sizeof__(self):
        return self.capacity * self.unit

    cdef uint32_t add(self, size_t count) except? 0xFFFFFFFF:
        """The number of the first of `count` new items, all bytes 0. Earlier pointers into `data` become invalid."""
        cdef size_t first = self.size, wanted = first + count, capacity
        cdef char *moved
        if wanted >= NONE:
            raise MemoryError("a table has more than 4 294 967 294 items of one kind")
        if wanted > self.capacity:
            capacity = max(wanted, self.capacity * 2, 64)
            moved = <char *>realloc(self.data, capacity * self.unit)
            if moved == NULL:
                raise MemoryError()
            self.data = moved
            self.capacity = capacity
        if count:                           # without an item there may be no memory yet, which memset must not see
            memset(self.data + first * self.unit, 0, count * self.unit)
        self.size = wanted
        return <uint32_t>first

    cdef int trim(self) except -1:
        """Give back what was allocated ahead."""
        cdef char *moved
        if self.capacity > self.size > 0:
            moved = <char *>realloc(self.data, self.size * self.unit)
            if moved != NULL:
                self.data = moved
                self.capacity = self.size
        return 0
