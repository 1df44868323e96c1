"""Layout of an HTTP connection manager: what it does to a request before routing."""

from libc.string cimport memcmp

from fastroute.core.codec cimport Codec
from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport View
from fastroute.core.processing cimport HeaderProcessing


cdef class HttpManager:
    cdef readonly dict upgrades             # lower-case upgrade type -> enabled
    cdef readonly object route_table        # the inline route configuration's table, or None
    cdef readonly str route_config_name     # of RDS, or None
    cdef readonly object scopes             # ScopedRoutes, or None
    cdef readonly tuple http_filters        # (name, type) of each HTTP filter; None where they are not known
    cdef readonly object router             # options of the router filter, or None
    cdef readonly object access             # asks filters that may deny a routed request, or None
    cdef readonly HeaderProcessing processing
    cdef readonly Codec codec
    cdef int slashes
    cdef readonly bint normalize_path
    cdef readonly bint merge_slashes
    cdef readonly bint drop_fragment        # else a target with "#" is refused
    cdef readonly bint strip_trailing_dot
    cdef int strip_port                     # 0: no, 1: any, 2: the listener's
    cdef bint plain_path                    # no step changes a path
    cdef bint plain_authority
    cdef bint rewrites_any_header           # early mutations
    cdef bint refuses_plain_https

    cdef int check_authority(self, View *view, Decision decision) except -1
    cdef int check_path(self, View *view, Decision decision) except -1
    cdef int change_target(self, View *view, Decision decision, bytes target) except -1
    cdef int normalise(self, View *view, Decision decision) except -1
    cdef int normalise_authority(self, View *view, Decision decision) except -1
    cdef int check_upgrade(self, View *view, Decision decision) except -1
    cdef int check_access(self, Decision decision) except -1


cdef inline int answer(Decision decision, str kind, int status, str reason) except -1:
    """Make `decision` an answer by Envoy itself."""
    decision.kind = kind
    decision.status = status
    decision.reason = reason
    return 1


cdef inline bint is_connect(View *view) noexcept nogil:
    return view.method.size == 7 and memcmp(view.method.data, b"CONNECT", 7) == 0


cdef inline bint is_grpc(bytes content_type) noexcept:
    return content_type is not None and (
        content_type == b"application/grpc" or content_type.startswith(b"application/grpc+")
    )
