from libc.stdint cimport int32_t

from fastroute.core.cidr cimport ip_t
from fastroute.core.cursor cimport cursor_t


cdef struct proxy_t:
    int version
    bint local
    ip_t source
    ip_t destination
    int32_t source_port
    int32_t destination_port
    Py_ssize_t length
    cursor_t extensions


cdef int read_http(const unsigned char* data, Py_ssize_t size, const char** protocol) noexcept nogil
cdef int read_proxy_header(
    const unsigned char* data, Py_ssize_t size, bint optional, int allowed, proxy_t* out
) noexcept nogil
cdef list proxy_extensions(const proxy_t* header)
