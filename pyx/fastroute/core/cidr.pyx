# cython: boundscheck=True, nonecheck=True
"""IP addresses as numbers, and the longest covering prefix of an address.

Rules (FC-04, FC-16):

* A prefix of one family never covers an address of the other.
* Bits beyond the prefix length do not count: 10.0.0.1/8 is 10.0.0.0/8. A length beyond the family's
  width is the width (Envoy takes 10.0.0.1/33 for 10.0.0.1/32).
* The longest covering prefix wins; there is no default.

The trie is a path-compressed binary one in a flat array: a look-up visits at most one node for each
distinct prefix length above the address, however many prefixes there are.
"""

cimport cython
from libc.stdlib cimport free, realloc
from libc.stdint cimport int32_t, uint64_t
from libc.string cimport memset

from fastroute.errors import RequestError


cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL


cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static int fastroute_clz64(unsigned long long x) { unsigned long i; _BitScanReverse64(&i, x); return 63 - (int)i; }
    #else
    static int fastroute_clz64(unsigned long long x) { return __builtin_clzll(x); }
    #endif
    """
    int fastroute_clz64(uint64_t x) noexcept nogil


# ---------------------------------------------------------------------------------------- addresses

cdef extern from *:
    """
    #include <stdint.h>
    /* Four decimal numbers up to 255, without leading zeros, as inet_pton takes them. */
    static int cidr_parse_v4(const unsigned char *text, Py_ssize_t size, uint64_t *out) {
        const unsigned char *end = text + size;
        uint32_t address = 0;
        for (int part = 0; part < 4; part++) {
            unsigned number, digit;
            if (part && (text == end || *text++ != '.')) return 0;
            if (text == end || (number = *text++ - '0') > 9) return 0;
            while (number && text < end && (digit = *text - '0') <= 9) {
                number = number * 10 + digit;
                if (number > 255) return 0;
                text++;
            }
            address = address << 8 | number;
        }
        *out = address;
        return text == end;
    }
    """
    bint parse_v4 "cidr_parse_v4"(const unsigned char* text, Py_ssize_t size, uint64_t* out) noexcept nogil


cdef inline int hex_value(unsigned char c) noexcept nogil:
    if 48 <= c <= 57:
        return c - 48
    if 97 <= c <= 102:
        return c - 87
    if 65 <= c <= 70:
        return c - 55
    return -1


cdef bint parse_v6(const unsigned char* text, Py_ssize_t size, ip_t* out) noexcept nogil:
    """Groups of up to four hexadecimal digits, one `::`, perhaps an IPv4 tail, as inet_pton takes them."""
    cdef int[8] groups
    cdef int count = 0
    cdef int gap = -1
    cdef int digits
    cdef int value
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t start
    cdef uint64_t tail
    if size >= 2 and text[0] == 58 and text[1] == 58:
        gap = 0
        at = 2
    elif size == 0 or text[0] == 58:
        return False
    while at < size:
        if count == 8:
            return False
        start = at
        digits = 0
        value = 0
        while at < size and digits < 4 and hex_value(text[at]) >= 0:
            value = value * 16 + hex_value(text[at])
            at += 1
            digits += 1
        if at < size and text[at] == 46:
            if count > 6 or not parse_v4(text + start, size - start, &tail):
                return False
            groups[count] = <int>(tail >> 16)
            groups[count + 1] = <int>(tail & 0xFFFF)
            count += 2
            at = size
            break
        if digits == 0:
            return False
        groups[count] = value
        count += 1
        if at == size:
            break
        if text[at] != 58:
            return False
        at += 1
        if at < size and text[at] == 58:
            if gap >= 0:
                return False
            gap = count
            at += 1
        elif at == size:
            return False
    if gap < 0 and count != 8 or gap >= 0 and count >= 8:
        return False
    join_groups(groups, count, gap, out)
    return True


cdef void join_groups(const int* groups, int count, int gap, ip_t* out) noexcept nogil:
    """The address of `count` groups, with zeros before group `gap` where it is not negative."""
    cdef int value, i
    out.high = 0
    out.low = 0
    for i in range(8):
        if gap < 0 or i < gap:
            value = groups[i]
        elif i < gap + 8 - count:
            value = 0
        else:
            value = groups[i - (8 - count)]
        if i < 4:
            out.high |= (<uint64_t>value) << (48 - 16 * i)
        else:
            out.low |= (<uint64_t>value) << (48 - 16 * (i - 4))


cdef bint parse_ip(const unsigned char* text, Py_ssize_t size, ip_t* out) noexcept nogil:
    """Read an address; False when `text` is none. Nothing else (zone, port, brackets) is taken."""
    cdef uint64_t v4
    if parse_v4(text, size, &v4):
        out.high = v4 << 32
        out.low = 0
        out.family = 4
        return True
    out.family = 6
    if parse_v6(text, size, out):
        return True
    memset(out, 0, sizeof(ip_t))
    return False


cdef const char* utf8_of(object text, Py_ssize_t* size) except NULL:
    """The bytes of a str, which live as long as it does; RequestError for anything that has none."""
    if not isinstance(text, str):
        raise RequestError(f"an IP address is text, not {type(text).__name__}")
    try:
        return PyUnicode_AsUTF8AndSize(text, size)
    except UnicodeEncodeError:
        raise RequestError(f"not an IP address: {text!r}") from None


cdef bint ip_from_str(object text, ip_t* out) except -1:
    """Read the address in a str; raises RequestError, a ValueError, when it is none."""
    cdef Py_ssize_t size = 0
    cdef const char* data = utf8_of(text, &size)
    if not parse_ip(<const unsigned char*>data, size, out):
        raise RequestError(f"not an IP address: {text!r}")
    return True


cdef object ip_to_str(const ip_t* ip):
    """The address as inet_ntop writes it."""
    cdef list groups
    cdef int best = -1
    cdef int length = 1
    cdef int i = 0
    cdef int j
    if ip.family == 4:
        return f"{ip.high >> 56}.{(ip.high >> 48) & 255}.{(ip.high >> 40) & 255}.{(ip.high >> 32) & 255}"
    if ip.high == 0 and (ip.low >> 32 == 0xFFFF or (ip.low >> 32 == 0 and ip.low >> 16 != 0)):
        head = "::ffff:" if ip.low >> 32 else "::"
        return f"{head}{(ip.low >> 24) & 255}.{(ip.low >> 16) & 255}.{(ip.low >> 8) & 255}.{ip.low & 255}"
    groups = [(ip.high >> (48 - 16 * i)) & 0xFFFF for i in range(4)]
    groups += [(ip.low >> (48 - 16 * i)) & 0xFFFF for i in range(4)]
    i = 0
    while i < 8:
        j = i
        while j < 8 and groups[j] == 0:
            j += 1
        if j - i > length:
            best = i
            length = j - i
        i = j + 1
    if best < 0:
        return ":".join([f"{group:x}" for group in groups])
    head = ":".join([f"{group:x}" for group in groups[:best]])
    return f"{head}::" + ":".join([f"{group:x}" for group in groups[best + length:]])


cdef bint same_ip(const ip_t* one, const ip_t* other) noexcept nogil:
    return one.high == other.high and one.low == other.low and one.family == other.family


cdef bint is_loopback(const ip_t* ip) noexcept nogil:
    """127.0.0.1 and ::1 alone: no other address of 127.0.0.0/8 is one (FC-10)."""
    if ip.family == 4:
        return ip.high == (<uint64_t>0x7F000001) << 32
    return ip.family == 6 and ip.high == 0 and ip.low == 1


cdef bint is_unicast(const ip_t* ip) noexcept nogil:
    """Neither the unspecified address, nor broadcast, nor multicast (LF-08)."""
    cdef uint64_t v4 = ip.high >> 32
    if ip.family == 4:
        return v4 != 0 and v4 != <uint64_t>0xFFFFFFFF and v4 >> 28 != 0xE
    return (ip.high != 0 or ip.low != 0) and ip.high >> 56 != 0xFF


cdef void unmap(ip_t* ip) noexcept nogil:
    """Turn a v4-mapped IPv6 address into the IPv4 address, as a dual-stack socket reports it (FC-16)."""
    if ip.family == 6 and ip.high == 0 and ip.low >> 32 == 0xFFFF:
        ip.high = ip.low << 32
        ip.low = 0
        ip.family = 4


# --------------------------------------------------------------------------------------------- trie

cdef inline int common_bits(const trie_node* node, const ip_t* ip) noexcept nogil:
    """How many leading bits the node's prefix and the address share."""
    cdef uint64_t different = node.high ^ ip.high
    if different != 0:
        return fastroute_clz64(different)
    different = node.low ^ ip.low
    return 64 + fastroute_clz64(different) if different != 0 else 128


