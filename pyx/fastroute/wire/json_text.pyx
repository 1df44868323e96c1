"""Plain JSON to dicts, lists and scalars, without a call into Python for each object.

The result is that of the standard library. What is not plain (comments, lenient forms, a key that occurs twice in an
object, half of a surrogate pair, nesting beyond 150) and what is no JSON at all gives NOT_PLAIN: the caller's own
readers find out what it is.
"""

cimport cython
from cpython.long cimport PyLong_FromLongLong
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_DecodeASCII, PyUnicode_DecodeUTF8
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy

from fastroute.wire.keys cimport Keys

cdef enum:
    MOST_NESTED = 150

NOT_PLAIN = object()


@cython.final
@cython.internal
cdef class Reader:
    cdef const char *at
    cdef const char *end
    cdef Keys keys
    cdef int depth

    cdef object value(self):
        """The value at `at`; NOT_PLAIN when there is none that is plain."""
        cdef char first
        self.space()
        if self.at >= self.end:
            return NOT_PLAIN
        first = self.at[0]
        if first == c'"':
            return self.string()
        if first == c"{":
            return self.members()
        if first == c"[":
            return self.elements()
        if first == c"-" or c"0" <= first <= c"9":
            return self.number()
        if self.word(b"true", 4):
            return True
        if self.word(b"false", 5):
            return False
        if self.word(b"null", 4):
            return None
        return NOT_PLAIN

    cdef inline void space(self) noexcept:
        while self.at < self.end and self.at[0] in (c" ", c"\n", c"\t", c"\r"):
            self.at += 1

    cdef inline bint take(self, char wanted) noexcept:
        """Go past white space and `wanted`, if it is there."""
        self.space()
        if self.at < self.end and self.at[0] == wanted:
            self.at += 1
            return True
        return False

    cdef bint word(self, const char *text, Py_ssize_t size) noexcept:
        if self.end - self.at < size or memcmp(self.at, text, <size_t>size) != 0:
            return False
        self.at += size
        return True

    cdef object members(self):
        cdef dict found = {}
        cdef Py_ssize_t count = 0
        self.at += 1
        self.depth += 1
        if self.depth > MOST_NESTED:
            return NOT_PLAIN
        if not self.take(c"}"):
            while True:
                self.space()
                key = self.key()
                if key is NOT_PLAIN or not self.take(c":"):
                    return NOT_PLAIN
                value = self.value()
                if value is NOT_PLAIN:
                    return NOT_PLAIN
                found[key] = value
                count += 1
                if len(found) != count:
                    return NOT_PLAIN
                if self.take(c"}"):
                    break
                if not self.take(c","):
                    return NOT_PLAIN
        self.depth -= 1
        return found

    cdef object elements(self):
        cdef list found = []
        self.at += 1
        self.depth += 1
        if self.depth > MOST_NESTED:
            return NOT_PLAIN
        if not self.take(c"]"):
            while True:
                value = self.value()
                if value is NOT_PLAIN:
                    return NOT_PLAIN
                found.append(value)
                if self.take(c"]"):
                    break
                if not self.take(c","):
                    return NOT_PLAIN
        self.depth -= 1
        return found

    cdef object key(self):
        """A string whose str is shared with equal keys."""
        cdef const char *start = self.at + 1
        cdef const char *stop
        if self.at >= self.end or self.at[0] != c'"':
            return NOT_PLAIN
        stop = start
        while stop < self.end and stop[0] != c'"':
            if stop[0] == c"\\" or <unsigned char>stop[0] < 0x20 or <unsigned char>stop[0] > 0x7E:
                return self.string()
            stop += 1
        if stop >= self.end:
            return NOT_PLAIN
        self.at = stop + 1
        return self.keys.get(start, stop - start)

    cdef object string(self):
        cdef const char *start = self.at + 1
        cdef const char *stop = start
        cdef unsigned char byte, every = 0
        cdef Py_ssize_t size
        while stop < self.end:
            byte = <unsigned char>stop[0]
            if byte == c'"':
                break
            if byte == c"\\":
                return self.escaped(start, stop)
            if byte < 0x20:
                return NOT_PLAIN
            every |= byte
            stop += 1
        if stop >= self.end:
            return NOT_PLAIN
        self.at = stop + 1
        size = stop - start
        if every < 0x80:
            return PyUnicode_DecodeASCII(start, size, NULL)
        return PyUnicode_DecodeUTF8(start, size, NULL)

    cdef object escaped(self, const char *start, const char *stop):
        """A string with escapes: found to its end, then written without them."""
        cdef char *out
        cdef Py_ssize_t size
        while stop < self.end and stop[0] != c'"':
            if <unsigned char>stop[0] < 0x20:
                return NOT_PLAIN
            stop += 2 if stop[0] == c"\\" else 1
        if stop >= self.end:
            return NOT_PLAIN
        out = <char *>malloc(<size_t>(stop - start))
        if out == NULL:
            raise MemoryError()
        try:
            size = unescape(start, stop, out)
            if size < 0:
                return NOT_PLAIN
            self.at = stop + 1
            return PyUnicode_DecodeUTF8(out, size, NULL)
        finally:
            free(out)

    cdef object number(self):
        cdef const char *start = self.at
        cdef const char *at = start
        cdef long long found = 0
        cdef bint negative = at[0] == c"-"
        if negative:
            at += 1
        if at >= self.end or not c"0" <= at[0] <= c"9":
            return NOT_PLAIN
        if at[0] == c"0" and at + 1 < self.end and c"0" <= at[1] <= c"9":
            return NOT_PLAIN
        while at < self.end and c"0" <= at[0] <= c"9":
            if at - start > 17:
                return NOT_PLAIN
            found = found * 10 + (at[0] - c"0")
            at += 1
        if at < self.end and at[0] in (c".", c"e", c"E"):
            return self.fraction(start, at)
        self.at = at
        return PyLong_FromLongLong(-found if negative else found)

    cdef object fraction(self, const char *start, const char *at):
        """A number with a fraction or an exponent."""
        if at[0] == c".":
            at += 1
            if at >= self.end or not c"0" <= at[0] <= c"9":
                return NOT_PLAIN
            while at < self.end and c"0" <= at[0] <= c"9":
                at += 1
        if at < self.end and at[0] in (c"e", c"E"):
            at += 1
            if at < self.end and at[0] in (c"+", c"-"):
                at += 1
            if at >= self.end or not c"0" <= at[0] <= c"9":
                return NOT_PLAIN
            while at < self.end and c"0" <= at[0] <= c"9":
                at += 1
        self.at = at
        return float(start[:at - start])


