"""Layout of an HTTP connection manager: what it does to a request before routing."""

from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport View


cdef class HttpManager:
    cdef readonly dict upgrades            # lower-case upgrade type -> enabled
    cdef readonly object route_table       # the inline route configuration's table, or None
    cdef readonly str route_config_name    # of RDS, or None

    cdef int prepare(self, View *view, Decision decision) except -1
    cdef int check_authority(self, View *view, Decision decision) except -1
    cdef int check_path(self, View *view, Decision decision) except -1
    cdef int check_upgrade(self, View *view, Decision decision) except -1


cdef inline int answer(Decision decision, str kind, int status, str reason) except -1:
    """Make `decision` an answer by Envoy itself."""
    decision.kind = kind
    decision.status = status
    decision.reason = reason
    return 1