cdef inline int bit_at(const ip_t* ip, int bit) noexcept nogil:
    return <int>((ip.high >> (63 - bit)) & 1) if bit < 64 else <int>((ip.low >> (127 - bit)) & 1)


cdef inline void mask(ip_t* ip, int bits) noexcept nogil:
    """Clear everything behind the first `bits` bits."""
    if bits <= 0:
        ip.high = 0
    elif bits < 64:
        ip.high &= ~((<uint64_t>0xFFFFFFFFFFFFFFFF) >> bits)
    if bits <= 64:
        ip.low = 0
    elif bits < 128:
        ip.low &= ~((<uint64_t>0xFFFFFFFFFFFFFFFF) >> (bits - 64))


@cython.final
cdef class CidrTrie:
    def __cinit__(self, entries):
        cdef ip_t ip
        cdef int bits
        cdef int width
        self.nodes = NULL
        self.used = 0
        self.space = 0
        self.root4 = -1
        self.root6 = -1
        for address, length, value in entries:
            ip_from_str(address, &ip)
            width = 32 if ip.family == 4 else 128
            bits = min(max(length, 0), width)
            mask(&ip, bits)
            if value < 0:
                raise ValueError(f"the value of {address}/{length} is negative")
            if ip.family == 4:
                self.root4 = self.add(self.root4, &ip, bits, value)
            else:
                self.root6 = self.add(self.root6, &ip, bits, value)

    def __dealloc__(self):
        free(self.nodes)

    cdef int32_t grow(self) except -1:
        """Room for one more node; its index."""
        cdef trie_node* grown
        if self.used == self.space:
            grown = <trie_node*>realloc(self.nodes, (self.space * 2 + 16) * sizeof(trie_node))
            if grown == NULL:
                raise MemoryError()
            self.nodes = grown
            self.space = self.space * 2 + 16
        memset(&self.nodes[self.used], 0, sizeof(trie_node))
        self.used += 1
        return self.used - 1

    cdef int32_t add(self, int32_t root, const ip_t* ip, int32_t bits, int32_t value) except -2:
        """Insert a prefix below `root`; returns the root of the grown sub-trie."""
        cdef int32_t fresh = self.grow()
        cdef int32_t fork
        cdef ip_t below
        cdef int32_t at = root
        cdef int32_t parent = -1
        cdef int side = 0
        cdef int shared = 0
        self.nodes[fresh].high = ip.high
        self.nodes[fresh].low = ip.low
        self.nodes[fresh].bits = bits
        self.nodes[fresh].value = value
        self.nodes[fresh].child[0] = -1
        self.nodes[fresh].child[1] = -1
        while at >= 0:
            shared = min(common_bits(&self.nodes[at], ip), bits, self.nodes[at].bits)
            if shared < self.nodes[at].bits or shared == bits:
                break
            parent = at
            side = bit_at(ip, shared)
            at = self.nodes[at].child[side]
        if at >= 0 and shared == bits and self.nodes[at].bits == bits:
            self.used -= 1
            if self.nodes[at].value >= 0:
                raise ValueError("the same prefix twice")
            self.nodes[at].value = value
            return root
        if at >= 0:
            fork = fresh
            if shared < bits:
                fork = self.fork(ip, shared)
                self.nodes[fork].child[bit_at(ip, shared)] = fresh
            below.high = self.nodes[at].high
            below.low = self.nodes[at].low
            self.nodes[fork].child[bit_at(&below, shared)] = at
            fresh = fork
        if parent < 0:
            return fresh
        self.nodes[parent].child[side] = fresh
        return root

    cdef int32_t fork(self, const ip_t* ip, int32_t bits) except -1:
        """A node without a value at the first `bits` bits of the address."""
        cdef int32_t at = self.grow()
        cdef ip_t prefix = ip[0]
        mask(&prefix, bits)
        self.nodes[at].high = prefix.high
        self.nodes[at].low = prefix.low
        self.nodes[at].bits = bits
        self.nodes[at].value = -1
        self.nodes[at].child[0] = -1
        self.nodes[at].child[1] = -1
        return at

    def __len__(self):
        cdef int32_t i
        cdef int count = 0
        for i in range(self.used):
            count += self.nodes[i].value >= 0
        return count

    def get(self, address):
        cdef ip_t ip
        cdef int32_t value
        ip_from_str(address, &ip)
        value = self.find(&ip)
        return None if value < 0 else value

    cdef int32_t find(self, const ip_t* ip) noexcept nogil:
        """The value of the longest prefix that covers the address, -1 when none does."""
        cdef int32_t at = self.root4 if ip.family == 4 else (self.root6 if ip.family == 6 else -1)
        cdef int32_t best = -1
        cdef int32_t width = 32 if ip.family == 4 else 128
        cdef trie_node* node
        while at >= 0:
            node = &self.nodes[at]
            if common_bits(node, ip) < node.bits:
                break
            if node.value >= 0:
                best = node.value
            if node.bits >= width:
                break
            at = node.child[bit_at(ip, node.bits)]
        return best


def parse_address(text):
    cdef ip_t ip
    ip_from_str(text, &ip)
    return ip.family, ((<object>ip.high) << 64 | ip.low) >> (96 if ip.family == 4 else 0)


def format_address(text):
    cdef ip_t ip
    ip_from_str(text, &ip)
    return ip_to_str(&ip)
