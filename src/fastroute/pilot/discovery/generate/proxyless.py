"""Resources for gRPC clients that route without an Envoy (`xds:///HOST:PORT`; node metadata GENERATOR: grpc).

- A listener HOST:PORT for every name that a service has in the mesh, which holds an HTTP connection manager as its
  API listener; routes come over RDS by the name of the service's cluster.
- Clusters are those of services by EDS. What gRPC would refuse is put into what it has: balancing by least requests
  or at random becomes round robin, maglev becomes a ring; for ISTIO_MUTUAL certificates come from the client's own
  provider `default`. Without it, connections are plain text, as the client's credentials say.
- Clusters with TLS of other modes, and services by DNS or original destination, are not sent: a call to them fails
  and says that there is no such resource.
- Per-route settings are sent for the fault filter only; gRPC knows no other filter of ours.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final

from fastroute.api import names as api
from fastroute.api.encode import Piece
from fastroute.pilot.discovery.generate import names
from fastroute.pilot.discovery.generate.clusters import outbound_clusters
from fastroute.pilot.discovery.generate.domains import domains
from fastroute.pilot.discovery.generate.endpoints import load_assignments
from fastroute.pilot.discovery.generate.names import JSON, extension
from fastroute.pilot.discovery.generate.routes import routes_of
from fastroute.pilot.discovery.generate.tls import UPSTREAM
from fastroute.pilot.discovery.model.build import is_address
from fastroute.pilot.discovery.model.services import Port, Resolution, Service
from fastroute.pilot.discovery.model.view import View

FAULT: Final = "envoy.filters.http.fault"
PROVIDER: Final = "default"
KEPT: Final = (
    "name", "type", "eds_cluster_config", "connect_timeout", "circuit_breakers", "outlier_detection", "metadata",
)  # fmt: skip


def proxyless(view: View) -> dict[str, list[JSON]]:
    """All resources of a gRPC client, by kind."""
    found = [made for one in outbound_clusters(view) if (made := _cluster(one)) is not None]
    kept = {one["name"] for one in found}
    return {
        "clusters": found,
        "endpoints": [one for one in load_assignments(view) if one["cluster_name"] in kept],
        "listeners": list(_listeners(view)),
        "routes": list(_routes(view)),
    }


def _cluster(one: JSON) -> JSON | None:
    if one.get("type") != "EDS":
        return None
    made: JSON = {name: one[name] for name in KEPT if name in one}
    policy = one.get("lb_policy", "ROUND_ROBIN")
    if policy in ("RING_HASH", "MAGLEV"):
        made["lb_policy"] = "RING_HASH"
        sizes = one.get("ring_hash_lb_config")
        if policy == "RING_HASH" and sizes is not None:
            made["ring_hash_lb_config"] = sizes
    if "transport_socket" in one:
        common = one["transport_socket"]["typed_config"].get("common_tls_context", {})
        if "tls_certificate_sds_secret_configs" not in common:
            return None
        made["transport_socket"] = _mutual(common)
    return made


def _mutual(common: JSON) -> JSON:
    """Certificates and roots from the client's own provider, instead of an agent's socket."""
    accepted = common["combined_validation_context"]["default_validation_context"]
    provider = {"instance_name": PROVIDER, "certificate_name": "default"}
    roots = {"instance_name": PROVIDER, "certificate_name": "ROOTCA"}
    validation = {"default_validation_context": {**accepted, "ca_certificate_provider_instance": roots}}
    context = {"tls_certificate_provider_instance": provider, "combined_validation_context": validation}
    return extension("envoy.transport_sockets.tls", UPSTREAM, common_tls_context=context)


def _ports(view: View) -> Iterator[tuple[Service, Port]]:
    for service in view.services:
        if service.resolution is Resolution.EDS:
            for port in service.ports:
                if port.protocol.value != "UDP":
                    yield service, port


def _listeners(view: View) -> Iterator[JSON]:
    seen: set[str] = set()
    for service, port in _ports(view):
        for host in domains(view, service, port.number):
            name = f"{host}:{port.number}"
            if ":" not in host and not is_address(host) and name not in seen:
                seen.add(name)
                yield _listener(name, service, port)


def _listener(name: str, service: Service, port: Port) -> JSON:
    route = names.outbound(port.number, service.host)
    filters = [extension(FAULT, api.FAULT), extension("envoy.filters.http.router", api.ROUTER)]
    manager = names.typed(
        api.HTTP_CONNECTION_MANAGER,
        rds={"config_source": dict(names.ADS), "route_config_name": route},
        http_filters=filters,
    )
    address = {"socket_address": {"address": "0.0.0.0", "port_value": port.number}}
    return {"name": name, "address": address, "api_listener": {"api_listener": manager}}


def _routes(view: View) -> Iterator[JSON]:
    for service, port in _ports(view):
        host, number = service.host, port.number
        yield view.remembered(("proxyless", host, number), functools.partial(_route, host=host, port=number))


def _route(view: View, host: str, port: int) -> Piece:
    service = view.service(host)
    assert service is not None
    routes = [_only_known(one) for one in routes_of(view, service, host, port)]
    return Piece(
        {
            "name": names.outbound(port, host),
            "virtual_hosts": [{"name": f"{host}:{port}", "domains": ["*"], "routes": routes}],
        }
    )


def _only_known(route: JSON) -> JSON:
    made = dict(route)
    settings = {name: one for name, one in made.pop("typed_per_filter_config", {}).items() if name == FAULT}
    if settings:
        made["typed_per_filter_config"] = settings
    action = dict(made.get("route", {}))
    timeout = action.pop("timeout", "0s")
    if action:
        if timeout != "0s":
            action["max_stream_duration"] = {"max_stream_duration": timeout}
        made["route"] = action
    return made
