"""Endpoints of clusters: one load assignment for each EDS cluster.

Endpoints are grouped by locality, and localities sorted by name; the weight of a locality is the sum of
its endpoints'. An endpoint that is not ready is left out. Metadata says which ones take mutual TLS.
Where the caller's place counts (`localities`), endpoints of one locality may be in several groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastroute.api.encode import Piece
from fastroute.pilot.discovery.generate import names, traffic
from fastroute.pilot.discovery.generate.localities import HERE, Nearness, distribute, nearness
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generate.traffic import Settings
from fastroute.pilot.discovery.model.build import is_address
from fastroute.pilot.discovery.model.services import Instance, Locality, Resolution, Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.model.workloads import owner, selected
from fastroute.pilot.discovery.registry.entries import is_static
from fastroute.pilot.discovery.registry.policies import Subset


def load_assignments(view: View) -> list[JSON]:
    """The assignments of all EDS clusters, in the clusters' order."""
    return view.remembered(("endpoints", ""), _load_assignments)


def _load_assignments(view: View) -> list[JSON]:
    found: dict[str, JSON] = {}
    names = [("endpoints", host) for host in view.seen()]
    for made in view.remembered_each(names, lambda name, view: list(_of_service(view, name[1]))):
        for one in made:
            found.setdefault(one["cluster_name"], one)
    return list(found.values())


def _of_service(view: View, host: str) -> Iterator[Piece]:
    service = view.service(host)
    assert service is not None
    if service.resolution is not Resolution.EDS:
        return
    policy = view.policy(service)
    subsets: tuple[Subset | None, ...] = (None, *(policy.spec.subsets if policy is not None else ()))
    for port in service.ports:
        if port.protocol.value != "UDP":
            for subset in subsets:
                yield Piece(_one(view, service, port.number, subset))


def _one(view: View, service: Service, port: int, subset: Subset | None) -> JSON:
    name = names.outbound(port, service.host, subset.name if subset is not None else "")
    what = traffic.settings(view.policy(service), subset, port)
    return assignment(view, name, service, with_subset(service.at(port), subset), what)


def with_subset(instances: Iterable[Instance], subset: Subset | None) -> tuple[Instance, ...]:
    """The instances that belong to a subset."""
    wanted = subset.labels if subset is not None else {}
    return tuple(one for one in instances if selected(wanted, one.workload.labels))


def assignment(
    view: View, name: str, service: Service, instances: Iterable[Instance], what: Settings, *, static: bool = True
) -> JSON:
    """The load assignment of a cluster. With `static`, names are left out: nobody would resolve them."""
    setting, fails_over = traffic.locality_setting(what, view.mesh, service)
    grouped: dict[tuple[Locality, Nearness], list[Instance]] = {}
    for one in instances:
        if _is_reached(view, service, one) and (not static or is_static(one.workload.address)):
            near = nearness(one, view.proxy, setting) if fails_over and setting is not None else HERE
            grouped.setdefault((one.workload.locality, near), []).append(one)
    made: JSON = {"cluster_name": name}
    if grouped:
        made["endpoints"] = list(_groups(view, grouped))
    if setting is not None and setting.distribute:
        distribute(made, view.proxy.locality, setting.distribute)
    return made


def _is_reached(view: View, service: Service, one: Instance) -> bool:
    return one.ready and (not service.node_local or one.workload.node == view.proxy.node)


def _groups(view: View, grouped: dict[tuple[Locality, Nearness], list[Instance]]) -> Iterator[JSON]:
    ranks = {near: rank for rank, near in enumerate(sorted({near for _, near in grouped}))}
    for where, near in sorted(grouped, key=lambda key: (key[0].region, key[0].zone, key[0].subzone, key[1])):
        made = _locality(view, where, grouped[where, near])
        if ranks[near]:
            made["priority"] = ranks[near]
        yield made


def _locality(view: View, where: Locality, instances: list[Instance]) -> JSON:
    parts = {"region": where.region, "zone": where.zone, "sub_zone": where.subzone}
    return {
        "locality": {name: value for name, value in parts.items() if value},
        "lb_endpoints": [_endpoint(view, one) for one in instances],
        "load_balancing_weight": sum(one.weight for one in instances),
    }


def _endpoint(view: View, one: Instance) -> JSON:
    workload = one.workload
    if workload.address.startswith(("unix://", "/")):
        address: JSON = {"pipe": {"path": workload.address.removeprefix("unix://")}}
    else:
        address = {"socket_address": {"address": workload.address, "port_value": one.target}}
    made: JSON = {"endpoint": {"address": address}, "load_balancing_weight": one.weight}
    about: JSON = {}
    if view.takes_mutual_tls(one):
        about["envoy.transport_socket_match"] = {"tlsMode": "istio"}
    if view.profile.endpoint_workload and workload.name and is_address(workload.address):
        about["istio"] = {"workload": _workload(one)}
    if about:
        made["metadata"] = {"filter_metadata": about}
    return made


def _workload(one: Instance) -> str:
    """`name;namespace;canonical service;canonical revision;cluster`."""
    workload, labels = one.workload, one.workload.labels
    service = labels.get("service.istio.io/canonical-name") or labels.get("app", "")
    revision = labels.get("service.istio.io/canonical-revision") or labels.get("version", "latest")
    return ";".join((owner(workload.name, labels), workload.namespace, service, revision, "Kubernetes"))
