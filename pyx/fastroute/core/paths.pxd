"""Layout of the path index: radix trees whose nodes hold the numbers of routes."""

from libc.stdint cimport int64_t, uint32_t

from fastroute.core.arena cimport NONE, Arena
from fastroute.core.slices cimport slices_same

cdef enum:
    PREFIX                     # the path begins with the text
    EXACT                      # the path is the text
    SEPARATED                  # the path is the text, or goes on with "/"
    HOWS


cdef enum:
    IN_LABEL = 24
    IN_EDGES = 16


cdef struct Node:              # one line of a processor's cache, at a multiple of its size
    char[24] text              # the bytes on the way to this node; of more than IN_LABEL the offset in `labels`
    char[16] edges             # the children's first bytes; of more than IN_EDGES the offset in `edges`
    uint32_t label_size
    uint32_t edge_count
    uint32_t children          # the first child; children lie side by side
    uint32_t terminal          # NONE: no route ends here
    uint32_t alone             # the one route that ends here, where there is one alone and it holds for certain
    int how                    # and how its path is compared


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
    bint whether               # only whether there are lists is asked, so that no memory is taken for more than a few


cdef inline void found_init(Found *found) noexcept nogil:
    found.sure = 0xFFFFFFFF
    found.lists = found.small
    found.count = 0
    found.capacity = 16
    found.whether = False


cdef class PathIndex:
    cdef Node *first           # the nodes, once nothing is added any more
    cdef Arena nodes
    cdef Arena terminals
    cdef Arena labels
    cdef Arena edges

    cdef uint32_t build(self, list keys, Arena ends) except? 0xFFFFFFFF
    cdef int trim(self) except -1
    cdef int split(self, list keys, Arena ends, Work *work, Part part) except -1
    cdef int end(self, Node *node, const Terminal *terminal) except -1


cdef extern from *:
    """
    #ifdef __SSE2__
    #include <emmintrin.h>
    #endif
    enum { PATHS_PADDING = 16 };

    /* Where `wanted` is among the first bytes of a node's children, or -1; PATHS_PADDING more may be read. */
    static inline int64_t paths_child(const char *edges, uint32_t count, char wanted) {
    #ifdef __SSE2__
        if (count > 1) {
            __m128i all = _mm_set1_epi8(wanted);
            for (uint32_t at = 0; at < count; at += 16) {
                unsigned found = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(edges + at)), all));
                if (found) {
                    at += __builtin_ctz(found);
                    return at < count ? (int64_t)at : -1;
                }
            }
            return -1;
        }
    #endif
        for (uint32_t at = 0; at < count; at++)
            if (edges[at] == wanted) return at;
        return -1;
    }
    """
    enum:
        PATHS_PADDING
    int64_t paths_child(const char *edges, uint32_t count, char wanted) noexcept nogil


cdef int grow_found(Found *found) except -1 nogil


cdef inline void propose_sure(uint32_t number, Found *found) noexcept nogil:
    if number < found.sure:
        found.sure = number


cdef inline int propose(Terminal *terminal, int how, Found *found) except -1 nogil:
    propose_sure(terminal.sure[how], found)
    if terminal.maybe[how] != NONE:
        if found.count == found.capacity:
            grow_found(found)
        found.lists[found.count] = terminal.maybe[how]
        found.count += 1
    return 0


cdef inline const char *inside(const char *own, const char *elsewhere, bint fits) noexcept nogil:
    """What lies in a node, or where the node says."""
    return own if fits else elsewhere + (<const uint32_t *>own)[0]


cdef inline int descend(PathIndex index, uint32_t root, const char *path, Py_ssize_t size,
                        Found *found) except -1 nogil:
    """Collect what the nodes along `path` propose."""
    cdef Node *node
    cdef Terminal *terminal
    cdef const char *text
    cdef int64_t child
    cdef Py_ssize_t at = 0
    if root == NONE:
        return 0
    node = &index.first[root]
    while True:
        text = inside(node.text, index.labels.data, node.label_size <= IN_LABEL)
        if node.label_size > size - at or not slices_same(text, path + at, node.label_size):
            return 0
        at += node.label_size
        if node.alone != NONE:
            if node.how == PREFIX or at == size or (node.how == SEPARATED and path[at] == c"/"):
                propose_sure(node.alone, found)
        elif node.terminal != NONE:
            terminal = &(<Terminal *>index.terminals.data)[node.terminal]
            propose(terminal, PREFIX, found)
            if at == size:
                propose(terminal, EXACT, found)
            if at == size or path[at] == c"/":
                propose(terminal, SEPARATED, found)
        if at == size:
            return 0
        text = inside(node.edges, index.edges.data, node.edge_count <= IN_EDGES)
        child = paths_child(text, node.edge_count, path[at])
        if child < 0:
            return 0
        node = &index.first[node.children + child]
