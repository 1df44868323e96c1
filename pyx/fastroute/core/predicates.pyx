# cython: boundscheck=True, nonecheck=True
"""What a route asks of a request besides its path. All predicates of a route must hold (RM-01).

RM-20  runtime_fraction: random % denominator < numerator, of the stream's one random value (RM-22).
RM-30  headers: names without case; pseudo headers are headers.
RM-31  A header on several lines matches when any line does; inverted, when none does.
RM-32  A header that is absent fails every value matcher, inverted or not; `treat_missing_header_as_empty`
       tests the empty text instead and then inverts.
RM-33  present_match; with `treat_missing_header_as_empty` every header is present.
RM-35  range_match: the whole value is an int64; start <= value < end.
RM-40  query parameters: split on "&", the first "=" separates, nothing is decoded, the first of a name counts.
RM-41  cookies: the first of a name over all cookie lines; a missing one matches only inverted.
RM-50  grpc: content-type is `application/grpc`, or begins with `application/grpc+`; never for a request without a path.
RM-51  tls_context: whether a certificate was presented, and validated.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint64_t
from libc.string cimport memcmp

from fastroute.core.decision cimport Decision
from fastroute.core.headers cimport UNBOUND, HeaderNames, View, bound, first_line, next_line
from fastroute.core.regexes cimport Regex
from fastroute.core.request cimport Context
from fastroute.core.slices cimport Slice
from fastroute.core.strings cimport StringMatcher


cdef class Predicate:
    """See the stub."""

    cdef int bind(self, HeaderNames names) except -1:
        """Learn where a table keeps the headers that are looked at; a predicate belongs to one table."""
        return 0

    cdef int holds(self, View *view) except -1:
        raise TypeError("a predicate of an abstract kind cannot be asked")


@cython.final
cdef class HeaderPredicate(Predicate):
    """See the stub."""

    def __cinit__(self, bytes name not None, StringMatcher matcher=None, *, range=None, bint absent=False,
                  bint invert=False, bint missing_as_empty=False):
        self.name = name.lower()
        self.slot = UNBOUND
        self.matcher = matcher
        self.ranged = range is not None
        if self.ranged:
            self.low, self.high = range
        self.absent = absent
        self.invert = invert
        self.missing_as_empty = missing_as_empty

    cdef int bind(self, HeaderNames names) except -1:
        self.slot = bound(self.slot, names.number(self.name))
        return 0

    cdef bytes exact_value(self):
        """The only text that can make it hold, or None."""
        if self.matcher is None or self.invert or not self.matcher.is_exact():
            return None
        return None if self.missing_as_empty and not self.matcher.text else self.matcher.text

    cdef int test(self, Slice text) except -1:
        cdef int64_t number
        if self.matcher is not None:
            return self.matcher.matches(text.data, text.size)
        return parse_int64(text, &number) and self.low <= number < self.high

    cdef int holds(self, View *view) except -1:
        cdef Slice text
        cdef int32_t cursor
        cdef bint present = first_line(view, self.slot, &text, &cursor), found = False
        if self.matcher is None and not self.ranged:
            return ((present or self.missing_as_empty) != self.absent) != self.invert
        if not present:
            if not self.missing_as_empty:
                return 0
            text.data = b""
            text.size = 0
            return self.test(text) != self.invert
        while not found:
            found = self.test(text)
            if not next_line(view, &text, &cursor):
                break
        return found != self.invert


@cython.final
cdef class QueryPredicate(Predicate):
    """See the stub."""

    def __cinit__(self, bytes name not None, StringMatcher matcher=None, *, bint absent=False):
        self.name = name
        self.matcher = matcher
        self.absent = absent

    cdef bytes exact_value(self):
        return self.matcher.text if self.matcher is not None and self.matcher.is_exact() else None

    cdef int holds(self, View *view) except -1:
        cdef Slice text
        cdef bint present = query_value(view, PyBytes_AS_STRING(self.name), PyBytes_GET_SIZE(self.name), &text)
        if self.matcher is None:
            return present != self.absent
        return present and self.matcher.matches(text.data, text.size)


@cython.final
cdef class CookiePredicate(Predicate):
    """See the stub."""

    def __cinit__(self, bytes name not None, StringMatcher matcher not None, *, bint invert=False):
        self.name = name
        self.slot = UNBOUND
        self.matcher = matcher
        self.invert = invert

    cdef int bind(self, HeaderNames names) except -1:
        self.slot = bound(self.slot, names.number(b"cookie"))
        return 0

    cdef int holds(self, View *view) except -1:
        cdef Slice text, value
        cdef int32_t cursor
        cdef bint more = first_line(view, self.slot, &text, &cursor)
        while more:
            if cookie_in(text, PyBytes_AS_STRING(self.name), PyBytes_GET_SIZE(self.name), &value):
                return self.matcher.matches(value.data, value.size) != self.invert
            more = next_line(view, &text, &cursor)
        return self.invert


@cython.final
cdef class FractionPredicate(Predicate):
    """See the stub."""

    def __cinit__(self, uint64_t numerator, uint64_t denominator):
        if denominator == 0:
            raise ValueError("a fraction has a denominator")
        self.numerator = numerator
        self.denominator = denominator

    cdef int holds(self, View *view) except -1:
        if self.numerator == 0 or self.numerator >= self.denominator:
            return self.numerator != 0
        return (<Decision>view.decision).draw() % self.denominator < self.numerator


@cython.final
cdef class PathPredicate(Predicate):
    """See the stub."""

    def __cinit__(self, Regex regex not None, *, bint template=False):
        self.regex = regex
        self.template = template

    cdef int holds(self, View *view) except -1:
        if self.template:
            return self.regex.match_full(view.template_path.data, view.template_path.size)
        return self.regex.match_full(view.path.data, view.path.size)


@cython.final
cdef class GrpcPredicate(Predicate):
    """See the stub."""

    def __cinit__(self):
        self.slot = UNBOUND

    cdef int bind(self, HeaderNames names) except -1:
        self.slot = bound(self.slot, names.number(b"content-type"))
        return 0

    cdef int holds(self, View *view) except -1:
        cdef Slice text
        cdef int32_t cursor
        if not view.has_path or not first_line(view, self.slot, &text, &cursor) or text.size < 16:
            return 0
        return memcmp(text.data, b"application/grpc", 16) == 0 and (text.size == 16 or text.data[16] == c"+")


@cython.final
cdef class TlsPredicate(Predicate):
    """See the stub."""

    def __cinit__(self, *, presented=None, validated=None):
        self.presented = presented
        self.validated = validated

    cdef int holds(self, View *view) except -1:
        cdef Context context = (<Decision>view.decision).context
        cdef bint presented = context is not None and context.presented
        cdef bint validated = context is not None and context.validated
        if self.presented is not None and bool(self.presented) != presented:
            return 0
        return self.validated is None or bool(self.validated) == validated


@cython.final
cdef class CallPredicate(Predicate):
    """See the stub."""

    def __cinit__(self, call not None):
        self.call = call

    cdef int holds(self, View *view) except -1:
        return bool(self.call(<Decision>view.decision))


@cython.final
cdef class NeverPredicate(Predicate):
    """See the stub."""

    cdef int holds(self, View *view) except -1:
        return 0


cdef bint parse_int64(Slice text, int64_t *out) noexcept nogil:
    """A decimal int64 with an optional sign and nothing else but white space around it."""
    cdef bint negative = False
    cdef uint64_t number = 0, limit, digit
    cdef Py_ssize_t at
    while text.size and is_space(text.data[0]):
        text.data += 1
        text.size -= 1
    while text.size and is_space(text.data[text.size - 1]):
        text.size -= 1
    if text.size and (text.data[0] == c"-" or text.data[0] == c"+"):
        negative = text.data[0] == c"-"
        text.data += 1
        text.size -= 1
    if text.size == 0:
        return False
    limit = <uint64_t>INT64_MAX + (1 if negative else 0)
    for at in range(text.size):
        digit = <uint64_t>(<unsigned char>text.data[at]) - c"0"
        if digit > 9 or number > (limit - digit) // 10:
            return False
        number = number * 10 + digit
    out[0] = <int64_t>(0 - number) if negative else <int64_t>number
    return True


cdef inline bint is_space(char c) noexcept nogil:
    return c == c" " or c"\t" <= c <= c"\r"


cdef bint cookie_in(Slice line, const char *name, Py_ssize_t size, Slice *value) noexcept nogil:
    """The value of the first cookie `name` of one line, without the quotes around it."""
    cdef const char *at = line.data
    cdef const char *end = at + line.size
    cdef const char *stop
    cdef const char *equals
    while at < end:
        stop = at
        while stop < end and stop[0] != c";":
            stop += 1
        while at < stop and at[0] == c" ":
            at += 1
        equals = at
        while equals < stop and equals[0] != c"=":
            equals += 1
        if equals < stop and equals - at == size and memcmp(at, name, <size_t>size) == 0:
            value.data = equals + 1
            value.size = stop - value.data
            if value.size >= 2 and value.data[0] == c'"' and value.data[value.size - 1] == c'"':
                value.data += 1
                value.size -= 2
            return True
        at = stop + 1
    return False
