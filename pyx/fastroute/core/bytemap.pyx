# cython: boundscheck=True, nonecheck=True
"""A map from byte strings to numbers: open addressing, keys in one block, read without the GIL.

The keys are those of a configuration. A request's text is only looked up, never stored, so that a client
cannot fill the table; a table as full as two thirds grows.
"""

cimport cython
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from fastroute.core.arena cimport NONE, Arena


@cython.final
cdef class ByteMap:
    """See the stub."""

    def __cinit__(self):
        self.keys = Arena(1)

    def __dealloc__(self):
        free(self.cells)

    def __len__(self):
        return self.used

    def __sizeof__(self):
        return (self.mask + 1) * sizeof(Cell) + self.keys.__sizeof__()

    def longest_run(self):
        """See the stub."""
        cdef size_t at
        cdef Py_ssize_t run = 0, longest = 0
        for at in range(self.mask + 1 if self.used else 0):
            run = run + 1 if self.cells[at].value != NONE else 0
            longest = max(longest, run)
        return longest

    def __setitem__(self, bytes key not None, uint32_t value):
        self.put(key, len(key), value)

    def __getitem__(self, bytes key not None):
        cdef uint32_t value = self.get(key, len(key))
        if value == NONE:
            raise KeyError(key)
        return value

    def __contains__(self, bytes key not None):
        return self.get(key, len(key)) != NONE

    cdef int put(self, const char *key, Py_ssize_t size, uint32_t value) except -1:
        """Set the value of a key; NONE cannot be stored."""
        cdef uint64_t hashed = hash_of(key, size)
        cdef size_t at
        cdef Cell *cell
        if value == NONE:
            raise ValueError("this number means that there is none")
        if (self.used + 1) * 3 > self.mask * 2:
            self.grow()
        at = hashed & self.mask
        while True:
            cell = &self.cells[at]
            if cell.value == NONE:
                break
            if cell.size == size and memcmp(self.keys.data + cell.key, key, <size_t>size) == 0:
                cell.value = value
                return 0
            at = (at + 1) & self.mask
        cell.key = self.keys.add(<size_t>size)
        memcpy(self.keys.data + cell.key, key, <size_t>size)
        cell.tag = <uint32_t>(hashed >> 32)
        cell.size = <uint32_t>size
        cell.value = value
        self.used += 1
        return 0

    cdef uint32_t get(self, const char *key, Py_ssize_t size) noexcept nogil:
        """The value of a key, or NONE."""
        return looked_up(self, key, size)

    cdef ByteMap without(self, list keys):
        """A copy that lacks `keys`."""
        cdef ByteMap made = ByteMap()
        cdef size_t count = self.mask + 1, at
        cdef Cell *cell
        cdef char *left_out
        if self.cells == NULL:
            return made
        left_out = <char *>calloc(count, 1)
        made.cells = <Cell *>calloc(count, sizeof(Cell))
        try:
            if left_out == NULL or made.cells == NULL:
                raise MemoryError()
            made.mask = self.mask
            for at in range(count):
                made.cells[at].value = NONE
            for key in keys:
                if self.find(<bytes?>key, len(<bytes>key), &at):
                    left_out[at] = 1
            for at in range(count):
                cell = &self.cells[at]
                if cell.value != NONE and not left_out[at]:
                    made.put(self.keys.data + cell.key, cell.size, cell.value)
        finally:
            free(left_out)
        return made

    cdef bint find(self, const char *key, Py_ssize_t size, size_t *cell) noexcept nogil:
        """Where the cell of a key is, if it is there."""
        cdef size_t at
        if self.used == 0:
            return False
        at = hash_of(key, size) & self.mask
        while self.cells[at].value != NONE:
            if self.cells[at].size == size and memcmp(self.keys.data + self.cells[at].key, key, <size_t>size) == 0:
                cell[0] = at
                return True
            at = (at + 1) & self.mask
        return False

    cdef set sizes(self):
        """The lengths that keys have."""
        cdef set found = set()
        cdef size_t at
        cdef uint32_t last = NONE
        if self.cells != NULL:
            for at in range(self.mask + 1):
                if self.cells[at].value != NONE and self.cells[at].size != last:
                    last = self.cells[at].size
                    found.add(last)
        return found

    cdef int grow(self) except -1:
        cdef size_t count = 8 if self.cells == NULL else (self.mask + 1) * 2, mask = count - 1, at, old
        cdef Cell *cells = <Cell *>calloc(count, sizeof(Cell))
        cdef Cell *cell
        if cells == NULL:
            raise MemoryError()
        for at in range(count):
            cells[at].value = NONE
        if self.cells != NULL:
            for old in range(self.mask + 1):
                cell = &self.cells[old]
                if cell.value != NONE:
                    at = hash_of(self.keys.data + cell.key, cell.size) & mask
                    while cells[at].value != NONE:
                        at = (at + 1) & mask
                    cells[at] = cell[0]
        free(self.cells)
        self.cells = cells
        self.mask = mask
        return 0
