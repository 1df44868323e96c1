"""Which listener takes a connection.

- LS-01: the socket that accepted it; only listeners that bind accept.
- LS-02, LS-03: with `use_original_dst`, when a listener filter restored the destination: the listener at
  exactly that address, else the one at any-address of its family; else the connection stays.
- LS-04: an IPv6 any-address takes IPv4 with `ipv4_compat`, unless an IPv4 any-address has the port.
- LS-05: the second listener never hands on. LS-07: additional addresses count.
- LS-10: of two listeners with one name the first counts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fastroute.config.resources import Resources
from fastroute.reference.arrival import Arrival, Place, place
from fastroute.reference.trace import Trace
from fastroute.request import Connection


class Bound(NamedTuple):
    """A listener at one of its addresses."""

    listener: Any
    place: Place
    compat: bool
    name: str


def known(resources: Resources) -> Sequence[Bound]:
    """Every address of every listener that takes connections, in order."""
    seen: set[str] = set()
    found: list[Bound] = []
    for resource in resources.listeners:
        if resource.name and resource.name in seen:
            continue
        seen.add(resource.name)
        found += _addresses(resource.message)
    return found


def _addresses(listener: Any) -> Iterator[Bound]:
    if listener.HasField("api_listener") or listener.HasField("udp_listener_config"):
        return
    if listener.HasField("internal_listener"):
        yield Bound(listener, (None, 0), False, f"envoy://{listener.name}")
        return
    for address in (listener.address, *(extra.address for extra in listener.additional_addresses)):
        socket = address.socket_address
        if address.WhichOneof("address") == "pipe":
            yield Bound(listener, (None, 0), False, address.pipe.path)
        elif socket.protocol == 0:
            yield Bound(listener, place((socket.address, socket.port_value)), socket.ipv4_compat, "")


def binds(listener: Any) -> bool:
    """Whether the listener's own socket accepts connections: neither field `bind_to_port` may say no."""
    given = (each.bind_to_port for each in (listener, listener.deprecated_v1) if each.HasField("bind_to_port"))
    return all(field.value for field in given)


def at(bounds: Sequence[Bound], wanted: Place) -> Any | None:
    """The listener at an address: exactly there, else at any-address (LS-03, LS-04)."""
    address, port = wanted
    if address is None:
        return None
    family = ipaddress.IPv4Address(0) if address.version == 4 else ipaddress.IPv6Address(0)
    for target in (wanted, (family, port)):
        for bound in bounds:
            if bound.place == target:
                return bound.listener
    any6 = (ipaddress.IPv6Address(0), port)
    compatible = (bound.listener for bound in bounds if bound.compat and bound.place == any6)
    return next(compatible, None) if address.version == 4 else None


def receiving(bounds: Sequence[Bound], connection: Connection, trace: Trace) -> Any | None:
    """The listener whose socket takes the connection."""
    wanted = place(connection.destination)
    if wanted[0] is None:
        text = connection.destination[0]
        name = text if not text.startswith("envoy://") else "envoy://" + text[8:].partition("/")[0]
        found = next((bound.listener for bound in bounds if bound.name == name), None)
    elif connection.accepted is not None:
        found = at([bound for bound in bounds if binds(bound.listener)], place(connection.accepted))
    else:
        found = at(bounds, wanted)
    shown = connection.accepted or connection.destination
    if found is None:
        trace.add("listener", _shown(shown), "closed", "no listener is bound to this address", "LS-01")
    else:
        trace.add("listener", found.name, "chosen", f"it takes connections to {_shown(shown)}", "LS-01")
    return found


def handed_to(bounds: Sequence[Bound], arrival: Arrival, listener: Any, trace: Trace) -> Any | None:
    """The listener that a connection with a restored destination is handed to; None: it stays."""
    if not arrival.restored:
        trace.add("listener", listener.name, "kept", "no listener filter restored another destination", "LS-02")
        return None
    target = at(bounds, arrival.destination)
    shown = f"{arrival.destination[0]}:{arrival.destination[1]}"
    if target is None:
        trace.add("listener", listener.name, "kept", f"no listener is at the original destination {shown}", "LS-03")
    else:
        trace.add("listener", target.name, "chosen", f"it is at the original destination {shown}", "LS-03")
    return target


def _shown(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
