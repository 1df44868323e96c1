"""Metrics that are looked up when they are asked for: how many there are of something now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fastroute._version import __version__
from fastroute.pilot.discovery.findings import Finding
from fastroute.pilot.discovery.model.services import Resolution
from fastroute.pilot.discovery.server.connection import SHORT
from fastroute.pilot.discovery.server.metrics import Labels
from fastroute.pilot.discovery.server.service import DiscoveryServer

Gauge = tuple[str, str, Mapping[Labels, float]]
BY_FINDING: Final[Mapping[str, tuple[str, str]]] = {
    "FR001": ("pilot_conflict_outbound_listener_tcp_over_current_tcp", "Ports that an older service has taken"),
    "FR002": ("pilot_vservice_dup_domain", "Virtual hosts whose domains belong to another one"),
    "FR003": ("pilot_conflict_inbound_listener", "Inbound ports that two services declare differently"),
    "FR008": ("pilot_destrule_subsets", "Subsets of DestinationRules that another one has already"),
    "IST0101": ("pilot_unresolved_references", "References to hosts, subsets or objects that are not there"),
}


def gauges(server: DiscoveryServer, found: Iterable[Finding]) -> Iterator[Gauge]:
    """All of them."""
    yield "pilot_info", "The version of the server", {(("version", __version__),): 1}
    versions = Counter(one.version for one in server.connections)
    yield (
        "pilot_xds",
        "Streams of proxies",
        {(("version", name),): count for name, count in versions.items()} or {(): 0},
    )
    yield "pilot_services", "Services known", {(): len(server.services)}
    yield "pilot_virt_services", "VirtualServices known", {(): len(server.registry.virtual_services)}
    yield from _instances(server)
    yield from _rejects(server)
    codes = Counter(one.code for one in found)
    for code, (name, about) in BY_FINDING.items():
        yield name, about, {(): codes[code]}
    yield from _authority(server)


def _instances(server: DiscoveryServer) -> Iterator[Gauge]:
    empty = without_dns = unready = 0
    for service in server.services:
        unready += sum(not one.ready for one in service.instances)
        if not any(one.ready for one in service.instances):
            empty += service.resolution is Resolution.EDS
            without_dns += service.resolution in (Resolution.DNS, Resolution.DNS_ROUND_ROBIN)
    yield "pilot_eds_no_instances", "Services without a ready endpoint", {(): empty}
    yield "pilot_dns_cluster_without_endpoints", "Services by DNS without an endpoint", {(): without_dns}
    yield "pilot_endpoint_not_ready", "Endpoints that are not ready", {(): unready}
    pods = sum(not pod.spec.status.pod_ip for pod in server.registry.pods)
    yield "pilot_no_ip", "Pods without an address", {(): pods}


def _rejects(server: DiscoveryServer) -> Iterator[Gauge]:
    rejected, expired = Counter(server.rejected), server.expired
    for one in server.connections:
        if one.session is not None:
            rejected.update({kind: watch.rejections for kind, watch in one.session.watches.items()})
            expired += sum(watch.expired for watch in one.session.watches.values())
    server.metrics.counters["pilot_total_xds_rejects", ()] = rejected.total()
    server.metrics.counters["pilot_xds_expired_nonce", ()] = expired
    for kind, short in SHORT.items():
        yield f"pilot_xds_{short}_reject", f"Responses of {short.upper()} that proxies refused", {(): rejected[kind]}


def _authority(server: DiscoveryServer) -> Iterator[Gauge]:
    if server.store is None or server.certificates is None:
        return
    ends = server.store.authority.certificate.not_valid_after_utc.timestamp()
    yield "citadel_server_root_cert_expiry_timestamp", "When the authority's certificate ends", {(): ends}
    for name in ("csr_count", "success_cert_issuance_count", "authentication_failure_count", "csr_sign_err_count"):
        about = name.replace("_", " ")
        yield f"citadel_server_{name}", f"Certificate requests: {about}", {(): server.certificates.counters[name]}
