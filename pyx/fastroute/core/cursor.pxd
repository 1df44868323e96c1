# A bounded view of bytes that are being parsed. Every read checks what is left; none reads beyond it.


cdef struct cursor_t:
    const unsigned char* at
    Py_ssize_t left


cdef inline bint take_u8(cursor_t* cursor, int* out) noexcept nogil:
    if cursor.left < 1:
        return False
    out[0] = cursor.at[0]
    cursor.at += 1
    cursor.left -= 1
    return True


cdef inline bint take_u16(cursor_t* cursor, int* out) noexcept nogil:
    if cursor.left < 2:
        return False
    out[0] = (cursor.at[0] << 8) | cursor.at[1]
    cursor.at += 2
    cursor.left -= 2
    return True


cdef inline bint take(cursor_t* cursor, Py_ssize_t size, cursor_t* out) noexcept nogil:
    if size < 0 or cursor.left < size:
        return False
    out.at = cursor.at
    out.left = size
    cursor.at += size
    cursor.left -= size
    return True


cdef inline bint take_u8_prefixed(cursor_t* cursor, cursor_t* out) noexcept nogil:
    cdef int size
    return take_u8(cursor, &size) and take(cursor, size, out)


cdef inline bint take_u16_prefixed(cursor_t* cursor, cursor_t* out) noexcept nogil:
    cdef int size
    return take_u16(cursor, &size) and take(cursor, size, out)
