"""The C API for Cython: `cimport` this, call `fastroute_import()` once. Rules and meanings are in `capi.h`."""

from cpython.object cimport PyObject
from libc.stdint cimport uint32_t, uint64_t

cdef extern from "fastroute/capi.h":
    const uint32_t FASTROUTE_API_VERSION
    const char *FASTROUTE_API_CAPSULE

    enum:
        FASTROUTE_FOUND
        FASTROUTE_NO_ROUTE
        FASTROUTE_ASK

    ctypedef struct fastroute_found:
        uint32_t part
        uint32_t route

    ctypedef struct fastroute_api:
        uint32_t version
        uint32_t size
        PyObject *(*table)(PyObject *router, PyObject *name) noexcept
        int (*find)(PyObject *table, const char *authority, Py_ssize_t authority_size, const char *path,
                    Py_ssize_t path_size, fastroute_found *found) noexcept nogil
        int (*cluster)(PyObject *table, const fastroute_found *found, const char **text, Py_ssize_t *size) noexcept
        PyObject *(*route)(PyObject *router, PyObject *authority, PyObject *path, PyObject *method,
                           PyObject *headers) noexcept
        PyObject *(*pick)(PyObject *router, PyObject *target, uint64_t hash, int has_hash) noexcept

    const fastroute_api *fastroute_import() except NULL
