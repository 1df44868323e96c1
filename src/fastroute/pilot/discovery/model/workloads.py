"""Pods and workload entries as workloads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from fastroute.pilot.discovery.model.services import Locality, Workload
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.entries import Workload as Entry
from fastroute.pilot.discovery.registry.kubernetes import Pod
from fastroute.pilot.discovery.registry.meta import Object

TLS_LABEL: Final = "security.istio.io/tlsMode"
REGION: Final = "topology.kubernetes.io/region"
ZONE: Final = "topology.kubernetes.io/zone"
SUBZONE: Final = "topology.istio.io/subzone"
LOCALITY: Final = "istio-locality"
NETWORK: Final = "topology.istio.io/network"
HOSTNAME: Final = "kubernetes.io/hostname"


def selected(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether all of `selector` stands in `labels`."""
    return all(labels.get(key) == value for key, value in selector.items())


def localities(registry: Registry) -> dict[str, Locality]:
    """Where each node is, by its labels."""
    return {node.name: _of_labels(node.meta.labels) for node in registry.of("Node")}


def _of_labels(labels: Mapping[str, str]) -> Locality:
    return Locality(labels.get(REGION, ""), labels.get(ZONE, ""), labels.get(SUBZONE, ""))


def default_network(registry: Registry) -> str:
    """The network of workloads that name none: that of the root namespace."""
    root = registry.mesh.root_namespace
    return next((one.meta.labels.get(NETWORK, "") for one in registry.of("Namespace") if one.name == root), "")


def of_pod(pod: Object[Pod], nodes: Mapping[str, Locality], network: str = "") -> Workload:
    """A pod. The label `istio-locality` beats the node's labels; its parts may be separated by dots."""
    labels, spec = pod.meta.labels, pod.spec.spec
    said = labels.get(LOCALITY, "")
    locality = Locality.parse(said, "/" if "/" in said else ".") if said else nodes.get(spec.node_name, Locality())
    return Workload(
        pod.spec.status.pod_ip, pod.name, pod.namespace, labels, spec.service_account_name or "default", locality,
        labels.get(TLS_LABEL) == "istio", labels.get(NETWORK, network), spec.node_name,
    )  # fmt: skip


def of_entry(entry: Entry, name: str, namespace: str, network: str = "") -> Workload:
    """A WorkloadEntry, or an endpoint of a ServiceEntry."""
    return Workload(
        entry.address, name, namespace, entry.labels, entry.service_account, Locality.parse(entry.locality),
        entry.labels.get(TLS_LABEL) == "istio", entry.network or entry.labels.get(NETWORK, network),
    )  # fmt: skip


def with_place(labels: Mapping[str, str], where: Locality, network: str, node: str) -> dict[str, str]:
    """Labels, and where a workload is, as labels."""
    place = {REGION: where.region, ZONE: where.zone, SUBZONE: where.subzone, NETWORK: network, HOSTNAME: node}
    return {**labels, **{label: value for label, value in place.items() if value}}


def owner(name: str, labels: Mapping[str, str]) -> str:
    """The name of the Deployment behind a pod: its name without the parts that were made up."""
    made_up = labels.get("pod-template-hash", "")
    head, separator, _ = name.partition(f"-{made_up}-") if made_up else (name, "", "")
    return head if separator else name


def by_address(workloads: Iterable[Workload]) -> dict[str, Workload]:
    """Workloads by address; the first one counts."""
    found: dict[str, Workload] = {}
    for one in workloads:
        if one.address:
            found.setdefault(one.address, one)
    return found
