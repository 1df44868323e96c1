"""From a registry to the services of the mesh.

Endpoints of a Kubernetes service come from its EndpointSlices, else from its Endpoints, else from the pods
that its selector picks. A ServiceEntry with a selector takes pods and WorkloadEntries of its namespace.
"""

from __future__ import annotations

import functools
import ipaddress
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fastroute.pilot.discovery.model import protocols, workloads
from fastroute.pilot.discovery.model.distribution import preference
from fastroute.pilot.discovery.model.services import Instance, Locality, Port, Resolution, Service, Workload
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.entries import ServiceEntry
from fastroute.pilot.discovery.registry.entries import Workload as Entry
from fastroute.pilot.discovery.registry.kubernetes import (
    EndpointPort,
    Endpoints,
    EndpointSlice,
    Pod,
    ServicePort,
    ServiceSpec,
)
from fastroute.pilot.discovery.registry.meta import Object

DOMAIN = "cluster.local"
EXPORT = "networking.istio.io/exportTo"
SLICE_OF = "kubernetes.io/service-name"

_RESOLUTIONS = {
    "NONE": Resolution.ORIGINAL_DST,
    "STATIC": Resolution.EDS,
    "DNS": Resolution.DNS,
    "DNS_ROUND_ROBIN": Resolution.DNS_ROUND_ROBIN,
}


class Kept:
    """What the last state's services were built from, so that those are built again of which something is new.

    Objects are compared by identity: files that did not change give the same ones.
    """

    def __init__(self) -> None:
        self.context: tuple[object, ...] = ()
        self.workloads: dict[int, tuple[Object[Pod], Workload]] = {}
        self.services: dict[int, tuple[tuple[object, ...], tuple[Service, ...]]] = {}


def services(registry: Registry, domain: str = DOMAIN, kept: Kept | None = None) -> tuple[Service, ...]:
    """All services, oldest first. Where two declare one host in one namespace, Kubernetes' own wins."""
    builder = _Builder(registry, domain, kept or Kept())
    made = [one for declared in registry.services for one in builder.kubernetes(declared)]
    for entry in registry.service_entries:
        made.extend(builder.entry(entry))
    made.sort(key=lambda one: (one.origin.meta.creation_timestamp, f"{one.host}.{one.namespace}"))
    builder.keep()
    return tuple(_first_of_each(made))


def _first_of_each(found: Iterable[Service]) -> Iterator[Service]:
    ordered = sorted(found, key=lambda one: one.origin.kind != "Service")
    first: dict[tuple[str, str], Service] = {}
    for one in ordered:
        first.setdefault((one.host, one.namespace), one)
    kept = {id(one) for one in first.values()}
    return (one for one in found if id(one) in kept)


