"""Reading the fields of a record by their place, as its slots have it, instead of by name.

`slots_offset` says where a class keeps a field; `slots_read` reads it, of objects of just that class.

PERF: callgrind, a field by its name 150 instructions, by its place 8.
"""

from cpython.object cimport PyObject

cdef extern from *:
    """
    #include <structmember.h>
    #ifndef Py_T_OBJECT_EX
    #define Py_T_OBJECT_EX T_OBJECT_EX
    #endif
    /* The offset of the slot behind an attribute of a class; -1 when it is no slot of an object. */
    static Py_ssize_t slots_offset(PyObject *attribute) {
        if (!Py_IS_TYPE(attribute, &PyMemberDescr_Type)) return -1;
        PyMemberDef *member = ((PyMemberDescrObject *)attribute)->d_member;
        return member->type == Py_T_OBJECT_EX ? member->offset : -1;
    }
    static inline int slots_are_of(PyObject *kind, PyObject *record) { return (PyObject *)Py_TYPE(record) == kind; }
    /* Borrowed; NULL for an empty slot. */
    static inline PyObject *slots_read(PyObject *record, Py_ssize_t offset) {
        return *(PyObject **)((char *)record + offset);
    }
    """
    Py_ssize_t slots_offset(PyObject *attribute) noexcept
    bint slots_are_of(PyObject *kind, PyObject *record) noexcept
    PyObject *slots_read(PyObject *record, Py_ssize_t offset) noexcept
