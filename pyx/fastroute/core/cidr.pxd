from libc.stdint cimport int32_t, uint64_t


# An address as 128 bits, the first bit of the address being the top bit of `high`: an IPv4 address
# lies in the top 32 bits. `family` is 4, 6, or 0 for "not an IP address".
cdef struct ip_t:
    uint64_t high
    uint64_t low
    int32_t family


cdef struct trie_node:
    uint64_t high
    uint64_t low
    int32_t bits
    int32_t value
    int32_t[2] child


cdef bint parse_ip(const unsigned char* text, Py_ssize_t size, ip_t* out) noexcept nogil
cdef const char* utf8_of(object text, Py_ssize_t* size) except NULL
cdef bint ip_from_str(object text, ip_t* out) except -1
cdef object ip_to_str(const ip_t* ip)
cdef bint same_ip(const ip_t* one, const ip_t* other) noexcept nogil
cdef bint is_loopback(const ip_t* ip) noexcept nogil
cdef bint is_unicast(const ip_t* ip) noexcept nogil
cdef void unmap(ip_t* ip) noexcept nogil


cdef class CidrTrie:
    cdef trie_node* nodes
    cdef int32_t used
    cdef int32_t space
    cdef int32_t root4
    cdef int32_t root6

    cdef int32_t grow(self) except -1
    cdef int32_t fork(self, const ip_t* ip, int32_t bits) except -1
    cdef int32_t add(self, int32_t root, const ip_t* ip, int32_t bits, int32_t value) except -2
    cdef int32_t find(self, const ip_t* ip) noexcept nogil
