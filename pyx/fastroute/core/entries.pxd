"""Layout of a route's entry, its names and where it sends a request, and of what a table is built from."""

from libc.stdint cimport uint64_t

from fastroute.core.matchers cimport TreeNode


cdef object NO_CLUSTER           # in place of the object of a cluster that does not exist


cdef enum Kind:
    FORWARD
    CLUSTER_HEADER
    REDIRECT
    RESPOND
    UNMATCHED                    # the route never matches
    WEIGHTED                   # from here on a request falls on one of several targets
    MATCHED


cdef class Target:
    cdef Kind code
    cdef readonly str cluster           # FORWARD; "" names no cluster
    cdef readonly bytes header          # CLUSTER_HEADER: the header; WEIGHTED: the header with the value, or b""
    cdef readonly bint use_hash_policy  # WEIGHTED
    cdef readonly int status            # of the answer, or of the answer for an unknown cluster
    cdef readonly object action
    cdef readonly tuple entries         # WEIGHTED: the entries' own targets
    cdef readonly tuple weights
    cdef readonly uint64_t total
    cdef readonly TreeNode tree         # MATCHED: yields a number of `entries`; the last one names no cluster
    cdef int slot                       # of `header`, once the target belongs to a table
    cdef uint64_t asked                 # the number of the live clusters that were last asked for `cluster`
    cdef object known                   # what they said: the cluster's object, or NO_CLUSTER

    cdef Target pick(self, uint64_t value)


cdef class LiveClusters:
    cdef readonly dict values           # name -> the embedder's object; None: every name is taken to exist
    cdef bint any_name                  # a name that is not among them exists too, without an object
    cdef uint64_t number                # its own, never given again

    cdef object find(self, str name)
    cdef object find_for(self, Target target)


cdef class Entry:
    cdef readonly str name
    cdef readonly str virtual_host
    cdef readonly str route_config
    cdef readonly Py_ssize_t index
    cdef readonly Target target         # None: no route here


cdef class RouteSpec:
    cdef readonly str name
    cdef readonly Py_ssize_t index
    cdef readonly Target target
    cdef readonly str how
    cdef readonly bytes text
    cdef readonly bint case_sensitive
    cdef readonly tuple predicates
