# cython: boundscheck=True, nonecheck=True
"""Regular expressions as Envoy has them: RE2, Latin-1, full match, bounded program size.

Rules
  RM-05  a match is a match of the whole text; `.` is one byte, for pattern and text are Latin-1.
  RM-06  an expression whose compiled program is larger than the limit (100) is refused.
  RA-22  a substitution replaces all matches from left to right; `\\0` to `\\9` are groups. A template that
         names a group that does not exist leaves the text as it was.

RE2 is that of `fastroute.core.re2` where the build found the library; elsewhere the raw object of google-re2 does
the same work. Either is loaded by the first expression. Everything above `find` is common to both.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.unicode cimport PyUnicode_AsUTF8String
from libc.stdint cimport uint32_t
from libc.stdlib cimport free

from fastroute.core.re2 cimport Re2
from fastroute.core.sequences cimport plain_sequence

cdef enum:
    MAX_SPANS = 34             # 16 groups and the whole match: RE2's own limit for substitutions


cdef extern from *:
    """
    #include <stdlib.h>
    #include <stdint.h>

    /* A sequence of sets of bytes, each to be taken at least and at most so many times. */
    typedef struct { uint32_t set[8]; uint32_t least, most; } RegexStep;
    typedef struct { size_t count; RegexStep step[1]; } RegexSteps;

    static inline int regex_in(const RegexStep *step, unsigned char c) { return step->set[c >> 5] >> (c & 31) & 1; }

    static RegexSteps regex_no_sequence;            /* what is known of an expression that is none */

    static void *regex_steps_new(size_t count) {
        RegexSteps *made = (RegexSteps *) calloc(1, sizeof(RegexSteps) + count * sizeof(RegexStep));
        if (made) made->count = count;
        return made;
    }
    static void regex_steps_fill(void *steps, size_t at, const unsigned char *members, Py_ssize_t size, uint32_t least,
                                 uint32_t most) {
        RegexStep *step = &((RegexSteps *) steps)->step[at];
        for (; size; size--, members++) step->set[*members >> 5] |= (uint32_t) 1 << (*members & 31);
        step->least = least;
        step->most = most;
    }
    static int regex_steps_match(void *steps, const char *data, Py_ssize_t size) {
        const RegexSteps *all = (const RegexSteps *) steps;
        const unsigned char *at = (const unsigned char *) data, *end = at + size;
        for (const RegexStep *step = all->step, *last = step + all->count; step < last; step++) {
            if (step->most == 1 && step->least == 1) {
                if (at == end || !regex_in(step, *at++)) return 0;
                continue;
            }
            const unsigned char *start = at;
            const unsigned char *stop = (size_t) (end - at) > step->most ? at + step->most : end;
            while (at < stop && regex_in(step, *at)) at++;
            if ((size_t) (at - start) < step->least) return 0;
        }
        return at == end;
    }
    """
    void *NO_SEQUENCE "((void *) &regex_no_sequence)"
    void *regex_steps_new(size_t count)
    void regex_steps_fill(void *steps, size_t at, const unsigned char *members, Py_ssize_t size, uint32_t least,
                          uint32_t most)
    int regex_steps_match(void *steps, const char *data, Py_ssize_t size) noexcept nogil


cdef bint looked = False       # for the library
cdef Re2 *linked = NULL        # its functions; NULL where there is none
cdef object google = None      # google-re2's raw module, its options and its two anchors, once it was needed


cdef Re2 *library() except? NULL:
    """The linked library; NULL, without an error, where the build had none."""
    global looked, linked
    if not looked:
        try:
            from fastroute.core.re2 import FUNCTIONS
        except ImportError:
            linked = NULL
        else:
            linked = <Re2 *>PyCapsule_GetPointer(FUNCTIONS, "fastroute.core.re2.FUNCTIONS")
        looked = True
    return linked


class RegexError(ValueError):
    """An expression that RE2 does not compile, or whose program exceeds the limit."""


cdef tuple google_re2():
    global google
    if google is None:
        import re2

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        anchors = (re2._re2.RE2.Anchor.UNANCHORED, re2._re2.RE2.Anchor.ANCHOR_BOTH)
        google = (re2._re2.RE2, options, anchors)
    return google


cdef bytes to_bytes(object text):
    if isinstance(text, bytes):
        return text
    if isinstance(text, str):
        return PyUnicode_AsUTF8String(text)
    raise TypeError(f"str or bytes expected, not {type(text).__name__}")


cdef int measured(bytes pattern) except -1:
    """The program size by google-re2 where an older library may compile to another size; 0 elsewhere.

    Seen: libre2 of 2022 takes more instructions for non-ASCII letters without case and for named scripts.
    """
    if pattern.isascii() and b"\\x" not in pattern and b"\\p{" not in pattern.lower():
        return 0
    kind, options, _ = google_re2()
    compiled = kind(pattern, options)
    return compiled.ProgramSize() if compiled.ok() else 0


@cython.final
cdef class Regex:
    """See the stub."""

    def __cinit__(self, pattern, *, int max_program_size=0):
        self.pattern = to_bytes(pattern)
        if library() != NULL:
            self.compile_native()
        else:
            self.compile_google()
        if 0 < max_program_size < self.program_size:
            shown = self.pattern.decode("utf-8", "replace")
            raise RegexError(
                f"regex '{shown}' RE2 program size of {self.program_size} > max program size of "
                f"{max_program_size} set for the error level threshold. Increase configured max program size if "
                f"necessary."
            )

    def __dealloc__(self):
        if self.steps != NO_SEQUENCE:
            free(self.steps)
        if self.native != NULL:
            linked.drop(self.native)

    cdef int sequence(self) except -1:
        """Compile a plain sequence, if the expression is one: at the first match, for many are never asked."""
        cdef list steps = plain_sequence(self.pattern)
        cdef void *made = NO_SEQUENCE
        cdef size_t at
        cdef bytes members
        if steps is not None:
            made = regex_steps_new(len(steps))
            if made == NULL:
                raise MemoryError()
            for at in range(<size_t>len(steps)):
                taken, least, most = steps[at]
                members = bytes(taken)
                regex_steps_fill(made, at, members, len(members), least, most)
        self.steps = made
        return 0

    cdef int compile_native(self) except -1:
        cdef char *error = NULL
        self.native = linked.compile(PyBytes_AS_STRING(self.pattern), PyBytes_GET_SIZE(self.pattern), &error)
        if self.native == NULL:
            message = (<bytes>error).decode("utf-8", "replace")
            free(error)
            raise RegexError(message)
        self.program_size = measured(self.pattern) or linked.program_size(self.native)
        self.groups = linked.groups(self.native)
        return 0

    cdef int compile_google(self) except -1:
        kind, options, self.anchor = google_re2()
        self.raw = kind(self.pattern, options)
        if not self.raw.ok():
            raise RegexError(self.raw.error().decode("utf-8", "replace"))
        self.program_size = self.raw.ProgramSize()
        self.groups = self.raw.NumberOfCapturingGroups()
        return 0

    cdef int match_full(self, const char *data, Py_ssize_t size) except -1:
        """1 when the whole text matches."""
        if self.steps == NULL:
            self.sequence()
        if self.steps != NO_SEQUENCE:
            return regex_steps_match(self.steps, data, size)
        if self.native != NULL:
            return linked.find(self.native, data, size, 0, True, NULL, 0)
        return self.find(data, size, 0, True, NULL, 0)

    cdef int find(self, const char *data, Py_ssize_t size, Py_ssize_t start, bint full,
                  Py_ssize_t *spans, int count) except -1:
        """1 at a match from `start` on; `spans` takes begin and end of the match and of `count - 1` groups."""
        cdef int number
        if self.native != NULL:
            return linked.find(self.native, data, size, start, full, spans, count)
        found = self.raw.Match(self.anchor[1 if full else 0], PyBytes_FromStringAndSize(data, size), start, size)
        if not found or found[0][0] < 0:
            return 0
        for number in range(count):
            spans[2 * number], spans[2 * number + 1] = found[number]
        return 1

    def fullmatch(self, text):
        cdef bytes raw = to_bytes(text)
        return self.match_full(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw)) == 1

    def groups_of(self, text):
        cdef bytes raw = to_bytes(text)
        cdef Py_ssize_t[MAX_SPANS] spans
        cdef int count = min(self.groups, 16) + 1, number
        if not self.find(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw), 0, True, spans, count):
            return None
        return tuple([
            None if spans[2 * number] < 0 else raw[spans[2 * number]:spans[2 * number + 1]]
            for number in range(1, count)
        ])

    def replace_all(self, text, template):
        cdef bytes raw = to_bytes(text), rewrite = to_bytes(template)
        cdef Py_ssize_t[MAX_SPANS] spans
        cdef Py_ssize_t size = len(raw), at = 0, last_end = -1
        cdef int count = 1 + max_group(rewrite)
        cdef const char *data = PyBytes_AS_STRING(raw)
        cdef list out = []
        cdef bint replaced = False
        if count > 1 + self.groups or count > 17:
            return raw
        while at <= size and self.find(data, size, at, False, spans, count):
            out.append(raw[at:spans[0]])
            if spans[0] == last_end and spans[0] == spans[1]:     # no empty match right behind a match
                at = spans[0]
                out.append(raw[at:at + 1])
                at += 1
                continue
            self.rewrite(out, rewrite, data, spans, count)
            at = last_end = spans[1]
            replaced = True
        if not replaced:
            return raw
        out.append(raw[at:])
        return b"".join(out)

    cdef int rewrite(self, list out, bytes template, const char *data, Py_ssize_t *spans, int count) except -1:
        """Append `template` with its groups filled in; an invalid escape ends it, as in RE2."""
        cdef Py_ssize_t at = 0, size = len(template)
        cdef int group
        while at < size:
            if template[at] != c"\\":
                out.append(template[at:at + 1])
                at += 1
                continue
            at += 1
            if at < size and c"0" <= template[at] <= c"9":
                group = template[at] - c"0"
                if group < count and spans[2 * group] >= 0:
                    out.append(data[spans[2 * group]:spans[2 * group + 1]])
            elif at < size and template[at] == c"\\":
                out.append(b"\\")
            else:
                return 0
            at += 1
        return 0

    def __repr__(self):
        return f"Regex({self.pattern!r})"


cdef int max_group(bytes template):
    """The highest group that `template` names."""
    cdef int highest = 0
    cdef Py_ssize_t at = 0
    while at + 1 < len(template):
        if template[at] == c"\\":
            at += 1
            if c"0" <= template[at] <= c"9":
                highest = max(highest, template[at] - c"0")
        at += 1
    return highest


def template_error(template, int groups):
    """See the stub."""
    cdef bytes rewrite = to_bytes(template)
    cdef Py_ssize_t at = 0
    cdef int highest = max_group(rewrite)
    while at < len(rewrite):
        if rewrite[at] == c"\\":
            at += 1
            if at == len(rewrite):
                return "Rewrite schema error: '\\' not allowed at end."
            if rewrite[at] != c"\\" and not c"0" <= rewrite[at] <= c"9":
                return "Rewrite schema error: '\\' must be followed by a digit or '\\'."
        at += 1
    if highest > groups:
        return (
            f"Rewrite schema requests {highest} matches, but the regexp only has {groups} parenthesized "
            f"subexpressions."
        )
    return None


cdef set SPECIAL = set(b"\\.+*?()|[]{}^$")


def literal_prefix(pattern):
    """See the stub."""
    cdef bytes raw = to_bytes(pattern)
    cdef Py_ssize_t at = 1 if raw[:1] == b"^" else 0, size = len(raw)
    cdef list out = []
    cdef object char
    if b"|" in raw:
        return b""
    while at < size:
        char = raw[at]
        width = 1
        if char == 0x5C and at + 1 < size and raw[at + 1] < 0x80 and not chr(raw[at + 1]).isalnum():
            char = raw[at + 1]
            width = 2
        elif char in SPECIAL or char >= 0x80:
            break
        if at + width < size and raw[at + width] in b"*?{+":
            break
        out.append(char)
        at += width
    return bytes(out)
