# cython: boundscheck=True, nonecheck=True
"""What surrounds a request: facts of its connection, dynamic metadata and filter state."""

cimport cython


@cython.final
cdef class Context:
    """See the stub."""

    def __cinit__(
        self, *, source=None, direct_source=None, destination=None, restored=None, bint tls=False, bint presented=False,
        bint validated=False, bint http2=False, dynamic_metadata=None, filter_state=None,
        str server_name="", certificate=None, local_address=None
    ):
        self.source = source
        self.direct_source = source if direct_source is None else direct_source
        self.destination = destination
        self.restored = restored
        self.tls = tls
        self.presented = presented
        self.validated = validated
        self.http2 = http2
        self.server_name = server_name
        self.certificate = certificate
        self.local_address = local_address
        self.dynamic_metadata = {} if dynamic_metadata is None else dynamic_metadata
        self.filter_state = {} if filter_state is None else filter_state
