"""Layout of what a connection manager does to the headers of a request."""

from fastroute.core.decision cimport Decision


cdef class HeaderProcessing:
    cdef readonly bint use_remote_address
    cdef readonly int trusted_hops
    cdef readonly bint skip_append
    cdef readonly tuple internal_ranges     # networks (ipaddress)
    cdef readonly bytes scheme_overwrite    # b"": none
    cdef readonly bint append_port
    cdef readonly bytes via
    cdef readonly bint keep_client_cert     # ALWAYS_FORWARD_ONLY
    cdef readonly bint client_cert_on_mtls  # FORWARD_ONLY and its like: kept when a certificate was presented
    cdef readonly bint generate_id
    cdef readonly bint keep_external_id
    cdef readonly tuple mutations           # (kind, name, value): see the stub
    cdef readonly tuple detections          # (header or None, hops, trusted): see the stub
    cdef readonly bint keep_expect          # proxy_100_continue
    cdef readonly bint raw                  # headers stay as they were given

    cdef int process(self, Decision decision) except -1
    cdef bytes connection_scheme(self, Decision decision)
    cdef int detect(self, Decision decision, list headers) except -1
    cdef int addresses(self, Decision decision, list headers) except -1
    cdef int forwarded(self, Decision decision, list headers) except -1
    cdef int external(self, Decision decision, list headers) except -1
    cdef int identity(self, Decision decision, list headers, bint internal) except -1
