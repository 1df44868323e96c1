# distutils: language = c++
"""The linked RE2 library, behind functions of C: Latin-1, no log. `fastroute.core.regexes` gives them their meaning."""

from cpython.pycapsule cimport PyCapsule_New

cdef extern from *:
    """
    #include <cstring>
    #include <re2/re2.h>

    static void *re2_compile(const char *pattern, size_t size, char **error) {
        RE2::Options options(RE2::Latin1);
        options.set_log_errors(false);
        RE2 *re = new RE2(re2::StringPiece(pattern, size), options);
        if (re->ok()) return re;
        *error = strdup(re->error().c_str());
        delete re;
        return nullptr;
    }
    static void re2_drop(void *re) { delete static_cast<RE2 *>(re); }
    static int re2_program_size(void *re) { return static_cast<RE2 *>(re)->ProgramSize(); }
    static int re2_groups(void *re) { return static_cast<RE2 *>(re)->NumberOfCapturingGroups(); }
    static int re2_find(void *re, const char *data, Py_ssize_t size, Py_ssize_t start, int full,
                        Py_ssize_t *spans, int count) {
        re2::StringPiece found[17];
        RE2::Anchor anchor = full ? RE2::ANCHOR_BOTH : RE2::UNANCHORED;
        if (!static_cast<RE2 *>(re)->Match(re2::StringPiece(data, size), start, size, anchor, found, count)) return 0;
        for (int i = 0; i < count; i++) {
            bool set = found[i].data() != nullptr;
            spans[2 * i] = set ? found[i].data() - data : -1;
            spans[2 * i + 1] = set ? spans[2 * i] + static_cast<Py_ssize_t>(found[i].size()) : -1;
        }
        return 1;
    }
    """
    void *re2_compile(const char *pattern, size_t size, char **error) noexcept
    void re2_drop(void *re) noexcept
    int re2_program_size(void *re) noexcept
    int re2_groups(void *re) noexcept
    int re2_find(void *re, const char *data, Py_ssize_t size, Py_ssize_t start, bint full,
                 Py_ssize_t *spans, int count) noexcept nogil

cdef Re2 functions = Re2(re2_compile, re2_drop, re2_program_size, re2_groups, re2_find)

FUNCTIONS = PyCapsule_New(&functions, "fastroute.core.re2.FUNCTIONS", NULL)
