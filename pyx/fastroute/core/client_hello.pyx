# cython: boundscheck=True, nonecheck=True
"""The TLS inspector: server name and application protocols of a ClientHello (LF-01 to LF-04).

What Envoy's inspector accepts is what the server side of BoringSSL reads before it would negotiate:

1. Records: major version 3, at most 16 KiB, content type handshake; the message may span records, with
   at most 32 empty ones in a row. Up to four warnings (alert records) may come before it.
2. The message: at most 16 KiB; version, 32 bytes random, session id, cipher suites, compression methods,
   extensions without a duplicate, nothing behind them.
3. The server name: one host name of 1 to 255 bytes without a zero byte.
4. The protocols, unless their list is malformed; then there are none.
5. The version field from TLS 1.0 to 1.3: any other closes the connection, whatever the extension
   supported_versions says.

Whatever fails before the last point is not TLS. No other extension is looked into, and the version is
not negotiated (seen on the binary; the rule LF-01 supposes the whole handshake).

Nothing is kept between calls: the function is given all bytes seen so far.
"""

from libc.string cimport memchr, memcmp, memset

from fastroute.core.cursor cimport cursor_t, take, take_u8, take_u8_prefixed, take_u16, take_u16_prefixed

cdef enum:
    RECORD_HEADER = 5
    MAX_RECORD = 16384
    MAX_CIPHERTEXT = 16384 + 256 + 64
    MAX_MESSAGE = 16384
    MAX_EMPTY_RECORDS = 32
    MAX_ALERTS = 4
    ALERT = 21
    HANDSHAKE = 22
    CLIENT_HELLO = 1
    TLS_1_0 = 0x0301
    TLS_1_3 = 0x0304
    EXT_SERVER_NAME = 0
    EXT_PROTOCOLS = 16
    EXT_ENCRYPTED_HELLO = 0xFE0D


cdef bint find_extension(cursor_t extensions, int wanted, cursor_t* out) noexcept nogil:
    cdef int kind
    while take_u16(&extensions, &kind) and take_u16_prefixed(&extensions, out):
        if kind == wanted:
            return True
    return False


cdef bint extensions_are_sound(cursor_t extensions) noexcept nogil:
    """Each one complete, and no type twice."""
    cdef unsigned char[8192] seen
    cdef int kind
    cdef cursor_t body
    memset(seen, 0, sizeof(seen))
    while extensions.left > 0:
        if not take_u16(&extensions, &kind) or not take_u16_prefixed(&extensions, &body):
            return False
        if seen[kind >> 3] & (1 << (kind & 7)):
            return False
        seen[kind >> 3] |= 1 << (kind & 7)
    return True


cdef bint read_name(cursor_t body, hello_t* out) noexcept nogil:
    cdef cursor_t names
    cdef int kind
    if not take_u16_prefixed(&body, &names) or not take_u8(&names, &kind):
        return False
    if not take_u16_prefixed(&names, &out.name) or names.left != 0 or body.left != 0:
        return False
    if kind != 0 or out.name.left == 0 or out.name.left > 255:
        return False
    if memchr(out.name.at, 0, out.name.left) != NULL:
        return False
    out.has_name = True
    return True


cdef bint protocols_are_sound(cursor_t body, hello_t* out) noexcept nogil:
    cdef cursor_t each
    cdef cursor_t names
    if not take_u16_prefixed(&body, &names) or body.left != 0 or names.left < 2:
        return False
    out.protocols = names
    while names.left > 0:
        if not take_u8_prefixed(&names, &each) or each.left == 0:
            return False
    return True


cdef bint encrypted_hello_is_sound(cursor_t body) noexcept nogil:
    """0: the outer hello, which is not looked into; 1: an inner one, empty."""
    cdef int kind
    if not take_u8(&body, &kind):
        return False
    return kind == 0 or (kind == 1 and body.left == 0)


cdef int read_hello(cursor_t message, hello_t* out) noexcept nogil:
    """The body of a ClientHello message: FOUND, NOT_MINE or REFUSED."""
    cdef cursor_t part
    cdef cursor_t ciphers
    cdef cursor_t compressions
    cdef cursor_t extensions
    cdef int legacy
    memset(&extensions, 0, sizeof(extensions))
    if not take_u16(&message, &legacy) or not take(&message, 32, &part):
        return NOT_MINE
    if not take_u8_prefixed(&message, &part) or part.left > 32:
        return NOT_MINE
    if not take_u16_prefixed(&message, &ciphers) or ciphers.left < 2 or ciphers.left % 2:
        return NOT_MINE
    if not take_u8_prefixed(&message, &compressions) or compressions.left < 1:
        return NOT_MINE
    if message.left > 0 and (not take_u16_prefixed(&message, &extensions) or message.left != 0):
        return NOT_MINE
    if not extensions_are_sound(extensions):
        return NOT_MINE
    if find_extension(extensions, EXT_SERVER_NAME, &part) and not read_name(part, out):
        return NOT_MINE
    if find_extension(extensions, EXT_ENCRYPTED_HELLO, &part) and not encrypted_hello_is_sound(part):
        return NOT_MINE
    if find_extension(extensions, EXT_PROTOCOLS, &part):
        out.has_protocols = protocols_are_sound(part, out)
    if legacy < TLS_1_0 or legacy > TLS_1_3:
        return REFUSED
    out.is_tls = True
    return FOUND


