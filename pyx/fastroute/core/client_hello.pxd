from fastroute.core.cursor cimport cursor_t


cdef enum:
    FOUND = 0
    NEED_MORE = 1
    NOT_MINE = 2
    REFUSED = 3

cdef struct hello_t:
    cursor_t name
    cursor_t protocols
    bint has_name
    bint has_protocols
    bint is_tls


cdef int read_hello(cursor_t message, hello_t* out) noexcept nogil
cdef tuple inspect_client_hello(const unsigned char* data, Py_ssize_t size, Py_ssize_t limit)
