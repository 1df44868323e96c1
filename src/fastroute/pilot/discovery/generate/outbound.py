"""Outbound listeners.

virtualOutbound takes every connection that iptables redirects, and hands it to the listener of its
original destination. What has no listener there goes where it wanted (ALLOW_ANY) or nowhere
(REGISTRY_ONLY); a connection to the redirection port itself goes nowhere, or it would come round again.

The others do not bind. By protocol of the service's port:

- HTTP: one listener 0.0.0.0_PORT for all services of the port; plain HTTP is routed by route configuration
  PORT, and whatever is not HTTP takes the default chain, as if there were no listener.
- TCP, TLS: VIP_PORT for each address; without one 0.0.0.0_PORT, told apart by CIDR or by server name;
  a headless service has one for each of its workloads.
- AUTO: as TCP, with a second chain for what turns out to be HTTP, routed by HOST:PORT (PORT where the
  listener is shared).

A Sidecar's listener with a port of its own serves the services that it offers, and no others join it; with
capture mode NONE, or on a Unix socket, it binds. An HTTP proxy takes requests for all of its services.

Listeners that would share an address are merged, oldest service first: HTTP and TCP side by side become a
listener that looks; of two chains with the same match the older one stays, and that is a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fastroute.pilot.discovery.findings import found
from fastroute.pilot.discovery.generate import filters, names
from fastroute.pilot.discovery.generate.connections import chains_for
from fastroute.pilot.discovery.generate.destinations import elsewhere
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generate.routes import route_name
from fastroute.pilot.discovery.model.build import is_address
from fastroute.pilot.discovery.model.protocols import Protocol, of_entry
from fastroute.pilot.discovery.model.scope import EVERYTHING, HTTP_PROXY, Offer
from fastroute.pilot.discovery.model.services import Port, Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.scopes import UNIX

ANY: Final = "0.0.0.0"
LOOPBACK: Final = "127.0.0.1"
RESERVED: Final = frozenset({15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090})
"""Ports of the proxy and its agent."""


@dataclass(slots=True)
class _Entry:
    """A listener in the making: connection chains, and the name of the routes when HTTP is looked for."""

    bind: str
    port: int
    binds: bool = False
    alone: bool = False
    """It has the port for itself."""
    pure: bool = False
    """Everything that it gets is HTTP."""
    route: str = ""
    grpc_web: bool = False
    chains: list[JSON] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The listener's name."""
        return f"{self.bind}_{self.port}" if self.port else self.bind


Entries = dict[tuple[str, int], _Entry]


def outbound_listeners(view: View) -> list[JSON]:
    """The listeners besides virtualOutbound, in order of their first service; those of a Sidecar come first."""
    if view.explicit:  # what those ask is not noted
        return _outbound(view)
    return view.remembered(("listeners", ""), _outbound)


def _outbound(view: View) -> list[JSON]:
    view.seen()
    entries: Entries = {}
    for offer in view.explicit:
        _explicit(view.of(offer), offer, entries)
    for service in view.offered:
        for port in service.ports:
            if port.number not in RESERVED and port.protocol.value != "UDP":
                _implicit(view, service, port, entries)
    return [_listener(view, entry) for entry in entries.values() if entry.route or entry.chains]


def _implicit(view: View, service: Service, port: Port, entries: Entries) -> None:
    listener = view.offer.listener if view.offer is not None else EVERYTHING
    given = listener.bind or (LOOPBACK if listener.binds else "")
    for bind in (given,) if given else _binds(service, port):
        entry = entries.setdefault((bind, port.number), _Entry(bind, port.number, listener.binds))
        if not entry.alone:
            _join(view, entry, service, port)


def _explicit(view: View, offer: Offer, entries: Entries) -> None:
    listener, declared = offer.listener, offer.listener.port
    assert declared is not None
    number, proxied = int(declared.number), declared.protocol.upper() == HTTP_PROXY
    if number in RESERVED:
        return
    protocol = Protocol.HTTP if proxied else of_entry(declared.protocol, declared.name, number)
    port = Port(number, declared.name, protocol)
    given = listener.bind or (LOOPBACK if listener.binds else "")
    for service in offer.services:
        for bind in (given,) if given else _binds(service, port):
            entry = _Entry(bind, number, listener.binds, alone=True, pure=proxied or (protocol.is_http and bind != ANY))
            _join(view, entries.setdefault((bind, number), entry), service, port, route_name(offer))


def _binds(service: Service, port: Port) -> Iterator[str]:
    if port.protocol.is_http:
        yield ANY
    elif addresses := [one for one in service.addresses if is_address(one)]:
        yield from addresses
    elif service.headless:
        yield from dict.fromkeys(one.workload.address for one in service.at(port.number))
    else:
        yield ANY


