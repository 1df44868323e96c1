"""The ports on which a workload is reached.

They are those of the services that it serves; the older one of two services on a port says what it speaks. A
Sidecar with ingress listeners names them all instead, and where their connections go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastroute.pilot.discovery.findings import found
from fastroute.pilot.discovery.model.protocols import Protocol, of_entry
from fastroute.pilot.discovery.model.services import Instance, Port, Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.policies import ConnectionPool
from fastroute.pilot.discovery.registry.scopes import IngressListener, ServerTLS, Sidecar


@dataclass(frozen=True, slots=True)
class InboundPort:
    """A port of the workload. `address` and `number` are where its connections go: nowhere else if they are empty."""

    target: int
    port: Port
    host: str
    """What traces call it."""
    services: tuple[Service, ...] = ()
    address: str = ""
    number: int = 0
    bind: str = ""
    binds: bool = False
    """It takes connections itself, instead of getting captured ones."""
    tls: ServerTLS | None = None
    pool: ConnectionPool | None = None

    @property
    def name(self) -> str:
        """The name of its chains, and of its listener if it binds."""
        return f"{self.bind or '0.0.0.0'}_{self.target}"


def inbound_ports(view: View) -> list[InboundPort]:
    """The workload's ports, in order of their names."""
    ingress = view.sidecar.spec.ingress if view.sidecar is not None else ()
    own = _by_target(view)
    if view.sidecar is not None and ingress:
        made = [_listening(view, view.sidecar, one, own.get(int(one.port.number), [])) for one in ingress]
    else:
        made = [_served(view, target, served) for target, served in own.items()]
    return sorted(made, key=lambda one: f"0.0.0.0_{one.target}")


def _by_target(view: View) -> dict[int, list[tuple[Service, Instance]]]:
    found_: dict[int, list[tuple[Service, Instance]]] = {}
    for service, instance in view.own():
        found_.setdefault(instance.target, []).append((service, instance))
    return found_


def _served(view: View, target: int, served: list[tuple[Service, Instance]]) -> InboundPort:
    (older, first), *others = served
    for service, instance in others:
        if first.port.protocol is not instance.port.protocol:
            message = f"port {target} is {first.port.protocol.value} by {older.host}, which is older"
            view.findings.append(found("FR003", service.origin, message, "ports"))
    services = tuple({service.host: service for service, _ in served}.values())
    pool = view.sidecar.spec.inbound_connection_pool if view.sidecar is not None else None
    made = InboundPort(target, first.port, older.host, services, pool=pool or _pool_of(view, older, first.port))
    return replace(made, address="127.0.0.1", number=target) if _to_loopback(view) else made


def _to_loopback(view: View) -> bool:
    return not view.profile.inbound_original_dst or view.mesh.inbound_traffic_policy.mode == "LOCALHOST"


def _pool_of(view: View, service: Service, port: Port) -> ConnectionPool | None:
    """What the service's own policy says: callers and called must have room for the same."""
    policy = view.policy(service)
    rule = policy.spec.traffic_policy if policy is not None else None
    if rule is None:
        return None
    levels = (one for one in rule.port_level_settings if one.port.number == port.number)
    return next(levels, rule).connection_pool


def _listening(
    view: View, sidecar: Object[Sidecar], one: IngressListener, served: list[tuple[Service, Instance]]
) -> InboundPort:
    number = int(one.port.number)
    protocol = of_entry(one.port.protocol, one.port.name, number)
    tls = one.tls if one.tls is not None and view.mtls_mode(number) == "DISABLE" else None
    if one.tls is not None and tls is None:
        message = f"port {number} takes mutual TLS, which rules out TLS of its own; set DISABLE for it"
        view.findings.append(found("FR006", sidecar, message, "ingress"))
    if tls is not None:
        protocol = {Protocol.HTTPS: Protocol.HTTP, Protocol.TLS: Protocol.TCP}.get(protocol, protocol)
    services = tuple({service.host: service for service, _ in served}.values())
    host = services[0].host if services else f"{sidecar.name}.{sidecar.namespace}"
    address, target = one.endpoint()
    if address in ("0.0.0.0", "::"):
        address = view.proxy.address
    if not address and _to_loopback(view):
        address, target = "127.0.0.1", number
    return InboundPort(
        number, Port(number, one.port.name, protocol), host, services, address, target,
        one.bind or (view.proxy.address if _binds(one) else ""), _binds(one), tls,
        one.connection_pool or sidecar.spec.inbound_connection_pool,
    )  # fmt: skip


def _binds(one: IngressListener) -> bool:
    return one.capture_mode == "NONE"
