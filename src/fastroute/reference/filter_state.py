"""Filter state matchers (`RouteMatch.filter_state`).

- RM-53: `string_match` looks at the object as text; `address_match` at an address object (its text is an
  address, or an address and a port), of which any
  range must have it (`invert_match`: none); an absent object does not match.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping

from fastroute.reference import strings
from fastroute.reference.stream import Message
from fastroute.reference.trace import Reason

_HAS_PORT = re.compile(r"(\[.*\]|[^:]*):[0-9]+")


def why_not(matchers: Iterable[Message], state: Mapping[str, str]) -> Reason | None:
    """The first filter state matcher that does not hold, or None when all do."""
    for matcher in matchers:
        value = state.get(matcher.key)
        if value is None or not _matches(matcher, value):
            has = "is absent" if value is None else f"is {value!r}"
            return Reason(f"filter state {matcher.key} {has}; {matcher.WhichOneof('matcher')} is needed", "RM-53")
    return None


def _matches(matcher: Message, value: str) -> bool:
    match matcher.WhichOneof("matcher"):
        case "string_match":
            return strings.matches(matcher.string_match, value.encode("utf-8"))
        case "address_match":
            return _in_ranges(matcher.address_match, value)
        case _:
            return False


def _in_ranges(matcher: Message, value: str) -> bool:
    host = value.rpartition(":")[0].strip("[]") if _HAS_PORT.fullmatch(value) else value
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    inside = any(address in _network(each) for each in matcher.ranges)
    return inside != bool(matcher.invert_match)


def _network(cidr: Message) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(f"{cidr.address_prefix}/{cidr.prefix_len.value}", strict=False)
