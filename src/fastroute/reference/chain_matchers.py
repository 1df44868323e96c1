"""Filter chain matchers: the rules of `matcher_tree.py` over a connection's facts.

- FC-19: the action is the name of a chain. FC-20: the inputs. FC-22: the order in which entries are asked.
- FC-23: an absent input makes a predicate false and sends a map to on_no_match.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fastroute.api import pool
from fastroute.errors import UnsupportedError
from fastroute.reference import matcher_maps, strings
from fastroute.reference.arrival import Arrival
from fastroute.reference.matcher_inputs import IP
from fastroute.reference.trace import Trace


def choose(tree: Any, arrival: Arrival, trace: Trace) -> str | None:
    """The name that the matcher yields, or None."""
    action = _evaluate(tree, arrival)
    if action is None:
        trace.add("filter chain", "filter_chain_matcher", "passed over", "it yields no action", "FC-22")
        return None
    name: Any = pool.new("google.protobuf.StringValue")
    name.ParseFromString(action.typed_config.value)
    trace.add("filter chain", name.value, "chosen", "filter_chain_matcher yields it", "FC-19")
    return str(name.value)


def _evaluate(tree: Any, arrival: Arrival) -> Any | None:
    found = None
    if tree.HasField("matcher_list"):
        found = _from_list(tree.matcher_list, arrival)
    elif tree.HasField("matcher_tree"):
        found = _from_map(tree.matcher_tree, arrival)
    if found is None and tree.HasField("on_no_match"):
        found = _yielded(tree.on_no_match, arrival)
    return found


def _yielded(on_match: Any, arrival: Arrival) -> Any | None:
    return on_match.action if on_match.HasField("action") else _evaluate(on_match.matcher, arrival)


def _from_list(entries: Any, arrival: Arrival) -> Any | None:
    for entry in entries.matchers:
        found = _yielded(entry.on_match, arrival) if _holds(entry.predicate, arrival) else None
        if found is not None:
            return found
    return None


def _from_map(tree: Any, arrival: Arrival) -> Any | None:
    value = _read(tree.input, arrival)
    if value is None:
        return None
    for candidate in matcher_maps.candidates(tree, value):
        found = _yielded(candidate.on_match, arrival)
        if found is not None:
            return found
    return None


def _holds(predicate: Any, arrival: Arrival) -> bool:
    match predicate.WhichOneof("match_type"):
        case "single_predicate":
            return _single(predicate.single_predicate, arrival)
        case "or_matcher":
            return any(_holds(each, arrival) for each in predicate.or_matcher.predicate)
        case "and_matcher":
            return all(_holds(each, arrival) for each in predicate.and_matcher.predicate)
        case _:
            return not _holds(predicate.not_matcher, arrival)


def _single(predicate: Any, arrival: Arrival) -> bool:
    value = _read(predicate.input, arrival)
    if value is None:
        return False
    if predicate.HasField("value_match"):
        return strings.matches(predicate.value_match, value)
    config: Any = pool.new(IP)
    config.ParseFromString(predicate.custom_match.typed_config.value)
    try:
        address = ipaddress.ip_address(value.decode("latin-1"))
    except ValueError:
        return False
    networks = (f"{each.address_prefix}/{each.prefix_len.value}" for each in config.cidr_ranges)
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def _read(extension: Any, arrival: Arrival) -> bytes | None:
    """The text of an input, None when it is absent."""
    kind = pool.type_name(extension.typed_config.type_url).rpartition(".")[2]
    places = {"Destination": arrival.destination, "Source": arrival.source, "DirectSource": arrival.direct}
    for name, found in places.items():
        if kind in (f"{name}IPInput", f"{name}PortInput"):
            shown = found[0] if kind.endswith("IPInput") else found[1]
            return None if found[0] is None else str(shown).encode()
    texts = {
        "SourceTypeInput": "local" if arrival.local else "",
        "ServerNameInput": arrival.server_name,
        "TransportProtocolInput": arrival.transport_protocol,
        "ApplicationProtocolInput": ",".join(f"'{each}'" for each in arrival.application_protocols),
    }
    if kind not in texts:
        raise UnsupportedError(f"the input {kind} of a filter chain matcher cannot be decided", path="matcher")
    return texts[kind].encode("latin-1") or None
