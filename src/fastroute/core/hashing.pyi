"""The hash functions of Envoy's consistent hashing load balancers and of its hash policies.

C callers cimport `xxh64_of` and `murmur2_of` from `fastroute.core.hashing`.
"""

def xxh64(data: bytes, seed: int = 0) -> int:
    """XXH64 of `data`: ring hash and Maglev keys, and every hash policy of a route (RA-131)."""

def murmur2(data: bytes, seed: int = 0xC70F6907) -> int:
    """The 64-bit MurmurHash2 of libstdc++, for ring hash with `hash_function: MURMUR_HASH_2` (LB-61)."""

__pyx_capi__: dict[str, object]
