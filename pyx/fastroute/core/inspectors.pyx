# cython: boundscheck=True, nonecheck=True
"""The HTTP inspector and the PROXY protocol, as functions of the first bytes.

HTTP inspector (LF-05, LF-06): the 24 bytes of the HTTP/2 preface are `h2c`; else the first line alone
is read, with Envoy's HTTP/1 parser: a line that ends in HTTP/1.1 is `http/1.1`, even where that is the
end of the target, any other version and none at all `http/1.0`; a line that does not parse is nothing.
64 KiB without an end of line are refused.

PROXY protocol (LF-07, LF-08): version 1 is one line of at most 108 bytes, version 2 is binary. The
command LOCAL (whose extensions are not read) and the family UNKNOWN leave the addresses as they are.
Addresses are unicast and of one family. Whatever is wrong refuses the connection, unless the header
may be missing and is.
"""

from libc.stdint cimport int32_t, uint64_t
from libc.string cimport memcmp, memset

from fastroute.core.cidr cimport ip_t, ip_to_str, is_unicast, parse_ip
from fastroute.core.client_hello cimport FOUND, NEED_MORE, NOT_MINE, REFUSED
from fastroute.core.cursor cimport cursor_t, take, take_u8, take_u16, take_u16_prefixed

cdef const char* PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
cdef const char* TOKEN = b"!#$%&'*+-.^_`|~"
cdef const char* HOST = b"!$%&'()*+,-.:;=@[]_~"
cdef const char* SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
cdef enum:
    PREFACE_LENGTH = 24
    MAX_FIRST_LINE = 65536
    SIGNATURE_LENGTH = 12
    V2_HEADER = 16
    V1_LIMIT = 108


# ------------------------------------------------------------------------------------ HTTP inspector

cdef inline bint is_alnum(unsigned char c) noexcept nogil:
    return 48 <= c <= 57 or 65 <= c <= 90 or 97 <= c <= 122


cdef inline bint one_of(unsigned char c, const char* letters) noexcept nogil:
    cdef int i = 0
    while letters[i] != 0:
        if <unsigned char>letters[i] == c:
            return True
        i += 1
    return False


cdef bint is_method(const unsigned char* text, Py_ssize_t size) noexcept nogil:
    """A token: Envoy's inspector takes any method."""
    cdef Py_ssize_t i
    for i in range(size):
        if not is_alnum(text[i]) and not one_of(text[i], TOKEN):
            return False
    return size > 0


