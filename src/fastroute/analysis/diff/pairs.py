"""Which element of one list is which of another: lists of the API are paired by what names an element.

Rules:

* An element that has a name is the element of that name; a route without one is the route of its match,
  a filter chain that of its match, an endpoint that of its address, a locality that of its place and
  priority. Of several with one name, the first is the first, the second the second.
* Lists of anything else are paired as lines of text are: what is equal stays, the gaps are paired in order.
* Order counts (routes, filters, weighted clusters), but for lists that Envoy looks up, not walks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from fastroute.records import record

Key = Callable[[Any], Hashable]


@record
class Pair:
    """Positions of one element before and after; None where it is not. `moved` tells a change of order."""

    before: int | None
    after: int | None
    moved: bool = False


_UNORDERED = frozenset(
    (
        "envoy.config.route.v3.RouteConfiguration.virtual_hosts",
        "envoy.config.route.v3.VirtualHost.domains",
        "envoy.config.listener.v3.Listener.filter_chains",
        "envoy.config.listener.v3.FilterChainMatch.prefix_ranges",
        "envoy.config.listener.v3.FilterChainMatch.direct_source_prefix_ranges",
        "envoy.config.listener.v3.FilterChainMatch.source_prefix_ranges",
        "envoy.config.listener.v3.FilterChainMatch.source_ports",
        "envoy.config.listener.v3.FilterChainMatch.server_names",
        "envoy.config.listener.v3.FilterChainMatch.application_protocols",
    )
)


def address_text(address: Any) -> str:
    """`10.0.0.1:80`, `[::1]:80`, a pipe's path, or the name of an internal listener."""
    which = address.WhichOneof("address")
    if which == "socket_address":
        one = address.socket_address
        host = f"[{one.address}]" if ":" in one.address else one.address
        return f"{host}:{one.named_port or one.port_value}"
    if which == "pipe":
        return str(address.pipe.path)
    return f"internal {address.envoy_internal_address.server_listener_name}" if which else "no address"


def locality_text(group: Any) -> str:
    """`region/zone/sub_zone` as far as it is set."""
    place = group.locality
    return "/".join(part for part in (place.region, place.zone, place.sub_zone) if part)


def _bytes(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


_KEYS: dict[str, Key] = {
    "envoy.config.route.v3.Route": lambda one: one.name or _bytes(one.match),
    "envoy.config.listener.v3.FilterChain": lambda one: one.name or _bytes(one.filter_chain_match),
    "envoy.config.endpoint.v3.LbEndpoint": lambda one: one.endpoint_name or address_text(one.endpoint.address),
    "envoy.config.endpoint.v3.LocalityLbEndpoints": lambda one: (locality_text(one), one.priority),
    "envoy.config.core.v3.HeaderValueOption": lambda one: one.header.key,
    "envoy.config.core.v3.HeaderValue": lambda one: one.key,
}


def _key(field: FieldDescriptor) -> Key | None:
    if field.message_type is None:
        return None
    known = _KEYS.get(field.message_type.full_name)
    if known is None and "name" in field.message_type.fields_by_name:
        return lambda one: one.name or None
    return known


def pair(field: FieldDescriptor, before: Sequence[Any], after: Sequence[Any]) -> list[Pair]:
    """The pairs of two lists of one field: what stays or comes, in the order of `after`, then what goes."""
    key = _key(field)
    ordered = field.full_name not in _UNORDERED
    if field.message_type is None:
        return _by_keys(list(before), list(after), ordered)
    if key is not None:
        old, new = [key(one) for one in before], [key(one) for one in after]
        if None not in old and None not in new:
            return _by_keys(old, new, ordered)
    return _by_gaps([_bytes(one) for one in before], [_bytes(one) for one in after])


def _numbered(keys: Iterable[Hashable]) -> list[tuple[Hashable, int]]:
    seen: Counter[Hashable] = Counter()
    found = []
    for key in keys:
        found.append((key, seen[key]))
        seen[key] += 1
    return found


def _by_keys(before: list[Hashable], after: list[Hashable], ordered: bool) -> list[Pair]:
    old, new = _numbered(before), _numbered(after)
    position = {key: index for index, key in enumerate(old)}
    common = [position[key] for key in new if key in position]
    stay = _longest_rising(common) if ordered else set(common)
    pairs = []
    for index, key in enumerate(new):
        was = position.get(key)
        pairs.append(Pair(was, index, was is not None and was not in stay))
    kept = set(new)
    return [*pairs, *(Pair(index, None) for index, key in enumerate(old) if key not in kept)]


def _longest_rising(values: list[int]) -> set[int]:
    """The members of a longest rising subsequence of distinct numbers: what need not move."""
    ends: list[int] = []
    places: list[int] = []
    for value in values:
        place = bisect_left(ends, value)
        ends[place : place + 1] = [value]
        places.append(place)
    wanted = len(ends) - 1
    found = set()
    for value, place in zip(reversed(values), reversed(places), strict=True):
        if place == wanted:
            found.add(value)
            wanted -= 1
    return found


def _by_gaps(before: list[bytes], after: list[bytes]) -> list[Pair]:
    pairs: list[Pair] = []
    gone: list[Pair] = []
    for _, low, high, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        both = min(high - low, last - first)
        pairs += [Pair(low + step, first + step) for step in range(both)]
        pairs += [Pair(None, index) for index in range(first + both, last)]
        gone += [Pair(index, None) for index in range(low + both, high)]
    return pairs + gone
