"""The Mersenne twister of the C++ standard library: bounded load shuffles hosts with it (LB-67)."""

from libc.stdint cimport uint32_t, uint64_t

cdef struct Twister:
    uint32_t state[624]
    int at


cdef inline void seed_twister(Twister *twister, uint32_t seed) noexcept nogil:
    cdef int i
    twister.state[0] = seed
    for i in range(1, 624):
        twister.state[i] = 1812433253U * (twister.state[i - 1] ^ (twister.state[i - 1] >> 30)) + <uint32_t>i
    twister.at = 624


cdef inline void _twist(Twister *twister) noexcept nogil:
    cdef int i
    cdef uint32_t y
    for i in range(624):
        y = (twister.state[i] & 0x80000000U) | (twister.state[(i + 1) % 624] & 0x7FFFFFFFU)
        twister.state[i] = twister.state[(i + 397) % 624] ^ (y >> 1) ^ (0x9908B0DFU if y & 1 else 0U)
    twister.at = 0


cdef inline uint32_t next_of(Twister *twister) noexcept nogil:
    cdef uint32_t y
    if twister.at == 624:
        _twist(twister)
    y = twister.state[twister.at]
    twister.at += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C5680U
    y ^= (y << 15) & 0xEFC60000U
    return y ^ (y >> 18)


cdef inline uint32_t below(Twister *twister, uint32_t limit) noexcept nogil:
    """A number in [0, limit), drawn again where the division leaves it outside."""
    cdef uint32_t x = limit
    while x >= limit:
        x = <uint32_t>(next_of(twister) // ((<uint64_t>0xFFFFFFFFU + 1) // limit))
    return x
