# cython: boundscheck=True, nonecheck=True
"""Filter chain match, compiled: nested tables in Envoy's order (FC-01 to FC-12).

Nine criteria, each a table of its own under the path already chosen:

    destination port · destination prefix · server name · transport protocol · application protocol ·
    directly connected peer · source type · source prefix · source port

At each one the most specific populated entry for the connection is taken, and the entry "not given"
only where no other is there. There is no way back: when a later criterion finds nothing, the search
ends without a chain (FC-02). A criterion that no chain below a path gives is left out of that path, so
the cost of a look-up is that of the criteria in use, not of the number of chains.
"""

cimport cython
from libc.stdint cimport int32_t

from fastroute.core.chain cimport Chain
from fastroute.core.cidr cimport CidrTrie

# The key that stands for "this chain does not give the criterion", by level.
ABSENT = (0, None, "", "", "", None, 0, None, 0)
LOCAL = 1
EXTERNAL = 2


@cython.final
cdef class Node:
    cdef Node step(self, Chain chain):
        """The node below the entry that the connection takes here; None when there is none."""
        cdef object found = None
        cdef int32_t at = -1
        cdef int level = self.level
        if level == PORT:
            found = self.table.get(chain.destination_port) if chain.destination_ip.family else None
        elif level == DESTINATION:
            at = self.trie.find(&chain.destination_ip)
        elif level == SERVER_NAME:
            return self.by_name(chain.server_name)
        elif level == TRANSPORT:
            found = self.table.get(chain.transport_protocol)
        elif level == PROTOCOL:
            for protocol in chain.application_protocols:
                found = self.table.get(protocol)
                if found is not None:
                    break
        elif level == DIRECT_SOURCE:
            at = self.trie.find(&chain.direct_ip)
        elif level == SOURCE_TYPE:
            found = self.table.get(LOCAL if chain.is_local() else EXTERNAL)
        elif level == SOURCE:
            at = self.trie.find(&chain.source_ip)
        else:
            found = self.table.get(chain.source_port) if chain.source_ip.family else None
        if at >= 0:
            found = self.covered[at]
        return self.otherwise if found is None else <Node>found

    cdef Node by_name(self, str name):
        """The exact name, then its suffixes from the longest, label by label, then "no name" (FC-05)."""
        cdef Py_ssize_t dot
        cdef Py_ssize_t size = len(name)
        cdef object found
        if size == 0:
            return self.otherwise
        found = self.table.get(name)
        if found is not None:
            return <Node>found
        dot = name.find(".", 1)
        while 0 <= dot < size - 1:
            found = self.table.get(name[dot:])
            if found is not None:
                return <Node>found
            dot = name.find(".", dot + 1)
        return self.otherwise


cdef Node build(object nested, int level, int* depth, int32_t* last):
    """The node of a nested mapping at `level`; levels where no entry is given are passed over.

    Notes the levels of criteria, and the greatest number of a chain.
    """
    cdef Node node
    cdef Node below
    cdef object absent
    if level < LEAF and len(nested) == 1 and ABSENT[level] in nested:
        return build(nested[ABSENT[level]], level + 1, depth, last)
    node = Node.__new__(Node)
    node.level = level
    node.chain = -1
    if level == LEAF:
        node.chain = nested
        last[0] = max(last[0], node.chain)
        return node
    depth[0] = max(depth[0], level + 1)
    absent = ABSENT[level]
    entries = []
    node.table = {}
    node.covered = []
    for key, value in nested.items():
        below = build(value, level + 1, depth, last)
        if key == absent:
            node.otherwise = below
        elif level == DESTINATION or level == DIRECT_SOURCE or level == SOURCE:
            entries.append((key[0], key[1], len(node.covered)))
            node.covered.append(below)
        else:
            node.table[key] = below
    node.trie = CidrTrie(entries)
    return node


@cython.final
cdef class Sieve:
    def __cinit__(self, nested):
        cdef int depth = 0
        self.last = -1
        self.root = build(nested, 0, &depth, &self.last) if nested else None
        self.depth = depth

    cdef int32_t find(self, Chain chain) except -2:
        """The number of the filter chain that takes the connection, -1 when none does."""
        cdef Node node = self.root
        while node is not None and node.level != LEAF:
            node = node.step(chain)
        return -1 if node is None else node.chain
