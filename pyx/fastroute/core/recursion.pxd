"""The interpreter's own limit of recursion, for what may be nested, or led back to itself, by those who build it.

    enter(b" in a matcher tree")       RecursionError where it is too deep; `leave` must follow if not
"""

cdef extern from *:
    """
    static inline int recursion_enter(const char *where) { return Py_EnterRecursiveCall(where) ? -1 : 0; }
    """
    int enter "recursion_enter" (const char *where) except -1
    void leave "Py_LeaveRecursiveCall" () noexcept
