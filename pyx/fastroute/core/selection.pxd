"""What a pick may look at besides a hash: headers, metadata, the connection."""

cdef class PickContext:
    cdef readonly object metadata_match
    cdef readonly object request_headers
    cdef readonly object dynamic_metadata
    cdef readonly object filter_state
    cdef readonly object connection

cdef str header_of(object context, str name)
cdef object metadata_of(object context, str space)
