"""What every request passes before it is routed, inline in the one caller; what only some need is in `codec` and `hcm`.

Nearly every request is plain, which is seen in the classes of its bytes: the codec takes it as it stands, nothing is
normalised, and no path of its own is made.
"""

from libc.string cimport memcmp

from fastroute.core.codec cimport ALLOW, is_known, is_plain_connection
from fastroute.core.decision cimport Decision
from fastroute.core.hcm cimport HttpManager, answer, is_connect
from fastroute.core.headers cimport BAD_NAME, BAD_VALUE, CONNECTION, HOST, UNDERSCORE, View
from fastroute.core.request_line cimport LINE_FOREIGN, LINE_UNUSUAL, line_host, line_target


cdef inline bint is_plain(HttpManager manager, View *view) noexcept:
    """Whether the request is taken as it stands. Notes what normalisation may change, where there is any; else "#"."""
    cdef Py_ssize_t query = -1
    cdef int seen
    if not view.has_path or view.target.size == 0 or view.target.data[0] != c"/":
        return False
    seen = line_target(view.target.data, view.target.size, not manager.plain_path, &query)
    view.unusual = seen & LINE_UNUSUAL
    view.path_size = view.target.size if query < 0 else query
    view.measured = True
    if seen & LINE_FOREIGN or view.flags & (BAD_NAME | BAD_VALUE) or view.slots[HOST].first >= 0:
        return False
    if view.flags & UNDERSCORE and manager.codec.on_underscores != ALLOW:
        return False
    if 1 + view.header_count > manager.codec.max_headers:
        return False
    if view.header_bytes + view.target.size + view.authority.size + 4 > manager.codec.max_header_bytes:
        return False
    if view.slots[CONNECTION].first >= 0 and not is_plain_connection(view):
        return False
    if view.method.size == 3 and memcmp(view.method.data, b"GET", 3) == 0:
        return True
    return is_known(view.method) and not is_connect(view)


cdef inline int prepare(HttpManager manager, View *view, Decision decision) except -1:
    """Check and normalise; 1 when Envoy answers the request itself."""
    cdef bint plain = is_plain(manager, view)
    if not plain and manager.codec.take(view, decision):
        return 1
    if decision.request_authority is None:
        return answer(decision, "respond", 400, "missing_host_header")
    view.lowered = view.authority.size <= sizeof(view.host) and line_host(
        view.authority.data, view.authority.size, view.host)
    if not view.lowered and manager.check_authority(view, decision):
        return 1
    # A method of five bytes may be QUERY, and where there is more the codec may have been given a scheme.
    if plain and not view.unusual and not manager.merge_slashes and view.method.size != 5 and decision.further is None:
        view.path.data = view.template_path.data = view.target.data
        view.path.size = view.template_path.size = view.path_size
    elif manager.check_path(view, decision):
        return 1
    return 0 if manager.plain_authority else manager.normalise_authority(view, decision)
