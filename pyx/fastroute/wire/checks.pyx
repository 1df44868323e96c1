"""Is a message on the wire beyond doubt? Constraints checked in one pass over its bytes.

The answer is yes or "not sure": for whatever is broken, or only unusual, the caller asks again in a way that
can tell. So a check may be stricter than the rule that it stands for, never laxer.

Unusual are: unknown fields and groups, a single field twice, a field without presence that is written with its
zero value, text that is not ASCII where characters are counted, messages nested deeper than 60.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from fastroute.wire.cursor cimport BYTES, VARINT, Field, Span, next_field, read_fixed, read_varint, span_of

cdef int64_t TOO_LONG_S = 9_223_372_036    # seconds; see fastroute.api.durations

cdef enum:
    MOST_NESTED = 60
    MOST_FIELDS = 64
    MOST_NUMBER = 1024

cdef enum Kind:
    TEXT
    DATA
    UNSIGNED
    INT32
    INT64
    BOOLEAN
    DOUBLE
    FLOAT
    OTHER_NUMBER
    MESSAGE
    DURATION
    ANY

cdef dict KINDS = {
    "text": TEXT, "data": DATA, "unsigned": UNSIGNED, "int32": INT32, "int64": INT64, "boolean": BOOLEAN,
    "double": DOUBLE, "float": FLOAT, "other": OTHER_NUMBER, "message": MESSAGE, "duration": DURATION, "any": ANY,
}


@cython.final
cdef class Moment:
    """See the stub."""

    cdef readonly int64_t seconds
    cdef readonly int64_t nanos


@cython.final
cdef class FieldCheck:
    """See the stub."""

    cdef Kind kind
    cdef uint32_t wire
    cdef bint repeated, presence, refused, watched
    cdef Py_ssize_t least, most            # of characters or bytes of one value
    cdef uint32_t fewest, furthest         # of items
    cdef bytes allowed
    cdef object test
    cdef object inside                     # MessageCheck, or what makes it
    cdef int bit

    def __cinit__(self, str kind not None, *, uint32_t wire, bint repeated=False, bint presence=False,
                  bint refused=False, bint watched=False, Py_ssize_t least=0, Py_ssize_t most=-1,
                  uint32_t fewest=0, uint32_t furthest=0, bytes allowed=None, test=None, inside=None):
        self.kind = KINDS[kind]
        self.wire = wire
        self.repeated = repeated
        self.presence = presence
        self.refused = refused
        self.watched = watched
        self.least = least
        self.most = most
        self.fewest = fewest
        self.furthest = furthest
        self.allowed = allowed
        self.test = test
        self.inside = inside
        if allowed is not None and len(allowed) != 256:
            raise ValueError("one byte for each of the 256")

    cdef MessageCheck message(self):
        if not isinstance(self.inside, MessageCheck):
            self.inside = self.inside()
        return <MessageCheck?>self.inside


@cython.final
cdef class MessageCheck:
    """See the stub."""

    cdef object make, field                # what gives all but the fields; what gives a field
    cdef list fields                       # FieldCheck by number, or None before one is met
    cdef list bits                         # of each number, or None
    cdef list counted                      # those whose items are counted
    cdef uint64_t required
    cdef list oneofs                       # masks, as int
    cdef str deferred
    cdef bint always, refused

    def __cinit__(self, make not None):
        self.make = make

    cdef int open(self) except -1:
        cdef int bit = 0
        self.field, numbers, counted, required, oneofs, self.deferred, self.always = self.make()
        self.refused = len(numbers) > MOST_FIELDS or max(numbers, default=0) >= MOST_NUMBER
        self.counted = []
        self.oneofs = []
        self.fields = []
        if self.refused:
            return 0
        self.fields = [None] * (max(numbers, default=0) + 1)
        self.bits = self.fields.copy()
        for number in numbers:
            self.bits[number] = bit
            bit += 1
        self.counted = [self.of(number) for number in counted]
        self.required = self.mask(required)
        self.oneofs = [self.mask(members) for members in oneofs]
        return 0

    cdef FieldCheck of(self, uint32_t number):
        """The check of a field; None for a number that no field has."""
        cdef FieldCheck found
        if number >= <uint32_t>len(self.fields):
            return None
        found = self.fields[number]
        if found is None and self.bits[number] is not None:
            found = <FieldCheck?>self.field(number)
            found.bit = self.bits[number]
            self.fields[number] = found
        return found

    cdef uint64_t mask(self, numbers) except? 0xFFFFFFFFFFFFFFFF:
        cdef uint64_t found = 0
        for number in numbers:
            found |= <uint64_t>1 << <int>self.bits[number]
        return found

    def read(self, bytes body not None, resolve not None):
        cdef Run run
        cdef list deferred = []
        run.resolve = <void *>resolve
        run.deferred = <void *>deferred
        run.depth = 0
        if not clean(self, span_of(<const unsigned char *>PyBytes_AS_STRING(body), PyBytes_GET_SIZE(body)), &run):
            return None
        return deferred


cdef struct Run:
    void *resolve
    void *deferred
    int depth


cdef bint clean(MessageCheck check, Span span, Run *run) except -1:
    cdef Span whole = span
    cdef Field field
    cdef FieldCheck rule
    cdef uint64_t seen = 0, bit
    cdef uint32_t[MOST_FIELDS] counts
    cdef int state
    cdef bint watched = False
    if check.fields is None:
        check.open()
    if check.refused or run.depth > MOST_NESTED:
        return False
    if check.counted:
        memset(counts, 0, sizeof(counts))
    while True:
        state = next_field(&span, &field)
        if state <= 0:
            break
        rule = check.of(field.number)
        if rule is None:
            return False
        bit = <uint64_t>1 << rule.bit
        if rule.refused or (not rule.repeated and (seen & bit or not (rule.presence or says_something(&field)))):
            return False
        seen |= bit
        watched = watched or rule.watched
        if field.kind == rule.wire:
            if not holds(rule, &field, run):
                return False
            if check.counted:
                counts[rule.bit] += 1
        elif not (rule.repeated and field.kind == BYTES and packed(rule, &field, run, &counts[rule.bit], check)):
            return False
    if state < 0 or (check.required & ~seen):
        return False
    for each in check.oneofs:
        if not (<uint64_t>each & seen):
            return False
    for each in check.counted:
        rule = <FieldCheck>each
        if counts[rule.bit] < rule.fewest or (rule.furthest and counts[rule.bit] > rule.furthest):
            return False
    if check.deferred is not None and (check.always or watched):
        (<list>run.deferred).append((check.deferred, PyBytes_FromStringAndSize(
            <const char *>whole.at, whole.end - whole.at)))
    return True


cdef inline bint says_something(Field *field) noexcept nogil:
    return field.body.at != field.body.end if field.kind == BYTES else field.value != 0


cdef bint packed(FieldCheck rule, Field *field, Run *run, uint32_t *count, MessageCheck check) except -1:
    """Numbers side by side in one field."""
    cdef Field one
    cdef Span span = field.body
    cdef int width = 8 if rule.wire == 1 else 4
    one.kind = rule.wire
    if rule.wire == BYTES:
        return False
    while span.at < span.end:
        if rule.wire == VARINT:
            if not read_varint(&span, &one.value):
                return False
        else:
            if span.end - span.at < width:
                return False
            one.value = read_fixed(span.at, width)
            span.at += width
        if not holds(rule, &one, run):
            return False
        if check.counted:
            count[0] += 1
    return True


cdef bint holds(FieldCheck rule, Field *field, Run *run) except -1:
    """Whether one value keeps its rule."""
    if rule.kind == TEXT:
        return text_holds(rule, field.body)
    if rule.kind == MESSAGE:
        run.depth += 1
        if not clean(rule.message(), field.body, run):
            return False
        run.depth -= 1
        return True
    if rule.kind == ANY:
        return any_holds(rule, field.body, run)
    if rule.kind == DURATION:
        return duration_holds(rule, field.body)
    if rule.test is None:
        return True
    if rule.kind == DATA:
        return rule.test(PyBytes_FromStringAndSize(
            <const char *>field.body.at, field.body.end - field.body.at)) is None
    return number_holds(rule, field.value)


cdef bint number_holds(FieldCheck rule, uint64_t value) except -1:
    cdef double double_value
    cdef float float_value
    cdef uint32_t low = <uint32_t>value
    if rule.kind == UNSIGNED:
        return rule.test(value) is None
    if rule.kind == INT32:
        return rule.test(<int32_t>low) is None
    if rule.kind == INT64:
        return rule.test(<int64_t>value) is None
    if rule.kind == BOOLEAN:
        return rule.test(value != 0) is None
    if rule.kind == DOUBLE:
        memcpy(&double_value, &value, 8)
        return rule.test(double_value) is None
    if rule.kind == FLOAT:
        memcpy(&float_value, &low, 4)
        return rule.test(float_value) is None
    return False


cdef bint text_holds(FieldCheck rule, Span text) except -1:
    cdef Py_ssize_t size = text.end - text.at
    cdef const unsigned char *at = text.at
    cdef unsigned char every = 0
    while at < text.end:
        every |= at[0]
        at += 1
    if every & 0x80:
        if rule.least > 1 or not is_utf8(text):
            return False
    if size < rule.least or (rule.most >= 0 and size > rule.most):
        return False
    if rule.allowed is not None:
        at = text.at
        while at < text.end:
            if not PyBytes_AS_STRING(rule.allowed)[at[0]]:
                return False
            at += 1
    if rule.test is not None:
        return rule.test(PyUnicode_DecodeUTF8(<const char *>text.at, size, NULL)) is None
    return True


cdef bint is_utf8(Span text):
    try:
        PyUnicode_DecodeUTF8(<const char *>text.at, text.end - text.at, NULL)
    except UnicodeDecodeError:
        return False
    return True


cdef bint duration_holds(FieldCheck rule, Span span) except -1:
    cdef Field field
    cdef Moment moment
    cdef int64_t seconds = 0, nanos = 0
    cdef int state, least = 1
    while True:
        state = next_field(&span, &field)
        if state <= 0:
            break
        if field.kind != VARINT or field.number < <uint32_t>least or field.number > 2:
            return False
        least = <int>field.number + 1
        if field.number == 1:
            seconds = <int64_t>field.value
        else:
            nanos = <int32_t><uint32_t>field.value
    if state < 0 or not 0 <= seconds < TOO_LONG_S or not 0 <= nanos < 1_000_000_000:
        return False
    if rule.test is None:
        return True
    moment = Moment.__new__(Moment)
    moment.seconds = seconds
    moment.nanos = nanos
    return rule.test(moment) is None


cdef bint any_holds(FieldCheck rule, Span span, Run *run) except -1:
    """An Any whose type is known, and whose content is clean."""
    cdef Field field
    cdef Span url, value
    cdef int state
    url.at = value.at = value.end = NULL
    while True:
        state = next_field(&span, &field)
        if state <= 0:
            break
        if field.kind == BYTES and field.number == 1 and url.at == NULL:
            url = field.body
        elif field.kind == BYTES and field.number == 2 and value.at == NULL:
            value = field.body
        else:
            return False
    if state < 0 or url.at == NULL:
        return False
    inside = (<object>run.resolve)(PyBytes_FromStringAndSize(<const char *>url.at, url.end - url.at))
    if inside is None:
        return False
    run.depth += 1
    if not clean(<MessageCheck?>inside, value, run):
        return False
    run.depth -= 1
    return True
