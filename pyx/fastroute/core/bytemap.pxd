"""Layout of the map from byte strings to numbers."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from fastroute.core.arena cimport NONE, Arena
from fastroute.core.slices cimport slices_same


cdef struct Cell:
    uint32_t tag               # upper half of the hash
    uint32_t key               # offset of the key's bytes
    uint32_t size
    uint32_t value             # NONE: free


cdef class ByteMap:
    cdef Cell *cells
    cdef size_t mask           # number of cells - 1, or 0 for an empty map
    cdef size_t used
    cdef Arena keys

    cdef int put(self, const char *key, Py_ssize_t size, uint32_t value) except -1
    cdef uint32_t get(self, const char *key, Py_ssize_t size) noexcept nogil
    cdef ByteMap without(self, list keys)
    cdef bint find(self, const char *key, Py_ssize_t size, size_t *cell) noexcept nogil
    cdef set sizes(self)
    cdef int grow(self) except -1


cdef inline uint64_t mixed(uint64_t a) noexcept nogil:
    a ^= a >> 32
    a *= <uint64_t>0x9E3779B97F4A7C15
    return a ^ (a >> 29)


cdef inline uint64_t finished(uint64_t a) noexcept nogil:
    """Every bit of `a` reaches the low ones, which choose the cell: keys that differ in one letter do not cluster."""
    a ^= a >> 32
    a *= <uint64_t>0x9E3779B97F4A7C15
    a ^= a >> 29
    a *= <uint64_t>0xD6E8FEB86659FD93
    return a ^ (a >> 32)


cdef inline uint64_t hash_of(const char *data, Py_ssize_t size) noexcept nogil:
    """A hash for tables of one's own configuration: quick, no defence against chosen keys is needed."""
    cdef uint64_t state = <uint64_t>size * <uint64_t>0xD6E8FEB86659FD93, word
    cdef const char *last
    cdef uint32_t half
    if size >= 8:
        last = data + size - 8              # the last word may overlap the one before
        while data < last:
            memcpy(&word, data, 8)
            state = mixed(state ^ word)
            data += 8
        memcpy(&word, last, 8)
    elif size >= 4:
        memcpy(&half, data, 4)
        word = half
        memcpy(&half, data + size - 4, 4)
        word |= <uint64_t>half << 32
    elif size:
        word = <unsigned char>data[0]
        word |= <uint64_t><unsigned char>data[size >> 1] << 8 | <uint64_t><unsigned char>data[size - 1] << 16
    else:
        return finished(state)
    return finished(state ^ word)


cdef inline uint32_t looked_up(ByteMap map, const char *key, Py_ssize_t size) noexcept nogil:
    """The value of a key, or NONE."""
    cdef uint64_t hashed
    cdef size_t at
    cdef Cell *cell
    if map.used == 0:
        return NONE
    hashed = hash_of(key, size)
    at = hashed & map.mask
    while True:
        cell = &map.cells[at]
        if cell.value == NONE:
            return NONE
        if (cell.tag == <uint32_t>(hashed >> 32) and cell.size == size
                and slices_same(map.keys.data + cell.key, key, <size_t>size)):
            return cell.value
        at = (at + 1) & map.mask
