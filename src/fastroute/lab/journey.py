"""One request through a mesh, from the client's process to the server's, as the pilot configured it.

Each hop asks what would really decide there: the pod's redirection rules, the client sidecar's tables, the
server sidecar's tables. Nothing is looked up by name where Envoy would look it up by address.

Between the sidecars a connection is mutual TLS where the chosen endpoint's metadata picks the cluster's TLS
transport socket (auto mTLS): then the server's listener sees that socket's server name and protocols.
"""

from __future__ import annotations

import random as _random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
MARK = 1337
"""What a transparent proxy marks its connections to the application with."""
APPLICATION_UID = 1000
CLIENT_PORT = 40000
# What the injector gives the init container: everything is captured but the agent's own ports.
CAPTURE_ALL = Options(inbound_ports="*", outbound_ranges="*", inbound_exclude="15090,15021,15020")


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod with its sidecar's snapshot and its redirection rules."""

    proxy: discovery.Proxy
    made: discovery.Generated
    snapshot: Snapshot
    router: Router
    rules: tuple[Any, ...]

    def outbound(self, address: str, port: int, uid: int) -> Verdict:
        """What the rules do to a packet that a process of the user and group `uid` sends."""
        return self._sent(Packet("outbound", address, port, self.proxy.address, uid=uid, gid=uid))

    def delivered(self, address: str, port: int, source: str) -> Verdict:
        """What the rules do to a packet that Envoy sends to the application, from `source`."""
        if not self.proxy.transparent:
            return self._sent(Packet("outbound", address, port, source, uid=ENVOY_UID, gid=ENVOY_UID))
        return self._sent(Packet("outbound", address, port, source, uid=0, gid=ENVOY_UID, mark=MARK))

    def _sent(self, packet: Packet) -> Verdict:
        interface = "lo" if packet.destination in (self.proxy.address, "127.0.0.1") else "eth0"
        return interpret(self.rules, replace(packet, out_interface=interface), own_address=self.proxy.address)

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
            options = replace(CAPTURE_ALL, mode="TPROXY") if proxy.transparent else CAPTURE_ALL
            rules = redirection.generate(options, PROFILES[self.profile]).v4
            self._pods[name] = Pod(proxy, made, snapshot, router, tuple(rules))
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
    source: str
    """The address that the server's Envoy calls its application from."""
    delivered: Verdict


@dataclass(frozen=True, slots=True)
class Departure:
    """What the client's side decides about a request that its application sends."""

    pod: Pod
    chain: Chain
    decision: Decision
    endpoint: Endpoint | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the server's side decides about it."""

    pod: Pod
    tls: Mapping[str, Any]
    chain: Chain
    decision: Decision
    endpoint: Endpoint | None


def depart(
    client: Pod,
    destination: tuple[str, int],
    authority: str,
    path: str,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
    *,
    random: int | None = None,
) -> Departure:
    """An application of `client` sends a request to an address; ConfigError where no HTTP is served."""
    chain = _connected(client, destination, OUTBOUND_PORT, client.proxy.address, first_bytes=_head(authority, path))
    decision = client.router.route(authority, path, method, headers, chain=chain, random=random)
    endpoint = client.router.pick(decision) if decision.kind == "forward" else None
    return Departure(client, chain, decision, endpoint)


def arrive(mesh: Mesh, departure: Departure, endpoint: Endpoint) -> Arrival:
    """The request comes to `endpoint`, a pod of the mesh; ConfigError where none has that address."""
    server, decision, client = mesh.pod_at(endpoint.address), departure.decision, departure.pod
    tls = transport(client.snapshot, decision.cluster or "", endpoint)
    seen = (
        {"server_name": tls["sni"], "application_protocols": tls["alpn"], "transport_protocol": "tls"}
        if tls
        else {"first_bytes": _head(decision.authority, decision.path or "/")}
    )
    chain = _connected(server, (endpoint.address, endpoint.port), INBOUND_PORT, client.proxy.address, **seen)
    headers = decision.upstream_headers()
    served = server.router.route(decision.authority, decision.path, decision.method, headers, chain=chain)
    application = server.router.pick(served) if served.kind == "forward" else None
    return Arrival(server, tls, chain, served, application)


def travel(mesh: Mesh, client_name: str, url: str) -> Journey:
    """Send a GET for `url` from the application of the pod `client_name`; ConfigError where the way ends."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    path = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
    client = mesh.pod(client_name)
    address, service = mesh.resolve(host, client.proxy.namespace)

    sent = client.outbound(address, port, APPLICATION_UID)
    left = depart(client, (address, port), parts.netloc, path)
    if left.endpoint is None:
        raise ConfigError(f"{url} goes to no endpoint: {left.decision}")
    came = arrive(mesh, left, left.endpoint)
    if came.endpoint is None:
        raise ConfigError(f"{url} is not delivered by {came.pod.proxy.name}: {came.decision}")
    arrived = came.pod.inbound(client.proxy.address, left.endpoint.port)
    source = source_address(came, client.proxy.address)
    delivered = came.pod.delivered(came.endpoint.address, came.endpoint.port, source)
    whole = outbound_siblings(client.snapshot, left.decision.cluster or "")
    return Journey(
        url, host, port, service, address, client, sent, left.chain, left.decision, left.endpoint, whole, came.pod,
        arrived, came.tls, came.chain, came.decision, came.endpoint, source, delivered,
    )  # fmt: skip


def _head(authority: str, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: {authority}\r\n\r\n".encode()


def _connected(pod: Pod, destination: tuple[str, int], captured: int, source: str, **facts: Any) -> Chain:
    chain = connect(pod, destination, captured, source, **facts)
    if chain is None or chain.kind != "http":
        raise ConfigError(f"{pod.proxy.name} serves no HTTP on {destination[0]}:{destination[1]}: {chain}")
    return chain


def connect(pod: Pod, destination: tuple[str, int], captured: int, source: str, **facts: Any) -> Chain | None:
    """What a connection that was redirected to the port `captured` meets."""
    connection = Connection(
        destination=destination, accepted=("0.0.0.0", captured), source=(source, CLIENT_PORT), **facts
    )
    return pod.router.connect(connection)


def source_address(came: Arrival, client: str) -> str:
    """The address that Envoy's connection to the application leaves from: a transparent proxy keeps the client's."""
    if came.pod.proxy.transparent:
        return client
    wanted = came.decision.cluster
    message: Any = next(each.message for each in came.pod.snapshot.resources.clusters if each.name == wanted)
    return str(message.upstream_bind_config.source_address.address) or came.pod.proxy.address


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
