# cython: boundscheck=True, nonecheck=True
"""Path and authority normalisation: what the connection manager makes of them before routing.

HC-20  %2F and %5C (either case) become "/" and "\\" where the manager unescapes slashes.
HC-22  normalize_path decodes escapes of unreserved characters only; others stay, valid or not; %00 is refused.
HC-23  "\\" becomes "/"; raw " < > ^ ` { | } become upper-case escapes.
HC-24  Dot segments go, after decoding; too many ".." stay at the root; empty segments stay. A raw "." or ".."
       followed by parameters counts as a dot segment, an escaped one does not.
HC-26  merge_slashes drops empty segments, but keeps a slash at either end: "//" stays "//".
HC-30  A trailing dot of the host goes, one at most. HC-31  A numeric port goes: any, or a certain one.
RM-12  Path parameters (";…") of every segment.

All functions take the part before the query (HC-25) and work in time linear in its length.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

cdef bytes HEX = b"0123456789ABCDEF"


cdef inline int hex_value(char c) noexcept nogil:
    if c"0" <= c <= c"9":
        return c - c"0"
    if c"a" <= c <= c"f":
        return c - c"a" + 10
    if c"A" <= c <= c"F":
        return c - c"A" + 10
    return -1


cdef inline int escape_at(const char *text, Py_ssize_t size, Py_ssize_t at) noexcept nogil:
    """The byte that the escape at `at` stands for, or -1."""
    cdef int high, low
    if text[at] != c"%" or at + 2 >= size:
        return -1
    high = hex_value(text[at + 1])
    low = hex_value(text[at + 2])
    return -1 if high < 0 or low < 0 else high * 16 + low


cdef inline bint is_unreserved(int c) noexcept nogil:
    return (c"a" <= c <= c"z" or c"A" <= c <= c"Z" or c"0" <= c <= c"9"
            or c == c"-" or c == c"." or c == c"_" or c == c"~")


cdef inline bint is_quoted(char c) noexcept nogil:
    return c == c'"' or c == c"<" or c == c">" or c == c"^" or c == c"`" or c == c"{" or c == c"|" or c == c"}"


cdef bytes unescape_slashes(bytes path):
    """The path with escaped slashes unescaped; the same object when it has none."""
    cdef const char *text = PyBytes_AS_STRING(path)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(path), at = 0
    cdef int escape
    cdef bytearray out
    if b"%" not in path:
        return path
    out = bytearray()
    while at < size:
        escape = escape_at(text, size, at)
        if escape == c"/" or escape == c"\\":
            out.append(escape)
            at += 3
        else:
            out.append(<unsigned char>text[at])
            at += 1
    return path if len(out) == size else bytes(out)


cdef bytes canonical_path(bytes path):
    """The path in canonical form, or None where it has %00."""
    cdef const char *text = PyBytes_AS_STRING(path)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(path), at = 1, start, end
    cdef bytearray out = bytearray()
    cdef int dots
    if b"%00" in path:
        return None
    while at <= size:
        start = at
        while at < size and text[at] != c"/" and text[at] != c"\\":
            at += 1
        end = at
        at += 1
        dots = dot_segment(text + start, end - start)
        if dots == 2:
            del out[out.rfind(b"/") if out else 0:]
        if dots == 0:
            out.append(c"/")
            add_segment(out, text + start, end - start)
        elif end == size:
            out.append(c"/")
    return bytes(out)


cdef int add_segment(bytearray out, const char *text, Py_ssize_t size) except -1:
    """Append a segment, decoded and quoted."""
    cdef Py_ssize_t at = 0
    cdef int escape
    while at < size:
        escape = escape_at(text, size, at)
        if escape >= 0 and is_unreserved(escape):
            out.append(escape)
            at += 3
            continue
        if is_quoted(text[at]):
            out.append(c"%")
            out.append(HEX[<unsigned char>text[at] >> 4])
            out.append(HEX[<unsigned char>text[at] & 15])
        else:
            out.append(<unsigned char>text[at])
        at += 1
    return 0


cdef int dot_segment(const char *text, Py_ssize_t size) noexcept nogil:
    """1 for ".", 2 for "..", raw (with parameters or not) or escaped; 0 for every other segment."""
    cdef Py_ssize_t at = 0
    cdef int dots = 0
    cdef bint escaped = False
    while at < size and dots < 3:
        if text[at] == c".":
            at += 1
        elif escape_at(text, size, at) == c".":
            at += 3
            escaped = True
        else:
            break
        dots += 1
    if dots == 0 or dots > 2:
        return 0
    if at == size:
        return dots
    return dots if text[at] == c";" and not escaped else 0


cdef bytes merge_slashes(bytes path):
    if b"//" not in path:
        return path
    parts = [part for part in path.split(b"/") if part]
    return (b"/" if path.startswith(b"/") else b"") + b"/".join(parts) + (b"/" if path.endswith(b"/") else b"")


cdef bytes without_parameters(bytes path):
    if b";" not in path:
        return path
    return b"/".join([segment.partition(b";")[0] for segment in path.split(b"/")])


cdef bytes without_trailing_dot(bytes host):
    at = host.rfind(b".")
    if at >= 0 and host[at + 1:at + 2] in (b"", b":"):
        return host[:at] + host[at + 1:]
    return host


cdef bytes without_port(bytes host, Py_ssize_t port):
    """The host without its port, where that is a number: any (`port` is -1), or only `port`."""
    cdef Py_ssize_t colon = port_start(PyBytes_AS_STRING(host), PyBytes_GET_SIZE(host))
    if colon < 0:
        return host
    text = host[colon + 1:].strip(b" \t\n\v\f\r")
    digits = text[1:] if text.startswith(b"+") else text
    if not digits.isdigit():
        return host
    number = int(digits) if len(digits) < 20 else 1 << 32
    if number >= 1 << 32 or (port >= 0 and number != port):
        return host
    return host[:colon]


cdef Py_ssize_t port_start(const char *host, Py_ssize_t size) noexcept nogil:
    """Where the port starts (its colon): the last ":" that no "]" follows; -1 without one."""
    while size > 0:
        size -= 1
        if host[size] == c"]":
            return -1
        if host[size] == c":":
            return size
    return -1


def normalised(bytes path not None, *, bint unescape=False, bint canonical=False, bint merge=False):
    """See the stub."""
    cdef bytes before, mark, query, found
    before, mark, query = path.partition(b"?")
    found = unescape_slashes(before) if unescape else before
    if canonical:
        found = canonical_path(found)
        if found is None:
            return None
    return (merge_slashes(found) if merge else found) + mark + query
