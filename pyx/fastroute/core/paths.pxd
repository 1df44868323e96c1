"""Layout of the path index: radix trees whose nodes hold the numbers of routes."""

from libc.stdint cimport uint32_t

from fastroute.core.arena cimport Arena

cdef enum:
    PREFIX                     # the path begins with the text
    EXACT                      # the path is the text
    SEPARATED                  # the path is the text, or goes on with "/"
    HOWS


cdef struct Node:
    uint32_t label             # offset of the bytes on the way to this node
    uint32_t label_size
    uint32_t children          # the first child; children lie side by side
    uint32_t edges             # offset of the children's first bytes
    uint32_t edge_count
    uint32_t terminal          # NONE: no route ends here


cdef struct Terminal:
    uint32_t[3] sure           # by how the path is compared: the first route with no other predicate
    uint32_t[3] maybe          # by how the path is compared: a list of routes before it that have predicates


cdef struct Part:              # keys whose node is still to be filled
    uint32_t node
    uint32_t low
    uint32_t high
    uint32_t depth             # bytes that they have in common, as far as the nodes above tell


cdef struct Work:
    Part *parts
    size_t count
    size_t capacity


cdef struct Found:
    uint32_t sure              # the first route that holds for certain
    uint32_t[16] small
    uint32_t *lists            # lists of routes of which each may hold
    Py_ssize_t count
    Py_ssize_t capacity


cdef inline void found_init(Found *found) noexcept nogil:
    found.sure = 0xFFFFFFFF
    found.lists = found.small
    found.count = 0
    found.capacity = 16


cdef class PathIndex:
    cdef Arena nodes
    cdef Arena terminals
    cdef Arena labels
    cdef Arena edges

    cdef uint32_t build(self, list keys, uint32_t first) except? 0xFFFFFFFF
    cdef int split(self, list keys, uint32_t first, Work *work, Part part) except -1
    cdef int walk(self, uint32_t root, const char *path, Py_ssize_t size, Found *found) except -1 nogil
    cdef int take(self, Terminal *terminal, int how, Found *found) except -1 nogil
