"""Making and freeing decisions, of which each request makes one.

What Cython writes sets each field to None, drops that None for the request's object, and at the end lets go of each
field apart. Here the objects of a decision are one row, as `decision.pxd` declares them: those of the request are
stored, the others are None and counted in one step, and freed decisions wait to be made again.

PERF: callgrind, making and freeing together 330 instructions with Cython's own, 180 so.
"""

from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport uint32_t, uint64_t

from fastroute.core.decision cimport Decision

cdef extern from *:
    """
    enum { DECISION_OBJECTS = 16, DECISION_GIVEN = 9, DECISION_SPARES = 64 };
    #if defined(__GNUC__) && !defined(__clang__)
    #define DECISION_UNROLLED _Pragma("GCC unroll 16")
    #else
    #define DECISION_UNROLLED
    #endif
    static PyObject *decision_spare[DECISION_SPARES];
    static int decision_spares;

    static inline PyObject **decision_objects(PyObject *decision) {               /* behind the head and the vtable */
        return (PyObject **)((char *)decision + sizeof(PyObject) + sizeof(void *));
    }
    static inline void decision_count_none(Py_ssize_t more) {
    #if PY_VERSION_HEX < 0x030C0000                                               /* later ones do not count it */
        Py_SET_REFCNT(Py_None, Py_REFCNT(Py_None) + more);
    #endif
    }
    static void decision_free(PyObject *decision) {
        PyObject **objects = decision_objects(decision);
        PyObject_GC_UnTrack(decision);
        DECISION_UNROLLED
        for (int at = 0; at < DECISION_OBJECTS; at++) Py_DECREF(objects[at]);
        if (decision_spares < DECISION_SPARES) decision_spare[decision_spares++] = decision;
        else PyObject_GC_Del(decision);
    }
    static inline void decision_count_first(PyObject *decision) {
    #if defined(Py_TRACE_REFS) || defined(Py_REF_DEBUG) || defined(Py_GIL_DISABLED) || PY_VERSION_HEX >= 0x030C0000
        _Py_NewReference(decision);
    #else
        Py_SET_REFCNT(decision, 1);                                           /* what is left of it, without a call */
    #endif
    }
    /* A spare decision with the objects of a request, which it takes references to; else what `make` makes. */
    static inline PyObject *decision_again(PyObject **given, size_t rest, PyObject *(*make)(PyObject **)) {
        if (decision_spares == 0) return make(given);
        PyObject *decision = decision_spare[--decision_spares], **objects = decision_objects(decision);
        decision_count_first(decision);
        for (int at = 0; at < DECISION_GIVEN; at++) {
            Py_INCREF(given[at]);
            objects[at] = given[at];
        }
        for (int at = DECISION_GIVEN; at < DECISION_OBJECTS; at++) objects[at] = Py_None;
        decision_count_none(DECISION_OBJECTS - DECISION_GIVEN);
        memset(objects + DECISION_OBJECTS, 0, rest);
        PyObject_GC_Track(decision);
        return decision;
    }
    """
    enum:
        DECISION_GIVEN
        DECISION_OBJECTS

    PyObject **decision_objects(PyObject *decision) noexcept
    void decision_free(PyObject *decision) noexcept
    object decision_again(PyObject **given, size_t rest, object (*make)(PyObject **))


cdef inline int use_pool(object kind) except -1:
    """Free decisions here from now on."""
    cdef Decision made = Decision.__new__(Decision)
    cdef int at
    for at in range(DECISION_OBJECTS):
        if decision_objects(<PyObject *>made)[at] != <PyObject *>None:
            raise SystemError("the objects of a decision do not lie side by side")
    (<PyTypeObject *>kind).tp_dealloc = decision_free
    return 0


cdef inline object made_anew(PyObject **given):
    cdef Decision made = Decision.__new__(Decision)
    cdef int at
    for at in range(DECISION_GIVEN):
        Py_INCREF(<object>given[at])
        Py_DECREF(<object>decision_objects(<PyObject *>made)[at])
        decision_objects(<PyObject *>made)[at] = given[at]
    return made


cdef inline Decision made_with(PyObject **given):
    """A decision with the objects of a request, in the order of their declaration."""
    return <Decision>decision_again(given, sizeof(uint64_t) + 2 * sizeof(int) + 2 * sizeof(uint32_t), made_anew)
