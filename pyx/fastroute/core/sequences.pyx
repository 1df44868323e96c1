# cython: boundscheck=True, nonecheck=True
"""Regular expressions that are plain sequences, which are matched in one pass without RE2.

A sequence is of single bytes, classes and `.`, each once or with one of `+`, `*` and `?`: `/users/[0-9]+/items`. Taking
as many bytes as each step may is exact where no byte that a repeated step takes could begin what comes after it: then
no other way to divide the text exists. An expression that is anything else, or whose every part is not known here for
certain, has none, and RE2 matches it.

RM-05  `.` is every byte but a line feed; a negated class takes line feeds too. Bytes are Latin-1 characters.
"""

cdef frozenset SPECIAL = frozenset(b"\\.+*?()|[]{}^$")
cdef frozenset WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
cdef frozenset IN_CLASS = WORD | frozenset(b"./%~+,@=!")      # what has no meaning of its own there
cdef frozenset EVERY = frozenset(range(256))
cdef frozenset DOT = EVERY - {0x0A}
cdef frozenset NOTHING = frozenset()
cdef dict ESCAPED = {0x64: frozenset(b"0123456789"), 0x77: WORD}       # \\d and \\w
cdef dict REPEATS = {0x2B: (1, 0xFFFFFFFF), 0x2A: (0, 0xFFFFFFFF), 0x3F: (0, 1)}
cdef enum:
    LONGEST = 64               # steps


cdef list plain_sequence(bytes pattern):
    """The steps (bytes, least, most) of an expression that RE2 takes; None when it is no plain sequence."""
    cdef list steps = []
    cdef Py_ssize_t at = 0, size = len(pattern)
    while at < size:
        members, at = one_step(pattern, at)
        if members is None or len(steps) == LONGEST:
            return None
        least, most = 1, 1
        if at < size and pattern[at] in REPEATS:
            least, most = REPEATS[pattern[at]]
            at += 1
            if at < size and pattern[at] in REPEATS:
                return None
        steps.append((members, least, most))
    return steps if steps and is_certain(steps) else None


cdef bytes literal_ending(bytes pattern):
    """What every match of an expression that RE2 takes ends with, as far as it is known here for certain."""
    cdef bytearray ending = bytearray()
    cdef Py_ssize_t at = 0, size = len(pattern), depth = 0
    while at < size:
        byte = pattern[at]
        members = NOTHING
        if byte == 0x28:
            if pattern[at + 1:at + 2] == b"?" and pattern[at + 2:at + 3] != b":":
                return b""                  # flags and names
            depth += 1
            at += 3 if pattern[at + 1:at + 2] == b"?" else 1
        elif byte == 0x29:
            depth -= 1
            at += 1
        elif byte == 0x7C and depth:
            at += 1
        else:
            members, at = one_step(pattern, at)
            if members is None:
                return b""
        if depth == 0 and len(members) == 1 and (at == size or pattern[at] not in REPEATS):
            ending.append(next(iter(members)))
            continue
        ending.clear()
        while at < size and pattern[at] in REPEATS:
            at += 1
    return bytes(ending)


cdef tuple one_step(bytes pattern, Py_ssize_t at):
    """The bytes that one step takes, and where the next begins; None for anything that is not known here."""
    cdef object byte = pattern[at]
    if byte == 0x2E:
        return DOT, at + 1
    if byte == 0x5B:
        return one_class(pattern, at + 1)
    if byte == 0x5C:
        if at + 1 == len(pattern):
            return None, at
        byte = pattern[at + 1]
        if byte in ESCAPED:
            return ESCAPED[byte], at + 2
        return (frozenset((byte,)), at + 2) if byte in SPECIAL or byte in b"/-" else (None, at)
    return (frozenset((byte,)), at + 1) if 0x20 < byte < 0x7F and byte not in SPECIAL else (None, at)


cdef tuple one_class(bytes pattern, Py_ssize_t at):
    """A class of bytes and ranges, `-` being one only at its end."""
    cdef Py_ssize_t end = pattern.find(b"]", at)
    cdef set members = set()
    cdef bint negated = end > at and pattern[at] == 0x5E
    if negated:
        at += 1
    if end <= at:
        return None, at
    while at < end:
        byte = pattern[at]
        if byte == 0x2D and at + 1 == end:
            members.add(byte)
            at += 1
        elif byte not in IN_CLASS:
            return None, at
        elif at + 2 < end and pattern[at + 1] == 0x2D:
            if pattern[at + 2] not in WORD or byte not in WORD:
                return None, at
            members.update(range(byte, pattern[at + 2] + 1))
            at += 3
        else:
            members.add(byte)
            at += 1
    return (EVERY - members if negated else frozenset(members)), end + 1


cdef bint is_certain(list steps) except -1:
    """Whether no byte of a repeated step can begin what comes after it."""
    for at, (members, least, most) in enumerate(steps):
        if least == most:
            continue
        for after, fewest, _ in steps[at + 1:]:
            if not members.isdisjoint(after):
                return False
            if fewest:
                break
    return True
