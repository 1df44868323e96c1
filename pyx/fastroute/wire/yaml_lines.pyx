"""The plain part of YAML, read line by line: what generated configurations consist of.

libyaml builds an object for every token and then another for every node, which is what takes time in
a large file. This reader knows block mappings and lists, scalars that end with their line, and flow
collections on one line, all in ASCII. At the first thing that it does not know (anchors, tags,
comments behind values, block scalars, scalars over several lines, several documents, tabs) it gives
up and the whole text goes to libyaml, which also is who finds errors. It never takes a text that
libyaml refuses, and reads the same from one that both take; a property test holds it to that.
"""

cimport cython
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_DecodeASCII
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcmp, memset

from fastroute.wire.keys cimport Keys

cdef enum:
    MOST_NESTED = 90
    LONGEST_KEY = 120
    MOST_REMEMBERED = 4096         # scalars that are no text

    # what a character may be, by bit
    START = 1                      # the first of a plain scalar
    INNER = 2                      # any later one in a block
    FLOW_INNER = 4                 # any later one in a flow collection
    AFTER_COLON = 8
    KEY_START = 16
    KEY_INNER = 32

cdef unsigned char[256] CLASSES


cdef void classify(const char *characters, int bits) noexcept:
    cdef Py_ssize_t at = 0
    while characters[at]:
        CLASSES[<unsigned char>characters[at]] |= <unsigned char>bits
        at += 1


cdef void make_classes() noexcept:
    memset(CLASSES, 0, sizeof(CLASSES))
    classify(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_",
             START | INNER | FLOW_INNER | AFTER_COLON | KEY_START | KEY_INNER)
    classify(b"0123456789.", START | INNER | FLOW_INNER | AFTER_COLON | KEY_INNER)
    classify(b"/+", START | INNER | FLOW_INNER | AFTER_COLON)
    classify(b"-", INNER | FLOW_INNER | AFTER_COLON | KEY_INNER)
    classify(b"*", INNER | FLOW_INNER | AFTER_COLON)
    classify(b"|$()^=~%@;", INNER | FLOW_INNER)
    classify(b"<>?!&[]{},\"'\\`", INNER)


make_classes()


class GiveUpError(Exception):
    """The text holds something that is left to libyaml."""


cdef struct Text:
    const char *at
    Py_ssize_t size


cdef struct Line:
    Py_ssize_t indent              # -1 behind the last line
    const char *at
    Py_ssize_t size


cdef struct Token:                 # of a flow collection
    char mark                      # one of []{}, or 0
    bint quoted
    bint colon                     # a colon that makes it a key
    Text text
    const char *end


cdef inline bint has(char character, int bits) noexcept nogil:
    return CLASSES[<unsigned char>character] & bits


cdef inline bint is_item(const char *at, Py_ssize_t size) noexcept nogil:
    """Whether a line begins an item of a list."""
    return at[0] == c"-" and (size == 1 or at[1] == c" ")


cdef bint is_null(Text text) noexcept nogil:
    return text.size == 4 and (memcmp(text.at, b"null", 4) == 0 or memcmp(text.at, b"Null", 4) == 0
                               or memcmp(text.at, b"NULL", 4) == 0)


cdef bint is_plain(Text text) noexcept nogil:
    """Whether a scalar that ends with its line is plain."""
    cdef Py_ssize_t at = 1
    if not has(text.at[0], START):
        return text.size > 1 and text.at[0] == c"-" and is_signed(text)
    while at < text.size:
        if has(text.at[at], INNER):
            at += 1
        elif text.at[at] == c":":
            at += 1
            if at == text.size or not has(text.at[at], AFTER_COLON):
                return False
        elif text.at[at] == c" ":
            while at < text.size and text.at[at] == c" ":
                at += 1
            if at == text.size or text.at[at] in (c"#", c":", c"-"):
                return False
        else:
            return False
    return True


cdef bint is_signed(Text text) noexcept nogil:
    cdef Py_ssize_t at
    if not has(text.at[1], START):
        return False
    for at in range(2, text.size):
        if text.at[at] != c"-" and not has(text.at[at], START):
            return False
    return True


cdef bint find_key(const char *at, Py_ssize_t size, Text *key, Text *rest) noexcept nogil:
    """Whether a line is a key, alone or with a value behind it; the key keeps its quotes."""
    cdef Py_ssize_t end = 1
    if at[0] in (c'"', c"'"):
        while end < size and at[end] != at[0]:
            if at[end] == c"\\" and at[0] == c'"':
                return False
            end += 1
        if end > LONGEST_KEY + 1 or end >= size:
            return False
        end += 1
    elif has(at[0], KEY_START):
        while end < size and has(at[end], KEY_INNER):
            end += 1
        if end > LONGEST_KEY + 1:
            return False
    else:
        return False
    if end >= size or at[end] != c":":
        return False
    key.at = at
    key.size = end
    end += 1
    rest.size = 0
    if end == size:
        return True
    if at[end] != c" ":
        return False
    while end < size and at[end] == c" ":
        end += 1
    rest.at = at + end
    rest.size = size - end
    return rest.size > 0


