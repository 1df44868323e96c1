"""One request through a mesh, from the client's process to the server's, as the pilot configured it.

Each hop asks what would really decide there: the pod's redirection rules, the client sidecar's tables, the
server sidecar's tables. Nothing is looked up by name where Envoy would look it up by address.

Between the sidecars a connection is mutual TLS where the chosen endpoint's metadata picks the cluster's TLS
transport socket (auto mTLS): then the server's listener sees that socket's server name and protocols.
"""

from __future__ import annotations

import random as _random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastroute.api.anys import unpack
from fastroute.core.chain import Chain
from fastroute.core.decision import Decision
from fastroute.core.endpoint import Endpoint
from fastroute.errors import ConfigError
from fastroute.pilot import discovery
from fastroute.pilot.iptables import generate as redirection
from fastroute.pilot.iptables.interpret import Verdict, interpret
from fastroute.pilot.iptables.options import Options
from fastroute.pilot.iptables.packet import Packet
from fastroute.pilot.profiles import PROFILES
from fastroute.request import Connection
from fastroute.router import Router
from fastroute.snapshot import Snapshot, load

OUTBOUND_PORT = 15001
INBOUND_PORT = 15006
ENVOY_UID = 1337
APPLICATION_UID = 1000
CLIENT_PORT = 40000
# What the injector gives the init container: everything is captured but the agent's own ports.
CAPTURE_ALL = Options(inbound_ports="*", outbound_ranges="*", inbound_exclude="15090,15021,15020")


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod with its sidecar's snapshot and its redirection rules."""

    proxy: discovery.Proxy
    snapshot: Snapshot
    router: Router
    rules: tuple[Any, ...]

    def outbound(self, address: str, port: int, uid: int) -> Verdict:
        """What the rules do to a packet that a process of `uid` sends."""
        own = address in (self.proxy.address, "127.0.0.1")
        packet = Packet("outbound", address, port, self.proxy.address, uid=uid, out_interface="lo" if own else "eth0")
        return interpret(self.rules, packet, own_address=self.proxy.address)

    def inbound(self, source: str, port: int) -> Verdict:
        """What the rules do to a packet that arrives from another pod."""
        packet = Packet("inbound", self.proxy.address, port, source, in_interface="eth0")
        return interpret(self.rules, packet, own_address=self.proxy.address)


@dataclass(slots=True)
class Mesh:
    """A registry with the profile that its sidecars are configured by; pods are made when asked for."""

    registry: discovery.Registry
    profile: str
    strict: bool
    seed: int = 1
    _pods: dict[str, Pod] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path, profile: str, *, strict: bool) -> Mesh:
        """The mesh that the manifests below `directory` describe."""
        return cls(discovery.read(directory), profile, strict)

    def pod(self, name: str) -> Pod:
        """The pod `name` with its sidecar; ConfigError when there is none, or its configuration is refused."""
        if name not in self._pods:
            proxy = discovery.Proxy.of_pod(self.registry, name)
            made = discovery.generate(self.registry, proxy, self.profile)
            snapshot = load(made.as_mapping(), strict=self.strict)
            router = Router(snapshot, random=lambda: _random.Random(self.seed).getrandbits(64))
            rules = redirection.generate(CAPTURE_ALL, PROFILES[self.profile]).v4
            self._pods[name] = Pod(proxy, snapshot, router, tuple(rules))
        return self._pods[name]

    def pod_at(self, address: str) -> Pod:
        """The pod that has the IP `address`."""
        for pod in self.registry.pods:
            if discovery.Proxy.of_pod(self.registry, pod.name).address == address:
                return self.pod(pod.name)
        raise ConfigError(f"no pod has the address {address}")

    def resolve(self, host: str, namespace: str) -> tuple[str, str]:
        """The cluster IP and the full name of the service that `host` means to a pod of `namespace`."""
        for service in self.registry.services:
            name = f"{service.name}.{service.namespace}"
            known = {name, f"{name}.svc", f"{name}.svc.cluster.local"}
            if service.namespace == namespace:
                known.add(service.name)
            if host in known:
                return service.spec.cluster_ip, f"{name}.svc.cluster.local"
        raise ConfigError(f"no service is called {host!r} in namespace {namespace}")