class _Builder:
    """Objects indexed by what services look for, so that a mesh is built in one pass."""

    def __init__(self, registry: Registry, domain: str, kept: Kept) -> None:
        self.registry, self.domain = registry, domain
        self.network = workloads.default_network(registry)
        self.namespaces = {one.name: one.meta.annotations for one in registry.of("Namespace") if one.meta.annotations}
        context = (registry.of("Node"), registry.mesh, domain, self.network, self.namespaces)
        self._old = kept if kept.context == context else Kept()
        self._new, self._kept = Kept(), kept
        self._new.context = context
        nodes = workloads.localities(registry)
        self.workloads = [(pod, self._workload(pod, nodes)) for pod in registry.pods]
        self.pods = workloads.by_address(workload for _, workload in self.workloads)
        self.labelled: dict[tuple[str, str, str], list[tuple[Object[Pod], Workload]]] = {}
        asked: dict[str, set[str]] = {}
        for one in registry.services:
            asked.setdefault(one.namespace, set()).update(one.spec.selector)
        for pair in self.workloads:
            meta = pair[0].meta
            for name in asked.get(meta.namespace, ()):
                if name in meta.labels:
                    self.labelled.setdefault((meta.namespace, name, meta.labels[name]), []).append(pair)
        self.slices: dict[tuple[str, str], list[Object[EndpointSlice]]] = {}
        for slice_ in registry.of("EndpointSlice"):
            self.slices.setdefault((slice_.namespace, slice_.meta.labels.get(SLICE_OF, "")), []).append(slice_)
        self.sets: dict[tuple[str, str], Object[Endpoints]] = {
            (one.namespace, one.name): one for one in registry.of("Endpoints")
        }

    # Kubernetes

    def keep(self) -> None:
        """Let the next state begin with what this one was built from."""
        new, kept = self._new, self._kept
        kept.context, kept.workloads, kept.services = new.context, new.workloads, new.services

    def _workload(self, pod: Object[Pod], nodes: Mapping[str, Locality]) -> Workload:
        held = self._old.workloads.get(id(pod))
        if held is None or held[0] is not pod:
            held = (pod, workloads.of_pod(pod, nodes, self.network))
        self._new.workloads[id(pod)] = held
        return held[1]

    def _again(
        self, one: object, parts: tuple[object, ...], make: Callable[[], Iterable[Service]]
    ) -> Iterable[Service]:
        """What an object declares: what it did, if its parts are the same objects."""
        inputs = (one, *parts)
        held = self._old.services.get(id(one))
        if held is None or len(held[0]) != len(inputs) or any(map(operator.is_not, held[0], inputs)):
            held = (inputs, tuple(make()))
        self._new.services[id(one)] = held
        return held[1]

    def kubernetes(self, one: Object[ServiceSpec]) -> Iterable[Service]:
        """The service of a Service."""
        return self._again(one, tuple(self._parts(one)), lambda: (self._kubernetes(one),))

    def _parts(self, one: Object[ServiceSpec]) -> Iterator[object]:
        """The objects that the endpoints of a service come from."""
        key = (one.namespace, one.name)
        if key in self.slices:
            for slice_ in self.slices[key]:
                yield slice_
                yield from (self.pods.get(address) for each in slice_.spec.endpoints for address in each.addresses[:1])
        elif key in self.sets:
            yield self.sets[key]
            for subset in self.sets[key].spec.subsets:
                yield from (self.pods.get(each.ip) for each in (*subset.addresses, *subset.not_ready_addresses))
        elif one.spec.selector:
            for pair in self._candidates(one):
                yield from pair

    def _candidates(self, one: Object[ServiceSpec]) -> Sequence[tuple[Object[Pod], Workload]]:
        """The pods that a selector may pick: those with the rarest of its labels."""
        selector, namespace = one.spec.selector, one.namespace
        found = [self.labelled.get((namespace, *item), ()) for item in selector.items()]
        return found[0] if len(found) == 1 else min(found, key=len)

    def _kubernetes(self, one: Object[ServiceSpec]) -> Service:
        spec = one.spec
        ports = tuple(
            Port(int(port.port), port.name, protocols.of_port(port.port, port.name, port.protocol, port.app_protocol))
            for port in spec.ports
        )
        headless = spec.cluster_ip == "None" or (spec.type != "ExternalName" and not spec.cluster_ip)
        external = spec.type == "ExternalName"
        addresses = tuple(spec.cluster_ips or (spec.cluster_ip,)) if not headless and not external else ()
        resolution = Resolution.DNS if external else Resolution.ORIGINAL_DST if headless else Resolution.EDS
        return Service(
            f"{one.name}.{one.namespace}.svc.{self.domain}", one.name, one.namespace, ports, resolution, one,
            addresses, headless and not external, external, _exports(one, self.registry),
            tuple(self._endpoints(one, dict(zip(ports, spec.ports, strict=True)))),
            distribution=self._preference(one, spec.preference), node_local=spec.internal_traffic_policy == "Local",
        )  # fmt: skip

    def _preference(self, one: Object[object], said: str) -> str:
        return preference(said, one.meta.annotations, self.namespaces.get(one.namespace, {}))

    def _endpoints(self, one: Object[ServiceSpec], ports: dict[Port, ServicePort]) -> Iterator[Instance]:
        if one.spec.type == "ExternalName":
            for port in ports:
                yield Instance(port, port.number, Workload(one.spec.external_name, namespace=one.namespace))
            return
        key = (one.namespace, one.name)
        if key in self.slices:
            for slice_ in self.slices[key]:
                for endpoint in slice_.spec.endpoints:
                    ready = endpoint.conditions.ready is not False or one.spec.publish_not_ready_addresses
                    for address in endpoint.addresses[:1]:
                        yield from self._listed(address, ready, slice_.spec.ports, ports)
        elif key in self.sets:
            yield from self._subsets(one, self.sets[key], ports)
        elif one.spec.selector:
            yield from self._selected(one, ports)

    def _subsets(
        self, one: Object[ServiceSpec], found: Object[Endpoints], ports: dict[Port, ServicePort]
    ) -> Iterator[Instance]:
        for subset in found.spec.subsets:
            for address in subset.addresses:
                yield from self._listed(address.ip, True, subset.ports, ports)
            for address in subset.not_ready_addresses:
                ready = one.spec.publish_not_ready_addresses
                yield from self._listed(address.ip, ready, subset.ports, ports)

    def _listed(
        self, address: str, ready: bool, listed: tuple[EndpointPort, ...], ports: dict[Port, ServicePort]
    ) -> Iterator[Instance]:
        workload = self.pods.get(address) or Workload(address)
        for port in ports:
            for target in listed:
                if target.name == port.name:
                    yield Instance(port, int(target.port), workload, ready=ready)

    def _selected(self, one: Object[ServiceSpec], ports: dict[Port, ServicePort]) -> Iterator[Instance]:
        for pod, workload in self._candidates(one):
            if not workloads.selected(one.spec.selector, pod.meta.labels):
                continue
            if not workload.address or pod.meta.deletion_timestamp:
                continue
            ready = pod.spec.status.ready or one.spec.publish_not_ready_addresses
            for port, declared in ports.items():
                target = _target(pod.spec, declared)
                if target:
                    yield Instance(port, target, workload, ready=ready)

    # Istio

    def entry(self, one: Object[ServiceEntry]) -> Iterable[Service]:
        """The services of a ServiceEntry."""
        if one.spec.workload_selector is not None:
            return self._entry(one)
        return self._again(one, (), lambda: self._entry(one))

    def _entry(self, one: Object[ServiceEntry]) -> Iterator[Service]:
        spec = one.spec
        ports = tuple(Port(int(p.number), p.name, protocols.of_entry(p.protocol, p.name, p.number)) for p in spec.ports)
        targets = {port: int(p.target_port or p.number) for port, p in zip(ports, spec.ports, strict=True)}
        for host in spec.hosts:
            yield Service(
                host, host, one.namespace, ports, _RESOLUTIONS[spec.resolution], one, spec.addresses, False,
                spec.location == "MESH_EXTERNAL", spec.export_to or self.registry.mesh.default_service_export_to,
                tuple(self._behind(one, host, targets)), spec.subject_alt_names, self._preference(one, ""),
            )  # fmt: skip

    def _behind(self, one: Object[ServiceEntry], host: str, targets: dict[Port, int]) -> Iterator[Instance]:
        spec = one.spec
        for number, entry in enumerate(spec.endpoints):
            yield from self._of_entry(entry, f"{one.name}-{number}", one.namespace, targets)
        if spec.workload_selector is not None:
            yield from self._by_selector(one, targets)
        elif not spec.endpoints and spec.resolution in ("DNS", "DNS_ROUND_ROBIN"):
            for port, target in targets.items():
                yield Instance(port, target, Workload(host, namespace=one.namespace))

    def _by_selector(self, one: Object[ServiceEntry], targets: dict[Port, int]) -> Iterator[Instance]:
        assert one.spec.workload_selector is not None
        labels = one.spec.workload_selector.labels
        for entry in self.registry.workload_entries:
            if entry.namespace == one.namespace and workloads.selected(labels, entry.spec.labels):
                yield from self._of_entry(entry.spec, entry.name, entry.namespace, targets)
        for workload in self.pods.values():
            if workload.namespace == one.namespace and workloads.selected(labels, workload.labels):
                for port, target in targets.items():
                    yield Instance(port, target, workload)

    def _of_entry(self, entry: Entry, name: str, namespace: str, targets: dict[Port, int]) -> Iterator[Instance]:
        workload = workloads.of_entry(entry, name, namespace, self.network)
        for port, target in targets.items():
            yield Instance(port, int(entry.ports.get(port.name, target)), workload, int(entry.weight) or 1)


def _exports(one: Object[ServiceSpec], registry: Registry) -> tuple[str, ...]:
    said = one.meta.annotations.get(EXPORT, "")
    return tuple(part.strip() for part in said.split(",")) if said else registry.mesh.default_service_export_to


def _target(pod: Pod, port: ServicePort) -> int | None:
    if port.target_port is None:
        return int(port.port)
    if isinstance(port.target_port, int):
        return port.target_port
    for container in pod.spec.containers:
        for declared in container.ports:
            if declared.name == port.target_port:
                return int(declared.container_port)
    return None


@functools.lru_cache(1 << 16)
def is_address(text: str) -> bool:
    """Whether `text` is an IP address rather than a name, a CIDR or a path."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
