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
in the order of their first bytes, which lie side by side as well.
"""

cimport cython
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcmp, memcpy

from fastroute.core.arena cimport NONE, Arena


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

    cdef uint32_t build(self, list keys, list terminals) except? 0xFFFFFFFF:
        """A tree over the sorted, distinct `keys`; `terminals` has, for each, (three sures, three lists)."""
        cdef list work = []
        cdef uint32_t root
        if not keys:
            return NONE
        root = self.nodes.add(1)
        work.append((root, 0, len(keys), 0))
        while work:
            node, low, high, depth = work.pop()
            self.split(keys, terminals, work, node, low, high, depth)
        return root

    cdef int split(self, list keys, list terminals, list work, uint32_t number, Py_ssize_t low, Py_ssize_t high,
                   Py_ssize_t depth) except -1:
        """Fill one node with `keys[low:high]`, which agree in their first `depth` bytes; its children become work."""
        cdef bytes first = keys[low], last = keys[high - 1], key
        cdef Py_ssize_t end = depth, limit = min(len(first), len(last)), at
        cdef const char *a = first
        cdef const char *b = last
        cdef list starts = []
        cdef Node node
        cdef int byte = -1
        while end < limit and a[end] == b[end]:
            end += 1
        node.label_size = <uint32_t>(end - depth)
        node.label = self.labels.add(node.label_size)
        memcpy(self.labels.data + node.label, a + depth, node.label_size)
        node.terminal = NONE
        if len(first) == end:
            node.terminal = self.add_terminal(terminals[low])
            low += 1
        for at in range(low, high):
            key = keys[at]
            if <unsigned char>key[end] != byte:
                byte = <unsigned char>key[end]
                starts.append((at, byte))
        node.edge_count = <uint32_t>len(starts)
        node.children = self.nodes.add(node.edge_count)
        node.edges = self.edges.add(node.edge_count)
        for at in range(<Py_ssize_t>node.edge_count):
            low, byte = starts[at]
            self.edges.data[node.edges + at] = <char>byte
            ending = starts[at + 1][0] if at + 1 < len(starts) else high
            work.append((node.children + at, low, ending, end))
        (<Node *>self.nodes.data)[number] = node
        return 0

    cdef uint32_t add_terminal(self, terminal) except? 0xFFFFFFFF:
        cdef uint32_t number = self.terminals.add(1)
        cdef Terminal *new = &(<Terminal *>self.terminals.data)[number]
        cdef int how
        for how in range(HOWS):
            new.sure[how] = terminal[0][how]
            new.maybe[how] = terminal[1][how]
        return number

    cdef int walk(self, uint32_t root, const char *path, Py_ssize_t size, Found *found) except -1 nogil:
        """Collect what the nodes along `path` propose."""
        cdef Node *nodes = <Node *>self.nodes.data
        cdef const char *edges
        cdef const char *hit
        cdef Node *node
        cdef Terminal *terminal
        cdef Py_ssize_t at = 0
        if root == NONE:
            return 0
        node = &nodes[root]
        while True:
            if node.label_size > size - at or memcmp(self.labels.data + node.label, path + at, node.label_size) != 0:
                return 0
            at += node.label_size
            if node.terminal != NONE:
                terminal = &(<Terminal *>self.terminals.data)[node.terminal]
                self.take(terminal, PREFIX, found)
                if at == size:
                    self.take(terminal, EXACT, found)
                if at == size or path[at] == c"/":
                    self.take(terminal, SEPARATED, found)
            if at == size or node.edge_count == 0:
                return 0
            edges = self.edges.data + node.edges
            hit = <const char *>memchr(edges, path[at], node.edge_count)
            if hit == NULL:
                return 0
            node = &nodes[node.children + (hit - edges)]

    cdef int take(self, Terminal *terminal, int how, Found *found) except -1 nogil:
        cdef uint32_t *moved
        if terminal.sure[how] < found.sure:
            found.sure = terminal.sure[how]
        if terminal.maybe[how] == NONE:
            return 0
        if found.count == found.capacity:
            moved = <uint32_t *>malloc(sizeof(uint32_t) * <size_t>found.capacity * 2)
            if moved == NULL:
                with gil:
                    raise MemoryError()
            memcpy(moved, found.lists, sizeof(uint32_t) * <size_t>found.count)
            if found.lists != found.small:
                free(found.lists)
            found.lists = moved
            found.capacity *= 2
        found.lists[found.count] = terminal.maybe[how]
        found.count += 1
        return 0
