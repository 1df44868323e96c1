# cython: boundscheck=True, nonecheck=True
"""Which virtual host has a domain for a host.

VH-01  Hosts are compared without case (ASCII).
VH-03  A configuration whose only domain is `*` takes every request, whatever the host.
VH-04  Exact domains, then `*suffix` longest first, then `prefix*` longest first, then `*`.
VH-05  A wildcard stands for one character at least.
VH-06  Any suffix wildcard goes before any prefix wildcard.
VH-07  `*` means something only as the first or the last character; the first is looked at first.

Every class of domains is one map; wildcards are looked up once per length that occurs.
"""

cimport cython
from libc.stdlib cimport free, malloc

from fastroute.core.arena cimport NONE, Arena
from fastroute.core.bytemap cimport ByteMap
from fastroute.core.slices cimport lower

cdef enum:
    ON_STACK = 256


@cython.final
cdef class DomainIndex:
    """See the stub."""

    def __cinit__(self, pairs):
        self.exact = ByteMap()
        self.suffixes = ByteMap()
        self.prefixes = ByteMap()
        self.any_host = NONE
        for domain, number in pairs:
            self.add((<bytes?>domain).lower(), number)
        self.finish()

    cdef int add(self, bytes text, uint32_t number) except -1:
        if text == b"*":
            self.any_host = number
        elif text.startswith(b"*"):
            self.suffixes[text[1:]] = number
        elif text.endswith(b"*"):
            self.prefixes[text[:len(text) - 1]] = number
        else:
            self.exact[text] = number
        return 0

    cdef int finish(self) except -1:
        self.suffix_lengths = sorted(self.suffixes.sizes(), reverse=True)
        self.prefix_lengths = sorted(self.prefixes.sizes(), reverse=True)
        self.only_any = self.any_host != NONE and not (self.exact.used or self.suffixes.used or self.prefixes.used)
        return self.keep_lengths()

    cdef bint has(self, bytes text):
        if text == b"*":
            return self.any_host != NONE
        if text.startswith(b"*"):
            return text[1:] in self.suffixes
        return text[:len(text) - 1] in self.prefixes if text.endswith(b"*") else text in self.exact

    cdef DomainIndex revised(self, list gone, list added):
        """The index without the domains `gone`, in lower case, and with the pairs `added`.

        Raises KeyError for an added domain that is there already.
        """
        cdef DomainIndex made = DomainIndex.__new__(DomainIndex, ())
        made.any_host = NONE if b"*" in gone else self.any_host
        suffixes = {text for text in gone if text.startswith(b"*")}
        prefixes = {text for text in gone if text.endswith(b"*")} - suffixes
        made.suffixes = self.suffixes.without([text[1:] for text in suffixes])
        made.prefixes = self.prefixes.without([text[:len(text) - 1] for text in prefixes])
        made.exact = self.exact.without([text for text in gone if text not in suffixes and text not in prefixes])
        for domain, number in added:
            if made.has(domain):
                raise KeyError(domain)
            made.add(domain, number)
        made.finish()
        return made

    cdef int keep_lengths(self) except -1:
        cdef size_t at
        cdef list every = self.suffix_lengths + self.prefix_lengths
        self.suffix_count = len(self.suffix_lengths)
        self.lengths = Arena(sizeof(uint32_t))
        self.lengths.add(len(every) + 1)
        for at in range(len(every)):
            (<uint32_t *>self.lengths.data)[at] = every[at]
        return 0

    def lookup(self, bytes host not None):
        cdef uint32_t found = self.find(host, len(host))
        return None if found == NONE else found

    cdef uint32_t find(self, const char *host, Py_ssize_t size) noexcept nogil:
        """The number of the virtual host for `host`, or NONE."""
        cdef char[ON_STACK] small
        cdef char *lowered = small
        cdef Py_ssize_t at
        cdef uint32_t found
        if self.only_any:
            return self.any_host
        if size > ON_STACK:
            lowered = <char *>malloc(<size_t>size)
            if lowered == NULL:
                return NONE
        for at in range(size):
            lowered[at] = lower(host[at])
        found = host_for(self, lowered, size)
        if lowered != small:
            free(lowered)
        return found

    cdef uint32_t find_wildcard(self, const char *host, Py_ssize_t size) noexcept nogil:
        cdef uint32_t found, length
        cdef const uint32_t *lengths = <const uint32_t *>self.lengths.data
        cdef size_t at, end = self.lengths.size - 1
        for at in range(end):
            length = lengths[at]
            if length >= size:
                continue
            if at < self.suffix_count:
                found = self.suffixes.get(host + size - length, length)
            else:
                found = self.prefixes.get(host, length)
            if found != NONE:
                return found
        return self.any_host
