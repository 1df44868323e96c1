"""Path and authority normalisation, for the connection manager."""

cdef enum Slashes:
    KEEP
    REJECT
    REDIRECT
    FORWARD

cdef bytes unescape_slashes(bytes path)
cdef bytes canonical_path(bytes path)
cdef bytes merge_slashes(bytes path)
cdef bytes without_parameters(bytes path)
cdef bytes without_trailing_dot(bytes host)
cdef bytes without_port(bytes host, Py_ssize_t port)
cdef Py_ssize_t port_start(const char *host, Py_ssize_t size) noexcept nogil
