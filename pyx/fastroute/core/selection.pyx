# cython: boundscheck=True, nonecheck=True
"""Reading a pick's context. Any object with some of these attributes will do, a decision among them:
`metadata_match` (mapping of the name space envoy.lb), `request_headers` (pairs), `dynamic_metadata`,
`filter_state` and `connection`. A missing attribute is an absent fact. Of a decision the headers that
reach the upstream count: Envoy 1.40 chooses a host after it has changed the request.
"""

cimport cython


@cython.final
cdef class PickContext:
    def __cinit__(
        self, *, metadata_match=None, request_headers=(), dynamic_metadata=None, filter_state=None, connection=None
    ):
        self.metadata_match = metadata_match
        self.request_headers = request_headers
        self.dynamic_metadata = dynamic_metadata
        self.filter_state = filter_state
        self.connection = connection


cdef str _text(object value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


cdef str header_of(object context, str name):
    """The first value of the request header `name` (lower case); None when it is absent."""
    cdef object upstream = getattr(context, "upstream_headers", None)
    cdef object headers = getattr(context, "request_headers", None) if upstream is None else upstream()
    if headers is None:
        return None
    for key, value in headers.items() if hasattr(headers, "items") else headers:
        if _text(key).lower() == name:
            return _text(value)
    return None


cdef object metadata_of(object context, str space):
    """The dynamic metadata of a name space; None when there is none."""
    cdef object metadata = getattr(context, "dynamic_metadata", None)
    return None if metadata is None else metadata.get(space)


def canonical(value):
    """LB-70: values are equal as protobuf Values are: a number is never a string nor a boolean."""
    if isinstance(value, bool):
        return ("b", value)
    if isinstance(value, int | float):
        return ("n", float(value))
    if isinstance(value, bytes):
        return ("s", value.decode("latin-1"))
    if isinstance(value, str):
        return ("s", value)
    if isinstance(value, list | tuple):
        return ("l", tuple(canonical(item) for item in value))
    if value is None:
        return ("z",)
    return ("d", tuple(sorted((name, canonical(item)) for name, item in value.items())))
