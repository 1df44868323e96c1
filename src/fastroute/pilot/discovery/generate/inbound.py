"""virtualInbound: the listener that iptables sends inbound connections to.

Chains, in order: connections to the redirection port itself go nowhere; connections to ports that no
service declares pass through; then, port by port, those that are declared. A port of a Sidecar that binds has a
listener of its own. What a chain accepts depends on
the mode of mutual TLS (PERMISSIVE, STRICT, DISABLE) and on the protocol, as the options below say.

The two profiles differ in the order of the pass-through options, in the lists of application protocols,
and in whether a permissive TCP port also takes TLS that is not the mesh's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastroute.pilot.discovery.generate import filters, names, tls
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generate.routes import inbound_routes
from fastroute.pilot.discovery.model.inbound import InboundPort, inbound_ports
from fastroute.pilot.discovery.model.protocols import Protocol
from fastroute.pilot.discovery.model.services import Port
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.profiles import Profile


@dataclass(frozen=True, slots=True)
class Option:
    """One way in: over TLS or not, with which application protocols, ended here or not, and routed or not."""

    over_tls: bool
    protocols: tuple[str, ...] = ()
    ends_tls: bool = False
    http: bool = False


def options(profile: Profile, mode: str, protocol: str) -> list[Option]:
    """The ways in to a port of `protocol` ("http", "tcp" or "auto") in a mode of mutual TLS, in order."""
    http = protocol == "http"
    if mode == "DISABLE":
        return [*_sniffed_plain(profile, protocol), Option(False, http=http)]
    if mode == "STRICT":
        return [*_sniffed_mutual(profile, protocol), Option(True, ends_tls=True, http=http)]
    if protocol != "auto":
        mutual = profile.mutual_http_in if http or profile.opaque_tls_in else profile.mutual_tcp_in
        opaque = [Option(True)] if profile.opaque_tls_in and not http else []
        return [Option(True, mutual, True, http), *opaque, Option(False, http=http)]
    mutual_tcp, raw = Option(True, profile.mutual_tcp_in, True), Option(False)
    looking = [*_sniffed_mutual(profile, protocol), *_sniffed_plain(profile, protocol)]
    if profile.opaque_tls_in:
        return [*looking, mutual_tcp, raw, Option(True)]
    return [mutual_tcp, raw, *looking]


def _sniffed_plain(profile: Profile, protocol: str) -> list[Option]:
    return [Option(False, profile.plain_http, http=True)] if protocol == "auto" else []


def _sniffed_mutual(profile: Profile, protocol: str) -> list[Option]:
    return [Option(True, profile.sniffed_mutual_http, True, True)] if protocol == "auto" else []


def inbound_listeners(view: View) -> list[JSON]:
    """virtualInbound, and the listeners of ports that bind."""
    ports = inbound_ports(view)
    captured = [chain for one in ports if not one.binds for chain in _chains(view, one)]
    return [_virtual(view, captured), *(_bound(view, one) for one in ports if one.binds)]


def _virtual(view: View, captured: list[JSON]) -> JSON:
    port = int(view.mesh.proxy_inbound_listen_port)
    hole = {
        "name": f"{names.VIRTUAL_INBOUND}-blackhole",
        "filter_chain_match": {"destination_port": port},
        "filters": [filters.tcp_proxy(view, [(names.BLACK_HOLE, 1)])],
    }
    looking = [dict(filters.TLS_INSPECTOR), dict(filters.HTTP_INSPECTOR)]
    source = [dict(filters.ORIGINAL_SRC)] if view.proxy.transparent else []
    return {
        "name": names.VIRTUAL_INBOUND,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},
        **filters.transparent(view),
        "filter_chains": [hole, *_undeclared(view), *captured],
        "listener_filters": [dict(filters.ORIGINAL_DST), *source, *looking],
        "listener_filters_timeout": str(view.mesh.protocol_detection_timeout),
        "continue_on_listener_filters_timeout": True,
        "traffic_direction": "INBOUND",
    }


def _undeclared(view: View) -> Iterator[JSON]:
    """Ports that no service declares."""
    cluster = view.profile.inbound_passthrough
    everywhere = {"prefix_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 0}]}
    for option in options(view.profile, view.mtls_mode(), "auto"):
        name = f"{names.VIRTUAL_INBOUND}-catchall-http" if option.http else names.VIRTUAL_INBOUND
        routes = inbound_routes(view, cluster, f"{cluster}", 80, "")
        yield _chain(view, name, option, everywhere, cluster, routes)


def _chains(view: View, one: InboundPort) -> Iterator[JSON]:
    """The ways in to a declared port."""
    cluster = names.inbound(one.target)
    routes = inbound_routes(view, cluster, cluster, one.port.number, one.host)
    match = {"destination_port": one.target}
    if one.tls is not None:
        ended = Option(True, ends_tls=True, http=one.port.protocol.is_http)
        yield {
            **_chain(view, one.name, ended, match, cluster, routes, one.port.protocol),
            "transport_socket": tls.server(one.tls),
        }
        return
    for option in options(view.profile, view.mtls_mode(one.target), _family(one.port)):
        yield _chain(view, one.name, option, match, cluster, routes, one.port.protocol)


def _bound(view: View, one: InboundPort) -> JSON:
    """The listener of a port that takes connections itself."""
    return {
        "name": one.name,
        "address": {"socket_address": {"address": one.bind, "port_value": one.target}},
        "filter_chains": list(_chains(view, one)),
        "listener_filters": [dict(filters.TLS_INSPECTOR), dict(filters.HTTP_INSPECTOR)],
        "listener_filters_timeout": str(view.mesh.protocol_detection_timeout),
        "continue_on_listener_filters_timeout": True,
        "traffic_direction": "INBOUND",
    }


def _family(port: Port) -> str:
    if port.protocol.is_http:
        return "http"
    return "auto" if port.protocol.value == "auto" else "tcp"


def _chain(
    view: View, name: str, option: Option, match: JSON, cluster: str, routes: JSON, protocol: Protocol = Protocol.HTTP
) -> JSON:
    conditions: JSON = {**match, "transport_protocol": "tls" if option.over_tls else "raw_buffer"}
    if option.protocols:
        conditions["application_protocols"] = list(option.protocols)
    made: JSON = {"name": name, "filter_chain_match": conditions}
    if option.http:
        declared = "destination_port" in match
        prefix = f"inbound_{name}" if declared else cluster
        made["filters"] = [filters.inbound_http(view, prefix, routes, protocol)]
    else:
        made["filters"] = [filters.tcp_proxy(view, [(cluster, 1)])]
    if option.ends_tls:
        alpn = ["h2", "http/1.1"] if option.http else ["istio-peer-exchange", "h2", "http/1.1"]
        made["transport_socket"] = tls.mutual_downstream(alpn, view.mesh.mesh_mtls)
    return made
