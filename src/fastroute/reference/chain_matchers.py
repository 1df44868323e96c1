"""Filter chain matchers: the rules of `matcher_tree.py` over a connection's facts.

- FC-19: the action is the name of a chain. FC-20: the inputs.
"""

from __future__ import annotations

from typing import Any

from fastroute.api import pool
from fastroute.errors import UnsupportedError
from fastroute.reference.arrival import Arrival
from fastroute.reference.matcher_inputs import IP, in_ranges
from fastroute.reference.matcher_tree import Subject, evaluate
from fastroute.reference.trace import Trace


def choose(tree: Any, arrival: Arrival, trace: Trace) -> str | None:
    """The name that the matcher yields, or None."""
    action = evaluate(tree, Subject(lambda extension: _read(extension, arrival), _takes, trace))
    if action is None:
        trace.add("filter chain", "filter_chain_matcher", "passed over", "it yields no action", "FC-22")
        return None
    name: Any = pool.new("google.protobuf.StringValue")
    name.ParseFromString(action.typed_config.value)
    trace.add("filter chain", name.value, "chosen", "filter_chain_matcher yields it", "FC-19")
    return str(name.value)


def _takes(extension: Any, value: bytes) -> bool:
    """Whether a custom matcher takes the value; loading lets `ip` pass and no other."""
    config: Any = pool.new(IP)
    config.ParseFromString(extension.typed_config.value)
    return in_ranges(config, value)


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
