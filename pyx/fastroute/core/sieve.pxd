from libc.stdint cimport int32_t

from fastroute.core.chain cimport Chain
from fastroute.core.cidr cimport CidrTrie


cdef enum:
    PORT = 0
    DESTINATION = 1
    SERVER_NAME = 2
    TRANSPORT = 3
    PROTOCOL = 4
    DIRECT_SOURCE = 5
    SOURCE_TYPE = 6
    SOURCE = 7
    SOURCE_PORT = 8
    LEAF = 9


cdef class Node:
    cdef int level
    cdef int32_t chain
    cdef dict table
    cdef CidrTrie trie
    cdef list covered
    cdef Node otherwise

    cdef Node step(self, Chain chain)
    cdef Node by_name(self, str name)


cdef class Sieve:
    cdef Node root
    cdef readonly int depth
    cdef int32_t last          # the greatest number of a filter chain, or -1

    cdef int32_t find(self, Chain chain) except -2
