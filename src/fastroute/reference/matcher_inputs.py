"""Inputs of a matcher tree over a request, and the custom matchers on them.

- VH-13: HttpRequestHeaderMatchInput is the header's lines joined with ","; absent when there is none.
- VH-13: FilterStateInput is the text of an object of the filter state.
- FC-23: a predicate on an absent input is false.
- FC-20: custom matchers: `ip` (the input parses as an address inside a range), `runtime_fraction` and
  `consistent_hashing` (by the XXH64 of the input, with a seed).
"""

from __future__ import annotations

import ipaddress

from fastroute.api import pool
from fastroute.core.hashing import xxh64
from fastroute.errors import UnsupportedError
from fastroute.reference import fractions
from fastroute.reference.stream import Message, Stream

HEADER = "envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
FILTER_STATE = "envoy.extensions.matching.common_inputs.network.v3.FilterStateInput"
_MATCHERS = "envoy.extensions.matching.input_matchers"
IP = f"{_MATCHERS}.ip.v3.Ip"
RUNTIME_FRACTION = f"{_MATCHERS}.runtime_fraction.v3.RuntimeFraction"
CONSISTENT_HASHING = f"{_MATCHERS}.consistent_hashing.v3.ConsistentHashing"


def _unpacked(extension: Message, known: tuple[str, ...]) -> tuple[str, Message]:
    name = pool.type_name(extension.typed_config.type_url)
    if name not in known:
        raise UnsupportedError(f"{name} in a matcher tree cannot be decided", path="matcher")
    config: Message = pool.new(name)
    config.ParseFromString(extension.typed_config.value)
    return name, config


def read(extension: Message, stream: Stream) -> bytes | None:
    """The value of an input, or None when it is absent."""
    name, config = _unpacked(extension, (HEADER, FILTER_STATE))
    if name == HEADER:
        values = stream.headers.all(config.header_name.encode("utf-8"))
        return b",".join(values) if values else None
    if config.field:
        raise UnsupportedError("a field of a filter state object cannot be decided", path="matcher")
    value = stream.filter_state.get(config.key)
    return None if value is None else value.encode("utf-8")


def takes(extension: Message, value: bytes, stream: Stream) -> bool:
    """Whether a custom matcher takes the value of its input."""
    name, config = _unpacked(extension, (IP, RUNTIME_FRACTION, CONSISTENT_HASHING))
    if name == IP:
        return in_ranges(config, value)
    if name == RUNTIME_FRACTION:
        return fractions.holds(config.runtime_fraction, stream.runtime, xxh64(value, config.seed))
    return bool(xxh64(value, config.seed) % config.modulo >= config.threshold)


def in_ranges(config: Message, value: bytes) -> bool:
    """Whether the value is an address in one of the ranges of an `ip` matcher."""
    try:
        address = ipaddress.ip_address(value.decode("latin-1"))
    except ValueError:
        return False
    networks = (f"{each.address_prefix}/{each.prefix_len.value}" for each in config.cidr_ranges)
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)