cdef Py_ssize_t closing(const char *at, const char *end) noexcept nogil:
    """The offset of the quote that ends the one at `at`; -1 where there is none, or an escape before it."""
    cdef const char *found = <const char *>memchr(at + 1, at[0], <size_t>(end - at - 1))
    if found == NULL:
        return -1
    if at[0] == c'"' and memchr(at, c"\\", <size_t>(found - at)) != NULL:
        return -1
    return found - at


cdef bint next_token(const char *at, const char *end, Token *token) noexcept nogil:
    cdef Py_ssize_t size
    while at < end and at[0] == c" ":
        at += 1
    if at >= end:
        return False
    token.mark = 0
    token.colon = token.quoted = False
    token.text.size = 0
    if at[0] in (c"[", c"]", c"{", c"}", c","):
        token.mark = at[0]
        token.end = at + 1
        return True
    if at[0] in (c'"', c"'"):
        size = closing(at, end)
        if size < 0:
            return False
        token.quoted = True
        token.text.at = at + 1
        token.text.size = size - 1
        at += size + 1
        token.colon = at < end and at[0] == c":"
        token.end = at + 1 if token.colon else at
        return True
    if not has(at[0], START):
        return False
    token.text.at = at
    while at < end and has(at[0], FLOW_INNER):
        at += 1
    while at + 1 < end and at[0] == c":" and has(at[1], AFTER_COLON):
        at += 1
        while at < end and has(at[0], AFTER_COLON):
            at += 1
    token.text.size = at - token.text.at
    token.colon = at + 1 < end and at[0] == c":" and at[1] == c" "
    token.end = at + 1 if token.colon else at
    return True


cdef str text_of(Text text):
    return PyUnicode_DecodeASCII(text.at, text.size, NULL)


