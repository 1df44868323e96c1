"""Filter state matchers of a configuration (RM-53): the object's text, or an address in ranges.

The text of an address object is an address, or an address and a port.
"""

from __future__ import annotations

import ipaddress
import re

from fastroute.compile.context import Context
from fastroute.compile.matcher_customs import Network, network
from fastroute.compile.string_matchers import compile_string_matcher
from fastroute.core.decision import Decision
from fastroute.core.strings import StringMatcher
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HAS_PORT = re.compile(r"(\[.*\]|[^:]*):[0-9]+")


@record
class FilterStateText:
    """The object's text is matched by a string matcher."""

    key: str
    matcher: StringMatcher

    def __call__(self, decision: Decision) -> bool:
        value = decision.filter_state.get(self.key)
        return value is not None and self.matcher.match(value.encode("utf-8"))


@record
class FilterStateAddress:
    """The object is an address inside any of the ranges; `invert`: inside none."""

    key: str
    ranges: tuple[Network, ...]
    invert: bool

    def __call__(self, decision: Decision) -> bool:
        value = decision.filter_state.get(self.key, "")
        try:
            address = ipaddress.ip_address(_host(value))
        except ValueError:
            return False
        return any(address in network for network in self.ranges) != self.invert


def _host(text: str) -> str:
    return text.rpartition(":")[0].strip("[]") if _HAS_PORT.fullmatch(text) else text


def compile_filter_state(message: Any, ctx: Context, path: str) -> FilterStateText | FilterStateAddress:
    """A FilterStateMatcher of `envoy.type.matcher.v3`."""
    ctx.only(message, path, ("key", "string_match", "address_match"))
    if not message.key:
        raise ctx.reject(f"{path}.key", "value length must be at least 1 characters")
    match message.WhichOneof("matcher"):
        case "string_match":
            return FilterStateText(
                message.key, compile_string_matcher(message.string_match, ctx, f"{path}.string_match")
            )
        case "address_match":
            ranges = message.address_match.ranges
            networks = tuple(network(each, ctx, f"{path}.address_match.ranges[{n}]") for n, each in enumerate(ranges))
            return FilterStateAddress(message.key, networks, message.address_match.invert_match)
        case _:
            raise ctx.reject(path, "matcher is required")
