"""Layout of a decision. The table fills it; everyone else reads."""

from libc.stdint cimport uint32_t, uint64_t

from fastroute.core.entries cimport Entry
from fastroute.core.request cimport Context


cdef class Further:                     # what few decisions have
    cdef bytes answer_location          # Location of an answer without an action
    cdef bytes scheme_given             # the scheme that the request itself names, or None
    cdef object compared                # keeps the paths that are compared alive
    cdef object marks                   # tells `notices`; None where nothing was let through
    cdef object chain                   # the chain of the connection, where there are marks
    # What the manager makes of the headers, when it is asked for.
    cdef list headers_received          # as the codec hands them over; None while nobody looked closely
    cdef list headers_processed
    cdef int grpc_answered              # the status of an answer to gRPC, whose own is 200 and without a body; else 0
    cdef bytes scheme_processed
    cdef object client                  # the trusted address and port, or None


cdef class Decision:
    # Objects come first, those of the request before all others: `decision_pool` makes and frees them as one row.
    # The request as it was decided; text is str or bytes as the caller gave it, bytes once it was changed.
    cdef object request_authority
    cdef object request_path
    cdef object request_method
    cdef object request_scheme
    cdef object request_headers_given
    cdef object random_source           # an int, a callable, or None
    cdef Context context
    cdef object manager                 # processes the headers; None before the table knows of the request
    cdef object table                   # the route table that was asked, or None
    # What was decided.
    cdef readonly str kind              # "forward", "redirect" or "respond"
    cdef readonly str cluster           # None unless kind is "forward"
    cdef public object value            # the embedder's own object for the cluster: set by the engine
    cdef readonly str reason            # Envoy's response code details; None for "forward"
    cdef object named_by                # the Entry, or the RouteRows that have it
    cdef readonly object action         # computes the lazy values; None where Envoy answers by itself
    cdef Further further                # None as long as there is nothing in it
    # Numbers.
    cdef uint64_t random_value
    cdef bint random_known
    cdef readonly int status            # 0 for "forward"
    cdef uint32_t number                # of the route in those rows; NONE: no route of the virtual host matched
    cdef uint32_t host                  # of the virtual host in those rows

    cdef Entry entry_of(self)
    cdef Further more(self)
    cdef uint64_t draw(self) except? 0
    cdef bytes codec_body(self)
    cdef bytes unfiltered_body(self)
    cdef object unfiltered_headers(self, int status, object headers, object operators)
    cdef bint filtered(self) except -1
    cdef object filters_answer(self, int status, object pairs, bytes text)
    cdef list received_headers(self)
