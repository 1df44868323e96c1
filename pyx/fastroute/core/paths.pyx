"""Which routes a path can lead to, found in one walk down a compressed radix tree.

Envoy takes the first route in list order that matches, never the most specific one. So a node proposes: it
holds the number of the first route ending there that has no other predicate (`sure`), and a list of the routes
before that one that have some (`maybe`). A walk collects the smallest `sure` and all lists; the table then
asks the listed routes in ascending order.

RM-03  a prefix is a prefix of bytes; the empty one matches every path.
RM-04  an exact path is the whole path.
RM-07  a separated prefix is the whole path, or is followed by "/".
RM-11  without case: a second tree over lower-case texts, walked with the lower-case path.

Several trees, one or two per list of routes, share the four arenas. The children of a node lie side by side
in the order of their first bytes.

PERF: a look-up in a large table waits for memory, so a node is one line of the cache, with its label, the first bytes
of its children, and the route that ends there as long as it is one: about a tenth to a fifth off a random look-up among
100 000 routes with cold caches, together with entries that are made only when asked for (`rows`).
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.list cimport PyList_GET_ITEM
from cpython.object cimport PyObject
from libc.stdint cimport uintptr_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memmove, memset

from fastroute.core.arena cimport NONE, Arena
from fastroute.core.slices cimport Slice


@cython.final
cdef class PathIndex:
    """See the stub."""

    def __cinit__(self):
        self.nodes = Arena(sizeof(Node))
        self.terminals = Arena(sizeof(Terminal))
        self.labels = Arena(1)
        self.edges = Arena(1)

    def __sizeof__(self):
        return sum([arena.__sizeof__() for arena in (self.nodes, self.terminals, self.labels, self.edges)])

    cdef uint32_t build(self, list keys, Arena ends) except? 0xFFFFFFFF:
        """A tree over the sorted, distinct `keys`; `ends` are their terminals."""
        cdef Work work
        cdef Part part
        cdef uint32_t root
        if not keys:
            return NONE
        root = self.nodes.add(1)
        work.parts = NULL
        work.count = work.capacity = 0
        part.node = root
        part.low = part.depth = 0
        part.high = <uint32_t>len(keys)
        try:
            push(&work, part)
            while work.count:
                work.count -= 1
                self.split(keys, ends, &work, work.parts[work.count])
        finally:
            free(work.parts)
        return root

    cdef int trim(self) except -1:
        """Give back what was allocated ahead, but for what `paths_child` may read."""
        self.edges.add(PATHS_PADDING)
        self.nodes.add(1)
        for arena in (self.nodes, self.terminals, self.labels, self.edges):
            (<Arena>arena).trim()
        # Moved to the first multiple of a node's size: the last one, just added, makes room.
        self.first = <Node *>((<uintptr_t>self.nodes.data + sizeof(Node) - 1) & ~<uintptr_t>(sizeof(Node) - 1))
        memmove(self.first, self.nodes.data, (self.nodes.size - 1) * sizeof(Node))
        return 0

    cdef int split(self, list keys, Arena ends, Work *work, Part part) except -1:
        """Fill one node with the keys of `part`; its children become work."""
        cdef Slice key = key_at(keys, part.low), last = key_at(keys, part.high - 1)
        cdef Py_ssize_t end = part.depth, limit = min(key.size, last.size)
        cdef uint32_t at = part.low
        cdef size_t before = work.count
        cdef Node node
        cdef Part child
        cdef int byte = -1
        cdef char[256] edges
        while end < limit and key.data[end] == last.data[end]:
            end += 1
        node.label_size = <uint32_t>end - part.depth
        keep(self.labels, node.text, IN_LABEL, key.data + part.depth, node.label_size)
        node.terminal = node.alone = NONE
        node.how = PREFIX
        if key.size == end:
            self.end(&node, &(<Terminal *>ends.data)[at])
            at += 1
        child.node = 0
        child.depth = <uint32_t>end
        for at in range(at, part.high):
            key = key_at(keys, at)
            if <unsigned char>key.data[end] != byte:
                byte = <unsigned char>key.data[end]
                if work.count > before:
                    work.parts[work.count - 1].high = at
                child.low = at
                child.high = part.high
                push(work, child)
        node.edge_count = <uint32_t>(work.count - before)
        node.children = self.nodes.add(node.edge_count)
        for at in range(node.edge_count):
            work.parts[before + at].node = node.children + at
            key = key_at(keys, work.parts[before + at].low)
            edges[at] = key.data[end]
        keep(self.edges, node.edges, IN_EDGES, edges, node.edge_count)
        (<Node *>self.nodes.data)[part.node] = node
        return 0

    cdef int end(self, Node *node, const Terminal *terminal) except -1:
        """Keep what ends at a node: in the node itself, if it is one route that holds for certain."""
        cdef int how, sure = 0, maybe = 0
        for how in range(HOWS):
            maybe += terminal.maybe[how] != NONE
            if terminal.sure[how] != NONE:
                sure += 1
                node.how = how
                node.alone = terminal.sure[how]
        if sure == 1 and maybe == 0:
            return 0
        node.alone = NONE
        node.terminal = self.terminals.add(1)
        (<Terminal *>self.terminals.data)[node.terminal] = terminal[0]
        return 0


cdef int keep(Arena arena, char *own, uint32_t room, const char *data, uint32_t size) except -1:
    """Keep bytes in a node, or in the arena if they do not fit."""
    cdef uint32_t at
    if size <= room:
        memset(own, 0, room)
        memcpy(own, data, size)
        return 0
    at = arena.add(size)
    memcpy(arena.data + at, data, size)
    memcpy(own, &at, sizeof(at))
    return 0


cdef int grow_found(Found *found) except -1 nogil:
    """Room for more lists."""
    cdef uint32_t *moved
    if found.whether:
        found.count -= 1
        return 0
    moved = <uint32_t *>malloc(sizeof(uint32_t) * <size_t>found.capacity * 2)
    if moved == NULL:
        with gil:
            raise MemoryError()
    memcpy(moved, found.lists, sizeof(uint32_t) * <size_t>found.count)
    if found.lists != found.small:
        free(found.lists)
    found.lists = moved
    found.capacity *= 2
    return 0


cdef inline Slice key_at(list keys, uint32_t at):
    cdef Slice key
    cdef PyObject *item = <PyObject *>PyList_GET_ITEM(keys, <Py_ssize_t>at)
    key.data = PyBytes_AS_STRING(<object>item)
    key.size = PyBytes_GET_SIZE(<object>item)
    return key


cdef int push(Work *work, Part part) except -1:
    cdef Part *moved
    if work.count == work.capacity:
        work.capacity = max(64, work.capacity * 2)
        moved = <Part *>realloc(work.parts, work.capacity * sizeof(Part))
        if moved == NULL:
            raise MemoryError()
        work.parts = moved
    work.parts[work.count] = part
    work.count += 1
    return 0
