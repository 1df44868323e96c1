"""Which services a proxy sees.

- `exportTo` of a service limits who may see it.
- The Sidecar that applies is the oldest of the proxy's namespace whose selector fits, else its namespace's
  own without selector, else the root namespace's, else everything.
- `egress.hosts` are `NAMESPACE/HOST`: a name, `.` (the proxy's own), `*` (any), `~` (none).
- Of services with one host in several namespaces, the proxy's own namespace wins, then the oldest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastroute.pilot.discovery.model.hosts import covers, exported
from fastroute.pilot.discovery.model.proxy import Proxy
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.model.workloads import selected
from fastroute.pilot.discovery.registry.directory import Registry
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.scopes import Sidecar


def sidecar_of(registry: Registry, proxy: Proxy) -> Object[Sidecar] | None:
    """The Sidecar that applies to a proxy."""
    own = [one for one in registry.sidecars if one.namespace == proxy.namespace]
    for one in own:
        wanted = one.spec.workload_selector
        if wanted is not None and wanted.labels and selected(wanted.labels, proxy.labels):
            return one
    root = [one for one in registry.sidecars if one.namespace == registry.mesh.root_namespace]
    general = [
        one for one in (*own, *root) if one.spec.workload_selector is None or not one.spec.workload_selector.labels
    ]
    return general[0] if general else None


def visible(services: Iterable[Service], proxy: Proxy, sidecar: Object[Sidecar] | None) -> tuple[Service, ...]:
    """The services that `proxy` sees, in their order, one for each host."""
    seen = [one for one in services if exported(one.export_to, one.namespace, proxy.namespace)]
    if sidecar is not None and sidecar.spec.egress:
        patterns = [host for listener in sidecar.spec.egress for host in listener.hosts]
        seen = [one for one in seen if imported(patterns, one.namespace, one.host, proxy.namespace)]
    return tuple(_one_for_each_host(seen, proxy.namespace))


def imported(patterns: Iterable[str], namespace: str, host: str, own: str) -> bool:
    """Whether `NAMESPACE/HOST` patterns of a Sidecar take in a host; malformed patterns take in nothing."""
    for pattern in patterns:
        where, slash, name = pattern.partition("/")
        if not slash or "/" in name or where == "~":
            continue
        if (where == "*" or (own if where == "." else where) == namespace) and covers(name, host):
            return True
    return False


def _one_for_each_host(services: list[Service], own: str) -> Iterator[Service]:
    chosen: dict[str, Service] = {}
    for one in services:
        held = chosen.get(one.host)
        if held is None or (held.namespace != own and one.namespace == own):
            chosen[one.host] = one
    kept = {id(one) for one in chosen.values()}
    return (one for one in services if id(one) in kept)
