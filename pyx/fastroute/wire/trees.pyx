"""Trees of JSON values written to the wire by plans: which field has which number, and how its values are written.

A tree that fits is written in one go. At the first thing that does not fit, or that is unusual (an object that
names a field twice, a list in a list, a number as text), the answer is None, and the caller's own encoder, which
knows all forms and words the errors, takes the whole tree.
"""

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free

from fastroute.wire.buffer cimport Buffer, close_sized, put, put_bytes, put_varint, reserve

cdef enum Kind:
    TEXT
    BOOLEAN
    INTEGER
    MESSAGE
    WRITTEN                        # by the caller's encoder of one value
    WHOLE                          # by the caller's writer of the whole field

cdef dict KINDS = {
    "text": TEXT, "boolean": BOOLEAN, "integer": INTEGER, "message": MESSAGE, "written": WRITTEN, "whole": WHOLE,
}


@cython.final
cdef class FieldPlan:
    """See the stub."""

    cdef Kind kind
    cdef bytes tag, null
    cdef bint repeated, flatten
    cdef uint64_t oneof
    cdef object encode
    cdef int64_t low, high
    cdef object inside

    def __cinit__(self, str kind not None, bytes tag not None, *, bint repeated=False, bint flatten=True,
                  uint64_t oneof=0, bytes null=None, encode=None, int64_t low=0, int64_t high=0, inside=None):
        self.kind = KINDS[kind]
        self.tag = tag
        self.null = null
        self.repeated = repeated
        self.flatten = flatten
        self.oneof = oneof
        self.encode = encode
        self.low = low
        self.high = high
        self.inside = inside

    cdef MessagePlan message(self):
        if not isinstance(self.inside, MessagePlan):
            self.inside = self.inside()
        return <MessagePlan?>self.inside


@cython.final
cdef class MessagePlan:
    """See the stub."""

    cdef object make
    cdef dict fields                       # those that were met

    def __cinit__(self, make not None):
        self.make = make
        self.fields = {}

    cdef object find(self, name):
        """The plan of a field, or None for an unknown one."""
        found = self.fields.get(name)
        if found is None:
            found = self.make(name)
            if found is not None:
                self.fields[name] = found
        return found

    def encode(self, tree, str ignored=None):
        cdef Buffer buffer
        buffer.data = NULL
        buffer.size = buffer.capacity = 0
        if type(tree) is not dict:
            return None
        try:
            if not write_object(self, <dict>tree, ignored, &buffer):
                return None
            return PyBytes_FromStringAndSize(<const char *>buffer.data, <Py_ssize_t>buffer.size)
        finally:
            free(buffer.data)


cdef bint write_object(MessagePlan plan, dict tree, str ignored, Buffer *buffer) except -1:
    cdef FieldPlan field
    cdef uint64_t seen = 0
    for name, value in tree.items():
        found = plan.find(name)
        if found is None:
            if ignored is not None and name == ignored:
                continue
            return False
        field = <FieldPlan?>found
        if field.oneof and value is not None:
            if seen & field.oneof:
                return False
            seen |= field.oneof
        if not write_field(field, value, buffer):
            return False
    return True


cdef bint write_field(FieldPlan field, object value, Buffer *buffer) except -1:
    if field.kind == WHOLE:
        parts = []
        field.encode(value, parts)
        for part in parts:
            put_bytes(buffer, <bytes?>part)
        return True
    if not field.repeated:
        if value is None:
            if field.null is not None:
                put_bytes(buffer, field.tag)
                put_bytes(buffer, field.null)
            return True
        return write_value(field, value, buffer)
    if type(value) is not list:
        return value is None
    for item in <list>value:
        if item is None or (field.flatten and type(item) is list):
            return False
        if not write_value(field, item, buffer):
            return False
    return True


cdef bint write_value(FieldPlan field, object value, Buffer *buffer) except -1:
    """Tag and value."""
    cdef Py_ssize_t size
    cdef const char *text
    cdef size_t start
    cdef int64_t number
    if field.kind == TEXT:
        if type(value) is not str:
            return False
        try:
            text = PyUnicode_AsUTF8AndSize(value, &size)
        except UnicodeEncodeError:
            return False
        put_bytes(buffer, field.tag)
        put_varint(buffer, <uint64_t>size)
        put(buffer, text, <size_t>size)
    elif field.kind == MESSAGE:
        if type(value) is not dict:
            return False
        put_bytes(buffer, field.tag)
        start = buffer.size
        reserve(buffer, 1)
        buffer.size += 1
        if not write_object(field.message(), <dict>value, None, buffer):
            return False
        close_sized(buffer, start)
    elif field.kind == INTEGER and type(value) is int:
        if not field.low <= value <= field.high:
            return False
        number = value
        put_bytes(buffer, field.tag)
        put_varint(buffer, <uint64_t>number)
    elif field.kind == BOOLEAN and type(value) is bool:
        put_bytes(buffer, field.tag)
        put(buffer, b"\1" if value else b"\0", 1)
    else:
        put_bytes(buffer, field.tag)
        put_bytes(buffer, <bytes?>field.encode(value))
    return True


def nesting(tree, int most):
    return depth_of(tree, most)


cdef int depth_of(object tree, int most) except -1:
    cdef int deepest = 0, below
    cdef object items
    if isinstance(tree, dict):
        items = (<dict>tree).values()
    elif isinstance(tree, list):
        items = tree
    else:
        return 0
    if most <= 0:
        return 1
    for item in items:
        if isinstance(item, (dict, list)):
            below = depth_of(item, most - 1)
            if below > deepest:
                deepest = below
                if deepest >= most:
                    break
    return deepest + 1
