"""Routes on the wire, taken apart into what differs from route to route and what many have in common.

A generated table has few kinds of routes: all but the name, the path and the cluster repeats. What else the
match and the route say is handed out byte for byte, so that routes with equal bytes can share what was compiled
of the first of them. A body must be as protobuf itself writes it: each single field once.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint32_t
from libc.string cimport memchr, memcpy

from fastroute.wire.cursor cimport BYTES, Field, Span, next_field, span_of

cdef enum:
    MOST_REST = 4096               # other bytes of a route that are looked at; longer ones are rarely shared
    MOST_STEPS = 4

cdef tuple HOWS = ("prefix", "path", "path_separated_prefix", "regex")
cdef tuple TEXT_KINDS = ("exact", "prefix", "suffix", "contains")


cdef struct Way:                   # the numbers of fields in each other, then 0
    uint32_t[MOST_STEPS] steps


cdef struct Rest:                  # whole fields, side by side
    unsigned char[MOST_REST] data
    Py_ssize_t size


cdef bint keep(Rest *rest, Field *field, Span *span) noexcept nogil:
    """Add a field that was just read."""
    cdef Py_ssize_t size = span.at - field.start
    if rest.size + size > MOST_REST:
        return False
    memcpy(rest.data + rest.size, field.start, <size_t>size)
    rest.size += size
    return True


cdef str text_in(Span span):
    return PyUnicode_DecodeUTF8(<const char *>span.at, span.end - span.at, NULL)


cdef bytes bytes_of(Rest *rest):
    return PyBytes_FromStringAndSize(<const char *>rest.data, rest.size) if rest.size else b""


@cython.final
cdef class RouteReader:
    """See the stub."""

    cdef uint32_t routes, name, match, action, cluster
    cdef uint32_t[3] paths
    cdef Way[2] texts
    cdef uint32_t[2] regex
    cdef uint32_t[3] headers
    cdef uint32_t[4] matchers

    def __cinit__(self, *, uint32_t routes, uint32_t name, uint32_t match, uint32_t action, uint32_t cluster,
                  tuple paths, tuple texts, tuple regex, tuple headers, tuple matchers):
        self.routes = routes
        self.name = name
        self.match = match
        self.action = action
        self.cluster = cluster
        self.paths = paths
        self.regex = regex
        self.headers = headers
        self.matchers = matchers
        for at in range(2):
            self.texts[at].steps = (*texts[at], 0, 0)[:MOST_STEPS]

    def read(self, bytes host not None):
        cdef Span span = span_of(<const unsigned char *>PyBytes_AS_STRING(host), PyBytes_GET_SIZE(host))
        cdef Field field
        cdef list found = []
        cdef int state
        while True:
            state = next_field(&span, &field)
            if state == 0:
                return found
            if state < 0:
                raise ValueError("the bytes are no message")
            if field.number == self.routes and field.kind == BYTES:
                found.append(self.route(field.body))

    cdef tuple route(self, Span span):
        """(name, how, path, cluster, rest of the match, rest of the route, text), or None."""
        cdef Rest rest, around
        cdef Field field
        cdef Span name, match, action, path, cluster, answer, text
        cdef int state, how = -1
        cdef const uint32_t *way = NULL
        around.size = rest.size = 0
        name.at = match.at = action.at = cluster.at = path.at = answer.at = text.at = NULL
        while True:
            state = next_field(&span, &field)
            if state <= 0:
                break
            if field.number == self.name and field.kind == BYTES and name.at == NULL:
                name = field.body
            elif field.number == self.match and field.kind == BYTES and match.at == NULL:
                match = field.body
            elif field.number == self.action and field.kind == BYTES and action.at == NULL:
                action = field.body
            elif field.kind == BYTES and answer.at == NULL and self.way_of(field.number) != NULL:
                way = self.way_of(field.number)
                answer = field.body
            elif not keep(&around, &field, &span):
                return None
        if state < 0 or match.at == NULL:
            return None
        while True:
            state = next_field(&match, &field)
            if state <= 0:
                break
            if field.kind == BYTES and field.number in (self.paths[0], self.paths[1], self.paths[2]):
                if how >= 0:
                    return None
                how = 0 if field.number == self.paths[0] else 1 if field.number == self.paths[1] else 2
                path = field.body
            elif field.kind == BYTES and field.number == self.regex[0] and how < 0 and alone(
                field.body, self.regex[1], &path
            ):
                how = 3
            elif not keep(&rest, &field, &match):
                return None
        if state < 0 or (0 <= how < 3 and not usual(path, how)):
            return None
        if action.at != NULL:
            if not self.action_of(action, &cluster, &around):
                return None
        if way != NULL and not text_of(answer, way + 1, &text, &around):
            return None
        return (
            "" if name.at == NULL else text_in(name),
            None if how < 0 else HOWS[how],
            b"" if how < 0 else PyBytes_FromStringAndSize(<const char *>path.at, path.end - path.at),
            None if cluster.at == NULL else text_in(cluster),
            bytes_of(&rest),
            bytes_of(&around),
            None if text.at == NULL else PyBytes_FromStringAndSize(<const char *>text.at, text.end - text.at),
        )

    cdef const uint32_t *way_of(self, uint32_t number) noexcept nogil:
        """The way to the text of the answer in a field of the route; NULL for any other field."""
        if number == self.texts[0].steps[0]:
            return self.texts[0].steps
        return self.texts[1].steps if number == self.texts[1].steps[0] else NULL

    def conditions(self, bytes rest not None):
        """See the stub."""
        cdef Span span = span_of(<const unsigned char *>PyBytes_AS_STRING(rest), PyBytes_GET_SIZE(rest))
        cdef Field field
        cdef list found = []
        cdef int state
        while True:
            state = next_field(&span, &field)
            if state <= 0:
                return found if state == 0 else None
            if field.number != self.headers[0] or field.kind != BYTES:
                return None
            header = self.header_of(field.body)
            if header is None:
                return None
            found.append(header)

    cdef tuple header_of(self, Span span):
        """Name, kind and text of a header matcher that only compares the value with a text; None for any other."""
        cdef Field field
        cdef Span name, matcher, text
        cdef int state, kind
        name.at = matcher.at = NULL
        while True:
            state = next_field(&span, &field)
            if state <= 0:
                break
            if field.kind != BYTES:
                return None
            if field.number == self.headers[1] and name.at == NULL and plain_name(field.body):
                name = field.body
            elif field.number == self.headers[2] and matcher.at == NULL:
                matcher = field.body
            else:
                return None
        if state < 0 or name.at == NULL or matcher.at == NULL:
            return None
        for kind in range(4):
            if alone(matcher, self.matchers[kind], &text):
                return (
                    PyBytes_FromStringAndSize(<const char *>name.at, name.end - name.at),
                    TEXT_KINDS[kind],
                    PyBytes_FromStringAndSize(<const char *>text.at, text.end - text.at),
                )
        return None

    cdef bint action_of(self, Span action, Span *cluster, Rest *around) noexcept nogil:
        """Find the cluster of an action, and keep its other fields behind those of the route."""
        cdef Field field
        cdef int state
        cdef Py_ssize_t before = around.size
        while True:
            state = next_field(&action, &field)
            if state <= 0:
                break
            if field.number == self.cluster and field.kind == BYTES and cluster.at == NULL:
                cluster[0] = field.body
            elif not keep(around, &field, &action):
                return False
        if around.size > before and not keep_size(around, around.size - before):
            return False
        return state == 0 and (cluster.at == NULL or cluster.at < cluster.end)


cdef bint text_of(Span span, const uint32_t *steps, Span *text, Rest *around) noexcept nogil:
    """Find the text at the end of the way, and keep the other fields behind those that are kept already."""
    cdef Field field
    cdef bint found = False
    cdef int state
    cdef Py_ssize_t before = around.size
    while True:
        state = next_field(&span, &field)
        if state <= 0:
            break
        if field.number == steps[0] and field.kind == BYTES and not found:
            found = True
            if steps[1] == 0:
                text[0] = field.body
            elif not text_of(field.body, steps + 1, text, around):
                return False
        elif not keep(around, &field, &span):
            return False
    # The way's own step is in the mark: a redirect is no answer with the same bytes.
    return state == 0 and keep_size(around, (around.size - before) | (<Py_ssize_t>(2 * steps[0] + found) << 32))


cdef bint keep_size(Rest *rest, Py_ssize_t size) noexcept nogil:
    """End a part with its size, so that no two different routes have equal bytes."""
    if rest.size + <Py_ssize_t>sizeof(size) > MOST_REST:
        return False
    memcpy(rest.data + rest.size, &size, sizeof(size))
    rest.size += sizeof(size)
    return True


cdef bint alone(Span span, uint32_t number, Span *text) noexcept nogil:
    """Whether a message holds one text, not empty, in its field `number`, and nothing else."""
    cdef Field field
    if next_field(&span, &field) <= 0 or field.number != number or field.kind != BYTES:
        return False
    if span.at != span.end or field.body.at == field.body.end:
        return False
    text[0] = field.body
    return True


cdef bint plain_name(Span name) noexcept nogil:
    """Whether Envoy takes the name of a header: it is not empty, and holds no NUL, CR or LF."""
    cdef size_t size = <size_t>(name.end - name.at)
    if size == 0 or memchr(name.at, 0, size) != NULL:
        return False
    return memchr(name.at, c"\r", size) == NULL and memchr(name.at, c"\n", size) == NULL


cdef bint usual(Span path, int how) noexcept nogil:
    """Whether a path can match at all, and Envoy takes it."""
    cdef size_t size = <size_t>(path.end - path.at)
    if memchr(path.at, c"?", size) != NULL or memchr(path.at, c"#", size) != NULL:
        return False
    return how < 2 or (size > 1 and path.at[size - 1] != c"/")
