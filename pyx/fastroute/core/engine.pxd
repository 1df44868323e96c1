"""Layout of the engine: the tables of one snapshot behind one pointer."""

from fastroute.core.clusters cimport Cluster
from fastroute.core.entries cimport LiveClusters
from fastroute.core.filter_chains cimport ListenerTable
from fastroute.core.table cimport RouteTable


cdef class Tables:
    cdef readonly ListenerTable listeners
    cdef readonly dict routes           # route configuration name -> RouteTable
    cdef readonly dict clusters         # cluster name -> Cluster
    cdef readonly dict values           # cluster name -> the embedder's object; None when any name is taken to exist
    cdef LiveClusters live              # the same clusters and values
    cdef readonly object marks          # what lenient loading let through, for Decision.notices; None when nothing
    cdef readonly RouteTable single     # the only route configuration, None when there are several or none


cdef class Engine:
    cdef Tables tables                  # replaced whole, never changed
    cdef readonly object random         # callable that returns 64 random bits

    cdef object picked(self, object target, object given, object skip, object random, object context)
    cdef Cluster cluster_of(self, Tables tables, str name)
