"""The maps of a matcher tree: which entries take a value, in the order in which they are asked.

- FC-22: `exact_match_map`: the entry of that key, and no other.
- FC-22: `prefix_match_map`: every entry whose key the value starts with, longest first.
- FC-21: IPMatcher: every range that has the address, longest prefix first, then in list order; an entry
  with `exclusive` is skipped unless it is the first of them.
- FC-21: ServerNameMatcher: the exact domain as it is written, then `*.suffix` from longest to shortest,
  then `*`; an empty value is taken by none.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from fastroute.api import pool
from fastroute.errors import UnsupportedError
from fastroute.reference.stream import Message

IP = "xds.type.matcher.v3.IPMatcher"
SERVER_NAME = "xds.type.matcher.v3.ServerNameMatcher"


class Candidate(NamedTuple):
    """An entry that takes the value: how it is called in the configuration, and what it leads to."""

    key: str
    on_match: Message


def candidates(tree: Message, value: bytes) -> Iterator[Candidate]:
    """The entries of a map that take a value, in the order in which they are asked."""
    match tree.WhichOneof("tree_type"):
        case "exact_match_map":
            return _exact(tree.exact_match_map.map, value)
        case "prefix_match_map":
            return _prefixes(tree.prefix_match_map.map, value)
        case _:
            return _custom(tree.custom_match, value)


def _exact(entries: Message, value: bytes) -> Iterator[Candidate]:
    for key in entries:
        if key.encode("utf-8") == value:
            yield Candidate(key, entries[key])


def _prefixes(entries: Message, value: bytes) -> Iterator[Candidate]:
    fitting = [key for key in entries if value.startswith(key.encode("utf-8"))]
    for key in sorted(fitting, key=lambda each: len(each.encode("utf-8")), reverse=True):
        yield Candidate(key, entries[key])


def _custom(extension: Message, value: bytes) -> Iterator[Candidate]:
    name = pool.type_name(extension.typed_config.type_url)
    if name not in (IP, SERVER_NAME):
        raise UnsupportedError(f"a matcher map of type {name} cannot be decided", path="custom_match")
    config: Message = pool.new(name)
    config.ParseFromString(extension.typed_config.value)
    return _ranges(config, value) if name == IP else _domains(config, value)


def _ranges(config: Message, value: bytes) -> Iterator[Candidate]:
    try:
        address = ipaddress.ip_address(value.decode("latin-1"))
    except ValueError:
        return
    fitting = []
    for entry in config.range_matchers:
        for cidr in entry.ranges:
            network = ipaddress.ip_network(f"{cidr.address_prefix}/{cidr.prefix_len.value}", strict=False)
            if address in network:
                fitting.append((network, entry))
    fitting.sort(key=lambda pair: pair[0].prefixlen, reverse=True)
    for place, (network, entry) in enumerate(fitting):
        if place == 0 or not entry.exclusive:
            yield Candidate(str(network), entry.on_match)


def _domains(config: Message, value: bytes) -> Iterator[Candidate]:
    by_domain = {domain: entry for entry in config.domain_matchers for domain in entry.domains}
    name = value.decode("latin-1")
    wanted = [name]
    if not name:
        return
    while "." in name:
        name = name.partition(".")[2]
        wanted.append(f"*.{name}")
    for domain in [*wanted, "*"]:
        if domain in by_domain:
            yield Candidate(domain, by_domain[domain].on_match)
