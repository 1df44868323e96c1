"""Filter chain match as a sieve: criterion by criterion, the candidates get fewer, none comes back.

- FC-01: destination port, destination prefix, server name, transport protocol, application protocol,
  direct source prefix, source type, source prefix, source port.
- FC-02: at each criterion only the most specific entry that takes the connection is kept; a chain that
  does not give the criterion is kept where no entry takes it.
- FC-05: server names: exact, then wildcard suffixes longest first. FC-08: the client's protocol order.
- FC-10: a source type that some candidate gives is searched alone.
- FC-13: no chain left: the default chain, or the connection is closed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fastroute.decision import Verdict
from fastroute.reference.arrival import IP, Arrival
from fastroute.reference.trace import Trace

Keys = Callable[[Any], Sequence[object]]
Wanted = Callable[[Arrival, list[object]], Iterator[object]]
ABSENT = object()


def choose(chains: Sequence[Any], arrival: Arrival, trace: Trace) -> Any | None:
    """The chain that the sieve leaves, or None."""
    left = list(range(len(chains)))
    for name, rule, keys, wanted in CRITERIA:
        given = {number: list(keys(chains[number].filter_chain_match)) or [ABSENT] for number in left}
        present = [key for entries in given.values() for key in entries if key is not ABSENT]
        if not present:
            continue
        entry = next((key for key in wanted(arrival, present) if key in present), ABSENT)
        kept = [number for number in left if entry in given[number]]
        _write(chains, left, kept, name, entry, rule, trace)
        left = kept
    return _last(chains, left, trace)


def _last(chains: Sequence[Any], left: list[int], trace: Trace) -> Any | None:
    if not left:
        return None
    trace.add("filter chain", _label(chains, left[0]), "chosen", "it is left at the end of the sieve", "FC-01")
    return chains[left[0]]


def _write(
    chains: Sequence[Any], before: list[int], after: list[int], name: str, entry: object, rule: str, trace: Trace
) -> None:
    taken = f"{name} {_shown(entry)}" if entry is not ABSENT else f"no {name}"
    names = ", ".join(_label(chains, number) for number in after) or "none"
    lost = (
        f"it does not give {taken}"
        if entry is not ABSENT
        else f"it gives {_article(name)} {name} that is not the connection's"
    )
    verdict: Verdict = "kept" if after else "closed"
    trace.add("filter chain", name, verdict, f"takes {taken}: {len(after)} of {len(before)} left ({names})", rule)
    for number in before:
        if number not in after:
            trace.add("filter chain", _label(chains, number), "passed over", lost, rule)


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _label(chains: Sequence[Any], number: int) -> str:
    return str(chains[number].name or f"filter_chains[{number}]")


def _shown(entry: object) -> str:
    return str(entry) or '""'


def default(listener: Any, trace: Trace) -> Any | None:
    """The default chain, where the listener has one."""
    if not listener.HasField("default_filter_chain"):
        return None
    chain = listener.default_filter_chain
    trace.add("filter chain", chain.name or "default", "chosen", "no other chain takes the connection", "FC-13")
    return chain


# ------------------------------------------------------------------------- what a chain gives


def _networks(ranges: Any) -> list[object]:
    found: list[object] = []
    for each in ranges:
        address = ipaddress.ip_address(each.address_prefix)
        length = min(each.prefix_len.value, address.max_prefixlen)
        found.append(ipaddress.ip_network((address, length), strict=False))
    return found


def _names(match: Any) -> list[object]:
    return [name.removeprefix("*").encode().lower().decode("latin-1") for name in match.server_names]


def _wire(text: str) -> str:
    return text.encode().decode("latin-1")


# ------------------------------------------------------------- what the connection asks for, best first


def _covering(address: IP | None, present: list[object]) -> Iterator[object]:
    if address is None:
        return
    fitting = [net for net in present if isinstance(net, ipaddress.IPv4Network | ipaddress.IPv6Network)]
    yield from sorted((net for net in fitting if address in net), key=lambda net: net.prefixlen, reverse=True)


def _suffixes(arrival: Arrival, _: list[object]) -> Iterator[object]:
    name = arrival.server_name
    if not name:
        return
    yield name
    at = name.find(".", 1)
    while 0 <= at < len(name) - 1:
        yield name[at:]
        at = name.find(".", at + 1)


def _port(number: int, address: IP | None) -> Iterator[object]:
    if address is not None:
        yield number


CRITERIA: tuple[tuple[str, str, Keys, Wanted], ...] = (
    (
        "destination port",
        "FC-03",
        lambda match: [match.destination_port.value] if match.HasField("destination_port") else [],
        lambda arrival, _: _port(arrival.destination[1], arrival.destination[0]),
    ),
    (
        "destination prefix",
        "FC-04",
        lambda match: _networks(match.prefix_ranges),
        lambda arrival, present: _covering(arrival.destination[0], present),
    ),
    ("server name", "FC-05", _names, _suffixes),
    (
        "transport protocol",
        "FC-07",
        lambda match: [_wire(match.transport_protocol)] if match.transport_protocol else [],
        lambda arrival, _: iter([arrival.transport_protocol]),
    ),
    (
        "application protocol",
        "FC-08",
        lambda match: [_wire(each) for each in match.application_protocols],
        lambda arrival, _: iter(arrival.application_protocols),
    ),
    (
        "direct source prefix",
        "FC-09",
        lambda match: _networks(match.direct_source_prefix_ranges),
        lambda arrival, present: _covering(arrival.direct[0], present),
    ),
    (
        "source type",
        "FC-10",
        lambda match: [match.source_type] if match.source_type else [],
        lambda arrival, _: iter([1 if arrival.local else 2]),
    ),
    (
        "source prefix",
        "FC-11",
        lambda match: _networks(match.source_prefix_ranges),
        lambda arrival, present: _covering(arrival.source[0], present),
    ),
    (
        "source port",
        "FC-11",
        lambda match: list(match.source_ports),
        lambda arrival, _: _port(arrival.source[1], arrival.source[0]),
    ),
)
