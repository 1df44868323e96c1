# cython: boundscheck=True, nonecheck=True
"""A route's entry in its table: its names, its place in the list, and where it sends a request.

RA-10, RA-11: the entry of weighted clusters is the first whose cumulated weight exceeds value % total.
"""

cimport cython
from libc.stdint cimport uint64_t

from fastroute.core.headers cimport UNBOUND
from fastroute.core.matchers cimport TreeNode

cdef dict CODES = {
    "forward": FORWARD, "cluster_header": CLUSTER_HEADER, "weighted": WEIGHTED,
    "redirect": REDIRECT, "respond": RESPOND, "matched": MATCHED, "nowhere": UNMATCHED,
}
cdef dict KINDS = {code: kind for kind, code in CODES.items()}


@cython.final
cdef class Target:
    """See the stub."""

    def __cinit__(self, str kind not None, *, str cluster="", bytes header=b"", int status=503, action=None,
                  tuple entries=(), tuple weights=(), bint use_hash_policy=False, TreeNode tree=None):
        self.code = CODES[kind]
        self.cluster = cluster
        self.header = header
        self.slot = UNBOUND
        self.status = status
        self.action = action
        self.entries = entries
        self.weights = weights
        self.total = sum(weights)
        self.use_hash_policy = use_hash_policy
        self.tree = tree
        if (self.code == MATCHED) != (tree is not None):
            raise ValueError("a tree and nothing else yields a cluster of a matched target")
        for entry in entries:
            if type(entry) is not Target:
                raise TypeError(f"an entry of a target is a target, not {type(entry).__name__}")
        if self.code == MATCHED:
            if not entries:
                raise ValueError("a matched target has entries, of which the last names no cluster")
            return
        if not all([weight >= 0 for weight in weights]):
            raise ValueError("weights are not negative")
        if len(entries) != len(weights) or (self.code == WEIGHTED) != (self.total > 0):
            raise ValueError("weighted clusters need entries, one weight each, and a positive sum")

    @property
    def kind(self):
        return KINDS[self.code]

    cdef Target pick(self, uint64_t value):
        cdef uint64_t rest = value % self.total, weight
        cdef Py_ssize_t number
        for number in range(len(self.weights)):
            weight = self.weights[number]
            if rest < weight:
                return <Target>self.entries[number]
            rest -= weight
        raise AssertionError("the rest of a division by the sum of the weights lies below the sum")


cdef uint64_t numbered = 0
NO_CLUSTER = object()


@cython.final
cdef class LiveClusters:
    """The clusters that there are, by name."""

    def __cinit__(self, dict values, bint any_name=False):
        global numbered
        numbered += 1
        self.number = numbered
        self.values = values
        self.any_name = any_name or values is None

    cdef object find(self, str name):
        """The object of a cluster; NO_CLUSTER where there is none of that name."""
        if not name:
            return NO_CLUSTER
        if self.values is None:
            return None
        return self.values.get(name, None if self.any_name else NO_CLUSTER)

    cdef object find_for(self, Target target):
        """The same for the cluster of a target, which keeps the answer."""
        target.known = self.find(target.cluster)
        target.asked = self.number
        return target.known


@cython.final
@cython.no_gc
cdef class Entry:
    """See the stub. Out of the garbage collector's sight: nothing that it holds can hold an entry."""

    def __cinit__(self, str name="", str virtual_host="", str route_config="", Py_ssize_t index=-1, Target target=None):
        self.name = name
        self.virtual_host = virtual_host
        self.route_config = route_config
        self.index = index
        self.target = target


@cython.final
@cython.no_gc
cdef class RouteSpec:
    """See the stub. What it holds cannot hold it."""

    def __cinit__(self, str name not None, Py_ssize_t index, Target target, str how not None, bytes text not None=b"",
                  bint case_sensitive=True, tuple predicates not None=()):
        self.name = name
        self.index = index
        self.target = target
        self.how = how
        self.text = text
        self.case_sensitive = case_sensitive
        self.predicates = predicates
