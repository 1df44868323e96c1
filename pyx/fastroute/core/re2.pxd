"""What `fastroute.core.regexes` calls of RE2: functions in a capsule, for the library comes at the first expression."""


cdef struct Re2:
    void *(*compile)(const char *pattern, size_t size, char **error) noexcept       # NULL with the error, to be freed
    void (*drop)(void *re) noexcept
    int (*program_size)(void *re) noexcept
    int (*groups)(void *re) noexcept
    int (*find)(void *re, const char *data, Py_ssize_t size, Py_ssize_t start, bint full,
                Py_ssize_t *spans, int count) noexcept nogil