cdef int hexadecimal(const char *at) noexcept nogil:
    """The value of four digits; -1 where they are none."""
    cdef int found = 0, place, digit
    cdef char letter
    for place in range(4):
        letter = at[place]
        if c"0" <= letter <= c"9":
            digit = letter - c"0"
        elif c"a" <= letter <= c"f":
            digit = letter - c"a" + 10
        elif c"A" <= letter <= c"F":
            digit = letter - c"A" + 10
        else:
            return -1
        found = found * 16 + digit
    return found


cdef Py_ssize_t unescape(const char *at, const char *stop, char *out) noexcept nogil:
    """Write the text without its escapes as UTF-8; the size of it, or -1 for an escape that is left to others."""
    cdef char *start = out
    cdef const char *plain
    cdef char letter
    cdef int code, low
    while at < stop:
        plain = at
        while at < stop and at[0] != c"\\":
            at += 1
        memcpy(out, plain, <size_t>(at - plain))
        out += at - plain
        if at >= stop:
            break
        if stop - at < 2:
            return -1
        letter = at[1]
        at += 2
        if letter in (c'"', c"\\", c"/"):
            out[0] = letter
            out += 1
        elif letter == c"n":
            out[0] = c"\n"
            out += 1
        elif letter == c"t":
            out[0] = c"\t"
            out += 1
        elif letter == c"r":
            out[0] = c"\r"
            out += 1
        elif letter == c"b":
            out[0] = c"\b"
            out += 1
        elif letter == c"f":
            out[0] = c"\f"
            out += 1
        elif letter == c"u" and stop - at >= 4:
            code = hexadecimal(at)
            at += 4
            if 0xD800 <= code < 0xDC00 and stop - at >= 6 and at[0] == c"\\" and at[1] == c"u":
                low = hexadecimal(at + 2)
                if not 0xDC00 <= low < 0xE000:
                    return -1
                at += 6
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
            elif code < 0 or 0xD800 <= code < 0xE000:
                return -1
            out += utf8(<uint32_t>code, out)
        else:
            return -1
    return out - start


cdef int utf8(uint32_t code, char *out) noexcept nogil:
    if code < 0x80:
        out[0] = <char>code
        return 1
    if code < 0x800:
        out[0] = <char>(0xC0 | code >> 6)
        out[1] = <char>(0x80 | code & 0x3F)
        return 2
    if code < 0x10000:
        out[0] = <char>(0xE0 | code >> 12)
        out[1] = <char>(0x80 | code >> 6 & 0x3F)
        out[2] = <char>(0x80 | code & 0x3F)
        return 3
    out[0] = <char>(0xF0 | code >> 18)
    out[1] = <char>(0x80 | code >> 12 & 0x3F)
    out[2] = <char>(0x80 | code >> 6 & 0x3F)
    out[3] = <char>(0x80 | code & 0x3F)
    return 4


def parse(str text not None):
    cdef Reader reader = Reader.__new__(Reader)
    cdef Py_ssize_t size
    try:
        reader.at = PyUnicode_AsUTF8AndSize(text, &size)
    except UnicodeEncodeError:
        return NOT_PLAIN
    reader.end = reader.at + size
    reader.keys = Keys()
    found = reader.value()
    reader.space()
    return found if reader.at == reader.end else NOT_PLAIN