cdef bint is_path(const unsigned char* text, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(size):
        if not (text[i] == 9 or text[i] == 12 or 32 < text[i] < 127):
            return False
    return True


cdef Py_ssize_t scheme_length(const unsigned char* text, Py_ssize_t size) noexcept nogil:
    """The length of `scheme://`, -1 without one."""
    cdef Py_ssize_t at = 1
    if size == 0 or not is_alnum(text[0]) or text[0] <= 57:
        return -1
    while at < size and (is_alnum(text[at]) or one_of(text[at], b"+-.")):
        at += 1
    return at + 3 if at + 3 <= size and memcmp(text + at, b"://", 3) == 0 else -1


cdef bint is_target(const unsigned char* text, Py_ssize_t size, bint connect) noexcept nogil:
    """A request target as Envoy's parser takes it: a path, `*`, or an authority behind a scheme."""
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t start
    if size == 0:
        return False
    if text[0] == 47 or text[0] == 42:
        return is_path(text + 1, size - 1)
    if not connect:
        at = scheme_length(text, size)
        if at < 0:
            return False
    start = at
    while at < size and text[at] != 47 and text[at] != 63:
        if not is_alnum(text[at]) and not one_of(text[at], HOST):
            return False
        if at > start and text[at] == 64 and text[at - 1] == 64:
            return False
        at += 1
    return is_path(text + at, size - at)


cdef bint is_version(const unsigned char* text, Py_ssize_t size) noexcept nogil:
    """HTTP/ and two digits with a point."""
    return (
        size == 8 and memcmp(text, b"HTTP/", 5) == 0 and 48 <= text[5] <= 57 and text[6] == 46 and 48 <= text[7] <= 57
    )


cdef Py_ssize_t method_length(const unsigned char* text, Py_ssize_t size) noexcept nogil:
    """How many bytes before the first blank; Envoy looks at them before the line is complete."""
    cdef Py_ssize_t at = 0
    while at < size and text[at] != 32 and not 9 <= text[at] <= 13:
        at += 1
    return at


cdef int only_blanks(const unsigned char* line, Py_ssize_t start, Py_ssize_t end, const char** protocol) noexcept nogil:
    """A line without a version ends in its target, or in spaces, tabs and carriage returns behind it."""
    cdef Py_ssize_t i
    for i in range(start, end):
        if line[i] != 32 and line[i] != 9 and line[i] != 13:
            return NOT_MINE
    protocol[0] = b"http/1.1" if start >= 8 and memcmp(line + start - 8, b"HTTP/1.1", 8) == 0 else b"http/1.0"
    return FOUND


cdef int read_line(const unsigned char* line, Py_ssize_t size, const char** protocol) noexcept nogil:
    """The first line, its end cut off: three parts between runs of bytes up to the space."""
    cdef Py_ssize_t method = 0
    cdef Py_ssize_t start
    cdef Py_ssize_t end
    while method < size and line[method] > 32:
        method += 1
    start = method
    while start < size and line[start] <= 32:
        start += 1
    end = start
    while end < size and line[end] > 32:
        end += 1
    if not is_method(line, method):
        return NOT_MINE
    if not is_target(line + start, end - start, method == 7 and memcmp(line, b"CONNECT", 7) == 0):
        return NOT_MINE
    start = end
    while end < size and line[end] <= 32:
        end += 1
    while size > end and line[size - 1] <= 32:
        size -= 1
    if size == end:
        return only_blanks(line, start, end, protocol)
    if not is_version(line + end, size - end):
        return NOT_MINE
    protocol[0] = b"http/1.1" if memcmp(line + end, b"HTTP/1.1", 8) == 0 else b"http/1.0"
    return FOUND


cdef int read_http(const unsigned char* data, Py_ssize_t size, const char** protocol) noexcept nogil:
    cdef Py_ssize_t i
    cdef Py_ssize_t seen = min(size, MAX_FIRST_LINE)
    if memcmp(data, PREFACE, min(size, PREFACE_LENGTH)) == 0:
        protocol[0] = b"h2c"
        return FOUND if size >= PREFACE_LENGTH else NEED_MORE
    if not is_method(data, method_length(data, seen)):
        return NOT_MINE
    for i in range(seen):
        if data[i] == 10:
            while i > 0 and data[i - 1] == 13:
                i -= 1
            return read_line(data, i, protocol)
    return NEED_MORE if size < MAX_FIRST_LINE else REFUSED


# ------------------------------------------------------------------------------------ PROXY protocol

cdef bint decimal_port(const unsigned char* text, Py_ssize_t size, int32_t* out) noexcept nogil:
    cdef Py_ssize_t i
    cdef int32_t value = 0
    if size == 0:
        return False
    for i in range(size):
        if not 48 <= text[i] <= 57:
            return False
        value = value * 10 + (text[i] - 48)
        if value > 65535:
            return False
    out[0] = value
    return True


cdef int read_v1(const unsigned char* line, Py_ssize_t size, proxy_t* out) noexcept nogil:
    """`PROXY TCP4|TCP6|UNKNOWN source destination source-port destination-port`, its end cut off."""
    cdef Py_ssize_t[7] starts
    cdef Py_ssize_t[7] sizes
    cdef int count = 0
    cdef int family
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t start
    while size > 0 and (line[size - 1] == 32 or 9 <= line[size - 1] <= 13):
        size -= 1
    while True:
        start = at
        while at < size and line[at] != 32:
            at += 1
        if count == 7:
            break
        starts[count] = start
        sizes[count] = at - start
        count += 1
        if at >= size:
            break
        at += 1
    if count < 2 or sizes[0] != 5 or memcmp(line, b"PROXY", 5) != 0:
        return REFUSED
    if sizes[1] == 7 and memcmp(line + starts[1], b"UNKNOWN", 7) == 0:
        out.local = True
        return FOUND
    if count != 6 or sizes[1] != 4 or memcmp(line + starts[1], b"TCP", 3) != 0:
        return REFUSED
    family = line[starts[1] + 3] - 48
    if family != 4 and family != 6:
        return REFUSED
    if not parse_ip(line + starts[2], sizes[2], &out.source) or out.source.family != family:
        return REFUSED
    if not parse_ip(line + starts[3], sizes[3], &out.destination) or out.destination.family != family:
        return REFUSED
    if not decimal_port(line + starts[4], sizes[4], &out.source_port):
        return REFUSED
    return FOUND if decimal_port(line + starts[5], sizes[5], &out.destination_port) else REFUSED


cdef bint read_v2_address(cursor_t* body, int family, ip_t* out) noexcept nogil:
    cdef cursor_t part
    cdef int i
    if not take(body, 4 if family == 4 else 16, &part):
        return False
    out.high = 0
    out.low = 0
    out.family = family
    for i in range(min(part.left, 8)):
        out.high |= (<uint64_t>part.at[i]) << (56 - 8 * i)
    for i in range(8, part.left):
        out.low |= (<uint64_t>part.at[i]) << (120 - 8 * i)
    return True


cdef int read_v2(const unsigned char* data, Py_ssize_t size, proxy_t* out) noexcept nogil:
    cdef cursor_t body
    cdef int command = data[12] & 0xF
    cdef int family = data[13] >> 4
    cdef int transport = data[13] & 0xF
    cdef int length = (data[14] << 8) | data[15]
    cdef int expected = 0
    cdef int port
    if data[12] >> 4 != 2:
        return REFUSED
    out.local = command == 0
    if not out.local:
        expected = 12 if family == 1 else (36 if family == 2 else -1)
        if command != 1 or expected < 0 or (transport != 1 and transport != 2):
            return REFUSED
    if length < expected:
        return REFUSED
    out.length = V2_HEADER + length
    if size < V2_HEADER + expected:
        return NEED_MORE
    body.at = data + V2_HEADER
    body.left = expected
    if not out.local:
        family = 4 if family == 1 else 6
        read_v2_address(&body, family, &out.source)
        read_v2_address(&body, family, &out.destination)
        take_u16(&body, &port)
        out.source_port = port
        take_u16(&body, &port)
        out.destination_port = port
    if size < out.length:
        return NEED_MORE
    if not out.local:
        out.extensions.at = data + V2_HEADER + expected
        out.extensions.left = length - expected
    return FOUND


cdef bint extensions_are_sound(cursor_t extensions) noexcept nogil:
    cdef int kind
    cdef cursor_t value
    while extensions.left > 0:
        if not take_u8(&extensions, &kind) or not take_u16_prefixed(&extensions, &value):
            return False
    return True


cdef bint addresses_are_sound(const proxy_t* header) noexcept nogil:
    return is_unicast(&header.source) and is_unicast(&header.destination)


cdef int read_proxy_header(
    const unsigned char* data, Py_ssize_t size, bint optional, int allowed, proxy_t* out
) noexcept nogil:
    """FOUND with the header in `out`, NOT_MINE for a missing optional one, NEED_MORE or REFUSED.

    `allowed`: bit 1 for version 1, bit 2 for version 2.
    """
    cdef Py_ssize_t at = 1
    cdef int verdict = NEED_MORE
    memset(out, 0, sizeof(proxy_t))
    if optional:
        if not (allowed & 4 and memcmp(data, SIGNATURE, min(size, SIGNATURE_LENGTH)) == 0) and not (
            allowed & 2 and memcmp(data, b"PROXY ", min(size, 6)) == 0
        ):
            return NOT_MINE
    if size >= V2_HEADER and memcmp(data, SIGNATURE, SIGNATURE_LENGTH) == 0:
        out.version = 2
        verdict = read_v2(data, size, out) if allowed & 4 else REFUSED
    elif size >= V2_HEADER and memcmp(data, b"PROXY ", 6) != 0:
        return REFUSED
    else:
        while at < size and not (data[at] == 10 and data[at - 1] == 13):
            at += 1
        if at > V1_LIMIT or (at == V1_LIMIT and at < size):
            return REFUSED
        if 1 < at < size:
            out.version = 1
            out.length = at + 1
            verdict = read_v1(data, at + 1, out) if allowed & 2 else REFUSED
    if verdict == FOUND and not extensions_are_sound(out.extensions):
        return REFUSED
    if verdict == FOUND and not out.local and not addresses_are_sound(out):
        return REFUSED
    return verdict


cdef list proxy_extensions(const proxy_t* header):
    """The (type, value) pairs of a version 2 header."""
    cdef cursor_t rest = header.extensions
    cdef cursor_t value
    cdef int kind
    found = []
    while take_u8(&rest, &kind) and take_u16_prefixed(&rest, &value):
        found.append((kind, value.at[:value.left]))
    return found


# --------------------------------------------------------------------------------- for Python callers

VERDICTS = ("found", "need more", "not mine", "refused")


cdef inline const unsigned char* start_of(const unsigned char[::1] data) noexcept:
    return &data[0] if data.shape[0] else <const unsigned char*>b""


def http_inspector(const unsigned char[::1] data not None):
    cdef const char* protocol = b""
    cdef int verdict = read_http(start_of(data), data.shape[0], &protocol)
    return VERDICTS[verdict], (<bytes>protocol).decode() if verdict == FOUND else None


def proxy_protocol(const unsigned char[::1] data not None, *, bint optional=False, versions=(1, 2)):
    cdef proxy_t header
    cdef int allowed = sum([1 << version for version in set(versions)])
    cdef int verdict = read_proxy_header(start_of(data), data.shape[0], optional, allowed, &header)
    if verdict != FOUND:
        return VERDICTS[verdict], 0, None, None, []
    source = destination = None
    if not header.local:
        source = (ip_to_str(&header.source), header.source_port)
        destination = (ip_to_str(&header.destination), header.destination_port)
    return VERDICTS[verdict], header.length, source, destination, proxy_extensions(&header)