cdef int skip_alert(cursor_t body) noexcept nogil:
    """FOUND for a warning, which is passed over; a close_notify ends the connection."""
    if body.left != 2 or body.at[0] != 1:
        return NOT_MINE
    return FOUND if body.at[1] != 0 else REFUSED


cdef int read_records(cursor_t stream, bytearray message, Py_ssize_t* size) except -1:
    """Gather the first handshake message out of its records; `size` is what it needs in all."""
    cdef cursor_t body
    cdef cursor_t header
    cdef int kind
    cdef int version
    cdef int length
    cdef int verdict
    cdef int empty = 0
    cdef int alerts = 0
    size[0] = 4
    while len(message) < size[0]:
        header = stream
        if not take_u8(&header, &kind) or not take_u16(&header, &version) or not take_u16(&header, &length):
            return NEED_MORE
        if version >> 8 != 3 or length > MAX_CIPHERTEXT:
            return NOT_MINE
        if not take(&header, length, &body):
            return NEED_MORE
        if length > MAX_RECORD:
            return NOT_MINE
        empty = empty + 1 if length == 0 else 0
        if empty > MAX_EMPTY_RECORDS:
            return NOT_MINE
        stream = header
        if kind == ALERT and len(message) == 0:
            verdict = skip_alert(body)
            alerts += 1
            if verdict != FOUND or alerts > MAX_ALERTS:
                return NOT_MINE if verdict == FOUND else verdict
            continue
        if kind != HANDSHAKE:
            return NOT_MINE
        message += body.at[:length]
        if len(message) >= 4:
            size[0] = 4 + (message[1] << 16 | message[2] << 8 | message[3])
            if size[0] > 4 + MAX_MESSAGE:
                return NOT_MINE
    return FOUND


cdef bint is_http(const unsigned char* data) noexcept nogil:
    return (
        memcmp(data, b"GET ", 4) == 0 or memcmp(data, b"POST ", 5) == 0 or memcmp(data, b"HEAD ", 5) == 0
        or memcmp(data, b"PUT ", 4) == 0 or memcmp(data, b"CONNE", 5) == 0
    )


cdef tuple inspect_client_hello(const unsigned char* data, Py_ssize_t size, Py_ssize_t limit):
    """(verdict, server name or None, protocols or None) of the first bytes of a connection."""
    cdef cursor_t stream
    cdef hello_t hello
    cdef bytearray message = bytearray()
    cdef Py_ssize_t needed = 0
    cdef int verdict
    cdef bint whole = size < limit
    memset(&hello, 0, sizeof(hello))
    stream.at = data
    stream.left = min(size, limit)
    if stream.left < RECORD_HEADER:
        return NEED_MORE if whole else REFUSED, None, None
    if is_http(data):
        return NOT_MINE, None, None
    verdict = read_records(stream, message, &needed)
    if verdict == NEED_MORE and not whole:
        verdict = REFUSED
    if verdict == FOUND:
        verdict = NOT_MINE
        if message[0] == CLIENT_HELLO:
            stream.at = <const unsigned char*><char*>message + 4
            stream.left = needed - 4
            verdict = read_hello(stream, &hello)
    name = hello.name.at[:hello.name.left].lower() if hello.is_tls and hello.has_name else None
    return verdict, name, protocol_names(hello.protocols) if hello.has_protocols else None


cdef tuple protocol_names(cursor_t protocols):
    cdef cursor_t each
    found = []
    while take_u8_prefixed(&protocols, &each):
        found.append(each.at[:each.left])
    return tuple(found)


VERDICTS = ("found", "need more", "not mine", "refused")


def tls_inspector(const unsigned char[::1] data not None, int max_client_hello_size=16384):
    cdef const unsigned char* start = &data[0] if data.shape[0] else <const unsigned char*>b""
    verdict, name, protocols = inspect_client_hello(start, data.shape[0], max_client_hello_size)
    return VERDICTS[verdict], name, protocols
