"""Kubernetes objects, as far as a mesh looks at them. All of them are open: other keys are skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from fastroute.pilot.discovery.registry.names import Address, ClusterAddress, MaybeAddress, Reachable
from fastroute.pilot.discovery.registry.values import PortNumber


@dataclass(frozen=True, slots=True)
class ServicePort:
    """A port of a Service; `target_port` is a number or the name of a container's port."""

    OPEN: ClassVar[bool] = True

    port: PortNumber
    name: str = ""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"
    target_port: int | str | None = None
    app_protocol: str = ""


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """`Service.spec`. A headless service has the cluster IP `None`."""

    OPEN: ClassVar[bool] = True
    KEYS: ClassVar[Mapping[str, str]] = {"cluster_ip": "clusterIP", "cluster_ips": "clusterIPs"}

    type: Literal["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] = "ClusterIP"
    cluster_ip: ClusterAddress = ""
    cluster_ips: tuple[ClusterAddress, ...] = ()
    external_name: Reachable = ""
    selector: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[ServicePort, ...] = ()
    publish_not_ready_addresses: bool = False
    internal_traffic_policy: Literal["", "Cluster", "Local"] = ""
    traffic_distribution: Literal["", "PreferClose", "PreferSameZone", "PreferSameNode"] = ""

    @property
    def preference(self) -> str:
        """The endpoints that are preferred, under today's name."""
        return "PreferSameZone" if self.traffic_distribution == "PreferClose" else self.traffic_distribution


@dataclass(frozen=True, slots=True)
class ContainerPort:
    """A port that a container declares."""

    OPEN: ClassVar[bool] = True

    container_port: PortNumber
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class SecurityContext:
    """Under which user something runs."""

    OPEN: ClassVar[bool] = True

    run_as_user: int | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod."""

    OPEN: ClassVar[bool] = True

    name: str
    image: str = ""
    ports: tuple[ContainerPort, ...] = ()
    security_context: SecurityContext | None = None


@dataclass(frozen=True, slots=True)
class PodSpec:
    """`Pod.spec`."""

    OPEN: ClassVar[bool] = True

    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    security_context: SecurityContext | None = None
    service_account_name: str = "default"
    node_name: str = ""
    hostname: str = ""
    subdomain: str = ""
    host_network: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a pod's status."""

    OPEN: ClassVar[bool] = True

    type: str
    status: str


@dataclass(frozen=True, slots=True)
class PodStatus:
    """`Pod.status`. A pod without conditions counts as ready when it has an address."""

    OPEN: ClassVar[bool] = True
    KEYS: ClassVar[Mapping[str, str]] = {"pod_ip": "podIP"}

    pod_ip: MaybeAddress = ""
    phase: str = "Running"
    conditions: tuple[Condition, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether the pod takes traffic."""
        said = [one.status for one in self.conditions if one.type == "Ready"]
        return self.phase == "Running" and (not said or said[-1] == "True")


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod: what it runs and which address it has."""

    OPEN: ClassVar[bool] = True

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


@dataclass(frozen=True, slots=True)
class TemplateMeta:
    """Labels and annotations of the pods that are made."""

    OPEN: ClassVar[bool] = True

    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """What the pods of a Deployment look like."""

    OPEN: ClassVar[bool] = True

    metadata: TemplateMeta = TemplateMeta()
    spec: PodSpec = PodSpec()


@dataclass(frozen=True, slots=True)
class Deployment:
    """`Deployment.spec`. It is analysed; what is sent depends on pods alone."""

    OPEN: ClassVar[bool] = True

    template: PodTemplate = PodTemplate()


@dataclass(frozen=True, slots=True)
class TargetRef:
    """The object behind an address, usually a pod."""

    OPEN: ClassVar[bool] = True

    kind: str = ""
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class EndpointAddress:
    """An address of an Endpoints object."""

    OPEN: ClassVar[bool] = True

    ip: Address
    hostname: str = ""
    target_ref: TargetRef | None = None


@dataclass(frozen=True, slots=True)
class EndpointPort:
    """A port of Endpoints or of an EndpointSlice; the name joins it to the service's port."""

    OPEN: ClassVar[bool] = True

    port: PortNumber
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True, slots=True)
class Subset:
    """Addresses which share their ports."""

    OPEN: ClassVar[bool] = True

    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of the service of the same name."""

    OPEN: ClassVar[bool] = True

    subsets: tuple[Subset, ...] = ()


@dataclass(frozen=True, slots=True)
class SliceConditions:
    """Readiness of a slice's endpoint; absent means ready."""

    OPEN: ClassVar[bool] = True

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


@dataclass(frozen=True, slots=True)
class SliceEndpoint:
    """An endpoint of an EndpointSlice. Only its first address is used, as Kubernetes says."""

    OPEN: ClassVar[bool] = True

    addresses: tuple[Reachable, ...]
    conditions: SliceConditions = SliceConditions()
    hostname: str = ""
    node_name: str = ""
    target_ref: TargetRef | None = None


@dataclass(frozen=True, slots=True)
class EndpointSlice:
    """Addresses of the service that the label `kubernetes.io/service-name` names."""

    OPEN: ClassVar[bool] = True

    address_type: Literal["IPv4", "IPv6", "FQDN"] = "IPv4"
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """Named texts; the one named `istio` in the root namespace holds the mesh's settings."""

    OPEN: ClassVar[bool] = True

    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plain:
    """An object of which only the metadata matters: Namespace, Node, ServiceAccount."""

    OPEN: ClassVar[bool] = True
