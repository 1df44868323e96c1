"""A packet, as far as the rules can see it: the first one of a connection, or one UDP datagram."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fastroute.pilot.iptables.conditions import Condition

Direction = Literal["inbound", "outbound"]


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet.

    `inbound` came in through `in_interface`; `outbound` was sent by a process here, of `uid` and `gid`, and leaves
    through `out_interface`: `lo` when it is for an address of the pod itself. `state` is conntrack's; `socket` says
    whether an established socket here already takes it (what `-m socket` asks).
    """

    direction: Direction
    destination: str
    port: int
    source: str = ""
    source_port: int = 40000
    protocol: Literal["tcp", "udp"] = "tcp"
    uid: int | None = None
    gid: int | None = None
    in_interface: str = ""
    out_interface: str = ""
    mark: int = 0
    connection_mark: int = 0
    state: str = "NEW"
    socket: bool = False


def holds(condition: Condition, packet: Packet) -> bool:
    """Whether `packet` meets `condition`."""
    return _TESTS[condition.kind](condition.value, packet) != condition.negated


def _in_range(address: str, network: str) -> bool:
    parsed, bounds = ipaddress.ip_address(address or "0.0.0.0"), ipaddress.ip_network(network, strict=False)
    return parsed.version == bounds.version and parsed in bounds


def _in_ports(port: int, text: str) -> bool:
    for item in text.split(","):
        first, _, last = item.partition(":")
        if int(first) <= port <= int(last or first):
            return True
    return False


def _named(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("+") else name == pattern


def _masked(mark: int, text: str) -> bool:
    value, _, mask = text.partition("/")
    return mark & int(mask or "0xffffffff", 0) == int(value, 0)


def _is(identity: int | None, text: str) -> bool:
    """Owner matches hold only for packets of a local process; a negated one holds for none without (see `holds`)."""
    return identity is not None and text.isdigit() and identity == int(text)


_TESTS: dict[str, Callable[[str, Packet], bool]] = {
    "protocol": lambda value, packet: packet.protocol == value,
    "source": lambda value, packet: _in_range(packet.source, value),
    "destination": lambda value, packet: _in_range(packet.destination, value),
    "in_interface": lambda value, packet: _named(packet.in_interface, value),
    "out_interface": lambda value, packet: _named(packet.out_interface, value),
    "destination_port": lambda value, packet: _in_ports(packet.port, value),
    "destination_ports": lambda value, packet: _in_ports(packet.port, value),
    "source_port": lambda value, packet: _in_ports(packet.source_port, value),
    "uid": lambda value, packet: _is(packet.uid, value),
    "gid": lambda value, packet: _is(packet.gid, value),
    "mark": lambda value, packet: _masked(packet.mark, value),
    "connmark": lambda value, packet: _masked(packet.connection_mark, value),
    "state": lambda value, packet: packet.state in value.split(","),
    "socket": lambda _value, packet: packet.socket,
}