@dataclass(frozen=True, slots=True)
class Journey:
    """All that was decided on the way of one request."""

    url: str
    host: str
    port: int
    service: str
    address: str
    client: Pod
    sent: Verdict
    outbound: Chain
    decision: Decision
    endpoint: Endpoint
    siblings: tuple[str, ...]
    server: Pod
    arrived: Verdict
    tls: Mapping[str, Any]
    inbound: Chain
    served: Decision
    application: Endpoint
    delivered: Verdict


def travel(mesh: Mesh, client_name: str, url: str) -> Journey:
    """Send a GET for `url` from the application of the pod `client_name`; ConfigError where the way ends."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    path = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
    client = mesh.pod(client_name)
    address, service = mesh.resolve(host, client.proxy.namespace)

    sent = client.outbound(address, port, APPLICATION_UID)
    head = f"GET {path} HTTP/1.1\r\nhost: {parts.netloc}\r\n\r\n".encode()
    outbound = _connected(client, (address, port), OUTBOUND_PORT, client.proxy.address, first_bytes=head)
    decision = client.router.route(parts.netloc, path, chain=outbound)
    endpoint = client.router.pick(decision) if decision.kind == "forward" else None
    if endpoint is None:
        raise ConfigError(f"{url} goes to no endpoint: {decision}")

    server = mesh.pod_at(endpoint.address)
    arrived = server.inbound(client.proxy.address, endpoint.port)
    tls = transport(client.snapshot, decision.cluster or "", endpoint)
    seen = (
        {"server_name": tls["sni"], "application_protocols": tls["alpn"], "transport_protocol": "tls"}
        if tls
        else {"first_bytes": head}
    )
    inbound = _connected(server, (endpoint.address, endpoint.port), INBOUND_PORT, client.proxy.address, **seen)
    served = server.router.route(decision.authority, decision.path, chain=inbound, headers=decision.upstream_headers())
    application = server.router.pick(served) if served.kind == "forward" else None
    if application is None:
        raise ConfigError(f"{url} is not delivered by {server.proxy.name}: {served}")
    delivered = server.outbound(application.address, application.port, ENVOY_UID)
    whole = outbound_siblings(client.snapshot, decision.cluster or "")
    return Journey(
        url, host, port, service, address, client, sent, outbound, decision, endpoint, whole, server, arrived, tls,
        inbound, served, application, delivered,
    )  # fmt: skip


def _connected(pod: Pod, destination: tuple[str, int], captured: int, source: str, **facts: Any) -> Chain:
    connection = Connection(
        destination=destination, accepted=("0.0.0.0", captured), source=(source, CLIENT_PORT), **facts
    )
    chain = pod.router.connect(connection)
    if chain is None or chain.kind != "http":
        raise ConfigError(f"{pod.proxy.name} serves no HTTP on {destination[0]}:{destination[1]}: {chain}")
    return chain


def transport(snapshot: Snapshot, cluster: str, endpoint: Endpoint) -> Mapping[str, Any]:
    """Server name and protocols of the TLS that the cluster speaks to `endpoint`; empty for plain text."""
    message: Any = next(each.message for each in snapshot.resources.clusters if each.name == cluster)
    labels = dict((endpoint.metadata or {}).get("envoy.transport_socket_match", {}))
    for match in message.transport_socket_matches:
        if all(labels.get(name) == value for name, value in dict(match.match).items()):
            if match.transport_socket.name != "envoy.transport_sockets.tls":
                return {}
            context: Any = unpack(match.transport_socket.typed_config)
            return {"name": match.name, "sni": context.sni, "alpn": tuple(context.common_tls_context.alpn_protocols)}
    return {}


def outbound_siblings(snapshot: Snapshot, cluster: str) -> tuple[str, ...]:
    """The endpoints of the whole service that `cluster`, one of its subsets, belongs to."""
    direction, port, _, host = cluster.split("|")
    whole = snapshot.clusters.get(f"{direction}|{port}||{host}")
    return tuple(f"{each.address}:{each.port}" for each in whole.endpoints) if whole is not None else ()
