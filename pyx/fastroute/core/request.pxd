"""Layout of what surrounds a request: its connection, metadata and filter state."""


cdef class Context:
    cdef readonly object source             # (address text, port), or None when no connection is known
    cdef readonly object direct_source
    cdef readonly object destination
    cdef readonly object local_address      # text of Envoy's own address, or None when it is not known
    cdef readonly object restored           # the original destination, where a listener filter restored it
    cdef readonly bint tls                  # the connection is encrypted
    cdef readonly bint presented            # the client presented a certificate
    cdef readonly bint validated            # and it was validated
    cdef readonly bint http2
    cdef readonly str server_name           # that the TLS inspector found, or ""
    cdef readonly object certificate        # TlsFacts of the client's certificate, or None
    cdef readonly object dynamic_metadata   # filter name -> value
    cdef readonly object filter_state       # key -> text