def _join(view: View, entry: _Entry, service: Service, port: Port, route: str = "") -> None:
    """Let a service's port have its part of a listener, with the routes of that name or of the port."""
    protocol = port.protocol
    if not protocol.is_tcp:
        shared = entry.bind == ANY
        if not entry.route:
            entry.grpc_web = protocol is Protocol.GRPC_WEB
        entry.route = entry.route or route or (str(port.number) if shared else f"{service.host}:{port.number}")
    if protocol.is_http:
        return
    for chain in chains_for(view, service, port, entry.bind):
        if any(one.get("filter_chain_match") == chain.get("filter_chain_match") for one in entry.chains):
            message = f"{entry.bind}:{port.number} is taken by an older service; connections go there"
            view.findings.append(found("FR001", service.origin, message, "ports"))
        else:
            entry.chains.append(chain)


def _listener(view: View, entry: _Entry) -> JSON:
    """The listener of an entry. What matches no other chain takes the default chain, whatever it looks like."""
    chains = [chain for chain in entry.chains if "filter_chain_match" in chain]
    rest = [chain for chain in entry.chains if "filter_chain_match" not in chain]
    made = _addressed(view, entry)
    if entry.pure:
        made["filter_chains"] = [{"filters": [_manager(view, entry)]}]
        return made
    if entry.route:
        chains.append(_http_chain(view, entry))
    if not chains:
        made["filter_chains"] = rest
        return made
    made["filter_chains"] = chains
    made["default_filter_chain"] = rest[0] if rest else _passing(view)
    _look(view, made)
    return made


def _passing(view: View) -> JSON:
    return {"name": "PassthroughFilterChain", "filters": [_otherwise(view)]}


def _addressed(view: View, entry: _Entry) -> JSON:
    """The listener's name and address, and whether it takes connections there itself."""
    if entry.bind.startswith(UNIX):
        where: JSON = {"pipe": {"path": entry.bind.removeprefix(UNIX)}}
    else:
        where = {"socket_address": {"address": entry.bind, "port_value": entry.port}}
    made: JSON = {"name": entry.name, "address": where, "traffic_direction": "OUTBOUND"}
    if entry.binds:
        return made
    if view.profile.deprecated_bind:
        made["deprecated_v1"] = {"bind_to_port": False}
    else:
        made["bind_to_port"] = False
    return made


def _http_chain(view: View, entry: _Entry) -> JSON:
    match = {"transport_protocol": "raw_buffer", "application_protocols": list(view.profile.plain_http)}
    return {
        "name": entry.name,
        "filter_chain_match": match,
        "filters": [_manager(view, entry)],
    }


def _manager(view: View, entry: _Entry) -> JSON:
    """The connection manager; the first service of a listener says whether its clients are gRPC-Web's."""
    return filters.outbound_http(view, f"outbound_{entry.name}", entry.route, grpc_web=entry.grpc_web)


def _look(view: View, listener: JSON) -> None:
    """Add the inspectors that the chains' matches need."""
    matches = [chain.get("filter_chain_match", {}) for chain in listener["filter_chains"]]
    http = any(match.get("application_protocols") for match in matches)
    tls = any(match.get("server_names") or match.get("transport_protocol") for match in matches)
    if http or tls:
        look: list[JSON] = [dict(filters.TLS_INSPECTOR)]
        if http:
            look.append(dict(filters.HTTP_INSPECTOR))
        listener["listener_filters"] = look
        listener["listener_filters_timeout"] = str(view.mesh.protocol_detection_timeout)
        listener["continue_on_listener_filters_timeout"] = True


def _otherwise(view: View) -> JSON:
    return filters.tcp_proxy(view, [(elsewhere(view), 1)])


def virtual_outbound(view: View) -> JSON:
    """The listener that iptables sends outbound connections to."""
    port = int(view.mesh.proxy_listen_port)
    hole = {
        "name": f"{names.VIRTUAL_OUTBOUND}-blackhole",
        "filter_chain_match": {"destination_port": port},
        "filters": [filters.tcp_proxy(view, [(names.BLACK_HOLE, 1)])],
    }
    rest = {"name": f"{names.VIRTUAL_OUTBOUND}-catchall-tcp", "filters": [_otherwise(view)]}
    return {
        "name": names.VIRTUAL_OUTBOUND,
        "address": {"socket_address": {"address": ANY, "port_value": port}},
        **filters.transparent(view),
        "filter_chains": [hole, rest],
        "use_original_dst": True,
        "traffic_direction": "OUTBOUND",
    }
