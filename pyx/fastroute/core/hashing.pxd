"""The two hash functions of Envoy's load balancers, for C callers: no allocation, no Python."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

cdef enum:
    # Seed of libstdc++'s std::hash, which Envoy's MurmurHash::murmurHash2 defaults to.
    MURMUR_SEED = 0xC70F6907

cdef uint64_t xxh64_of(const unsigned char *data, size_t length, uint64_t seed) noexcept nogil
cdef uint64_t murmur2_of(const unsigned char *data, size_t length, uint64_t seed) noexcept nogil
