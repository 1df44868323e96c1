"""Ring and Maglev tables, written down as the rules say (LB-60, LB-62, LB-66)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from fastroute.core.hashing import murmur2, xxh64


def ring(
    keys: Sequence[bytes],
    weights: Sequence[float],
    minimum: int = 1024,
    maximum: int = 8_388_608,
    *,
    murmur: bool = False,
) -> list[tuple[int, int]]:
    """The entries (hash, index of the host), sorted."""
    if not keys:
        return []
    least = min(1.0, *weights)
    scale = min(math.ceil(least * minimum) / least, float(maximum))
    entries: list[tuple[int, int]] = []
    current = target = 0.0
    for host, key in enumerate(keys):
        target += scale * weights[host]
        number = 0
        while current < target:
            text = key + b"_%d" % number
            entries.append((murmur2(text) if murmur else xxh64(text), host))
            number += 1
            current += 1.0
    return sorted(entries, key=lambda entry: entry[0])


def ring_host(entries: Sequence[tuple[int, int]], value: int, attempt: int = 0) -> int | None:
    """The host of the first entry not below `value`, or of the first of all; later attempts take later entries."""
    if not entries:
        return None
    found = next((index for index, (entry, _) in enumerate(entries) if entry >= value), 0)
    return entries[(found + attempt) % len(entries)][1]


def maglev(keys: Sequence[bytes], weights: Sequence[float], size: int = 65537) -> list[int]:
    """The index of the host in each slot."""
    if not keys:
        return []
    order = sorted(range(len(keys)), key=keys.__getitem__)
    places = {host: _permutation(keys[host], size) for host in order}
    slots: list[int | None] = [None] * size
    target = dict.fromkeys(order, 0.0)
    turn = left = 0
    while left < size:
        turn += 1
        for host in order:
            if left == size or turn * weights[host] < target[host]:
                continue
            target[host] += max(weights)
            slots[next(place for place in places[host] if slots[place] is None)] = host
            left += 1
    return [host for host in slots if host is not None]


def _permutation(key: bytes, size: int) -> Iterator[int]:
    offset, skip = xxh64(key) % size, xxh64(key, 1) % (size - 1) + 1
    return ((offset + skip * number) % size for number in range(size))


def maglev_host(slots: Sequence[int], value: int, attempt: int = 0) -> int | None:
    """The host of the slot of `value`; later attempts look another value up."""
    if not slots:
        return None
    return slots[(value ^ (2**64 - attempt) % 2**64 if attempt else value) % len(slots)]