@cython.final
@cython.internal
cdef class Reader:
    cdef Line *lines
    cdef Py_ssize_t count, at
    cdef object scalar
    cdef bytes no_text
    cdef Keys keys
    cdef dict scalars

    def __dealloc__(self):
        free(self.lines)

    cdef int split(self, const char *text, Py_ssize_t size) except -1:
        """Find the lines that are neither empty nor comments."""
        cdef const char *end = text + size
        cdef const char *stop
        cdef Line line
        cdef Py_ssize_t most = 2, at
        for at in range(size):
            most += text[at] == c"\n"
            if text[at] != c"\n" and not c" " <= text[at] <= c"~":
                raise GiveUpError
        self.lines = <Line *>malloc(<size_t>most * sizeof(Line))
        if self.lines == NULL:
            raise MemoryError()
        while text <= end:
            stop = <const char *>memchr(text, c"\n", <size_t>(end - text)) if text < end else NULL
            if stop == NULL:
                stop = end
            line.at = text
            line.size = stop - text
            text = stop + 1
            while line.size and line.at[line.size - 1] == c" ":
                line.size -= 1
            line.indent = 0
            while line.indent < line.size and line.at[line.indent] == c" ":
                line.indent += 1
            line.at += line.indent
            line.size -= line.indent
            if line.size and line.at[0] != c"#":
                self.lines[self.count] = line
                self.count += 1
        self.lines[self.count].indent = -1
        return 0

    cdef object document(self):
        cdef Line *first = self.lines
        if self.count == 0 or first.at[0] == c"%" or (first.size >= 3 and memcmp(first.at, b"---", 3) == 0):
            raise GiveUpError
        value = self.block(first.indent, 0)
        if self.at != self.count or not isinstance(value, (dict, list)):
            raise GiveUpError
        return value

    cdef object block(self, Py_ssize_t indent, int depth):
        """The collection whose first line is the next."""
        cdef Line *line = &self.lines[self.at]
        if depth > MOST_NESTED:
            raise GiveUpError
        if is_item(line.at, line.size):
            return self.sequence(indent, depth)
        return self.mapping(indent, depth)

    cdef list sequence(self, Py_ssize_t indent, int depth):
        cdef list items = []
        cdef Line *line
        cdef Py_ssize_t offset
        while self.lines[self.at].indent == indent:
            line = &self.lines[self.at]
            if line.at[0] != c"-":
                break
            if line.size == 1:
                self.at += 1
                items.append(self.below(indent + 1, depth))
            elif line.at[1] != c" ":
                raise GiveUpError
            else:
                offset = 1
                while line.at[offset] == c" ":
                    offset += 1
                items.append(self.item(line, indent, offset, depth))
        if self.lines[self.at].indent > indent:
            raise GiveUpError
        return items

    cdef object item(self, Line *line, Py_ssize_t indent, Py_ssize_t offset, int depth):
        cdef Text key, rest, ignored
        rest.at = line.at + offset
        rest.size = line.size - offset
        if rest.at[0] == c"#":
            raise GiveUpError
        if is_item(rest.at, rest.size) or find_key(rest.at, rest.size, &key, &ignored):
            line.indent = indent + offset
            line.at += offset
            line.size -= offset
            return self.block(line.indent, depth + 1)
        if self.lines[self.at + 1].indent > indent:
            raise GiveUpError
        self.at += 1
        return self.value(rest)

    cdef dict mapping(self, Py_ssize_t indent, int depth):
        cdef dict members = {}
        cdef Line *line
        cdef Text key, rest
        while self.lines[self.at].indent == indent:
            line = &self.lines[self.at]
            if not find_key(line.at, line.size, &key, &rest):
                raise GiveUpError
            if key.at[0] in (c'"', c"'"):
                key.at += 1
                key.size -= 2
            elif is_null(key):
                raise GiveUpError
            name = self.keys.get(key.at, key.size)
            self.at += 1
            line = &self.lines[self.at]
            if rest.size:
                if line.indent > indent:
                    raise GiveUpError
                members[name] = self.value(rest)
            elif line.indent == indent and line.at[0] == c"-":
                members[name] = self.sequence(indent, depth + 1)
            else:
                members[name] = self.below(indent + 1, depth)
        if self.lines[self.at].indent > indent:
            raise GiveUpError
        return members

    cdef object below(self, Py_ssize_t least, int depth):
        """What is indented by at least `least` from the next line on; null when nothing is."""
        cdef Line *line = &self.lines[self.at]
        cdef Text key, rest
        if line.indent < least:
            return None
        if is_item(line.at, line.size) or find_key(line.at, line.size, &key, &rest):
            return self.block(line.indent, depth + 1)
        raise GiveUpError

    cdef object value(self, Text text):
        cdef const char *at = text.at
        cdef const char *end = text.at + text.size
        if is_plain(text):
            return self.plain(text)
        if at[0] in (c'"', c"'"):
            if text.size > 1 and closing(at, end) == text.size - 1:
                text.at += 1
                text.size -= 2
                return text_of(text)
        elif at[0] in (c"{", c"["):
            value = self.flow(&at, end, 0)
            if at == end:
                return value
        raise GiveUpError

    cdef object plain(self, Text text):
        """The meaning of a plain scalar."""
        cdef str written = text_of(text)
        if memchr(<const char *>self.no_text, text.at[0], <size_t>len(self.no_text)) == NULL:
            return written
        if written in self.scalars:
            return self.scalars[written]
        found = self.scalar(written, "?")
        if len(self.scalars) < MOST_REMEMBERED:
            self.scalars[written] = found
        return found

    cdef object flow(self, const char **at, const char *end, int depth):
        """The flow value at `at`, which goes behind it."""
        cdef Token token
        if depth > MOST_NESTED or not next_token(at[0], end, &token) or token.colon:
            raise GiveUpError
        at[0] = token.end
        if token.quoted:
            return text_of(token.text)
        if token.mark == 0:
            return self.plain(token.text)
        if token.mark == c"[":
            return self.flow_list(at, end, depth + 1)
        if token.mark == c"{":
            return self.flow_object(at, end, depth + 1)
        raise GiveUpError

    cdef list flow_list(self, const char **at, const char *end, int depth):
        cdef list items = []
        cdef bint done = closes(at, end, c"]")
        while not done:
            items.append(self.flow(at, end, depth))
            done = ends(at, end, c"]")
        return items

    cdef dict flow_object(self, const char **at, const char *end, int depth):
        cdef dict members = {}
        cdef Token token
        cdef bint done = closes(at, end, c"}")
        while not done:
            if not next_token(at[0], end, &token) or not token.colon or token.text.size == 0:
                raise GiveUpError
            if (not token.quoted and is_null(token.text)) or token.end >= end or token.end[0] != c" ":
                raise GiveUpError
            at[0] = token.end
            members[text_of(token.text)] = self.flow(at, end, depth)
            done = ends(at, end, c"}")
        return members


cdef bint closes(const char **at, const char *end, char mark) noexcept:
    """Whether the collection ends at once; then `at` goes behind its end."""
    cdef Token token
    if next_token(at[0], end, &token) and token.mark == mark:
        at[0] = token.end
        return True
    return False


cdef bint ends(const char **at, const char *end, char mark) except -1:
    """After an item: whether the collection ends; `at` goes behind its end, or behind the comma."""
    cdef Token token
    if not next_token(at[0], end, &token) or (token.mark != mark and token.mark != c","):
        raise GiveUpError
    at[0] = token.end
    return token.mark == mark


def parse(str text not None, scalar not None, bytes no_text not None):
    cdef Reader reader = Reader.__new__(Reader)
    cdef Py_ssize_t size
    cdef const char *data
    if not text.isascii():
        raise GiveUpError
    data = PyUnicode_AsUTF8AndSize(text, &size)
    reader.scalar = scalar
    reader.no_text = no_text
    reader.keys = Keys()
    reader.scalars = {}
    reader.split(data, size)
    return reader.document()
