"""Outbound clusters of a sidecar.

Order: for each service that the proxy sees, oldest first, and each of its ports that is not UDP, the
cluster of the port and then those of its subsets; BlackHoleCluster; PassthroughCluster. Of two clusters with
one name the first stays.

Types: EDS for services with addresses in the mesh; ORIGINAL_DST for headless ones and for entries without
resolution; DNS kinds for names outside. A DNS cluster without any endpoint is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from fastroute.api.encode import Piece
from fastroute.pilot.discovery.generate import names, tls, traffic
from fastroute.pilot.discovery.generate.endpoints import assignment, with_subset
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.generate.traffic import Settings
from fastroute.pilot.discovery.model.rules import Policy
from fastroute.pilot.discovery.model.services import Instance, Port, Resolution, Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.policies import ConnectionPool, Subset

DNS = "envoy.extensions.clusters.dns.v3.DnsCluster"
EXCHANGE = "envoy.tcp.metadataexchange.config.MetadataExchange"


def outbound_clusters(view: View) -> list[JSON]:
    """The clusters that all proxies have which see the mesh alike."""
    return view.remembered(
        ("clusters", ""),
        lambda view: _first_of_each((*_outbound(view), Piece(black_hole(view)), Piece(passthrough(view)))),
    )


def _first_of_each(made: Iterable[JSON]) -> list[JSON]:
    found: dict[str, JSON] = {}
    for cluster in made:
        found.setdefault(cluster["name"], cluster)
    return list(found.values())


def _outbound(view: View) -> Iterable[JSON]:
    names = [("clusters", host) for host in view.seen()]
    return chain.from_iterable(view.remembered_each(names, lambda name, view: list(_of_service(view, name[1]))))


def _of_service(view: View, host: str) -> Iterator[Piece]:
    service = view.service(host)
    assert service is not None
    policy = view.policy(service)
    subsets: tuple[Subset | None, ...] = (None, *(policy.spec.subsets if policy is not None else ()))
    for port in service.ports:
        if port.protocol.value != "UDP":
            for subset in subsets:
                cluster = _of_port(view, service, port, policy, subset)
                if cluster is not None:
                    yield Piece(cluster)


def _of_port(view: View, service: Service, port: Port, policy: Policy | None, subset: Subset | None) -> JSON | None:
    what = traffic.settings(policy, subset, port.number)
    subset_name = subset.name if subset is not None else ""
    cluster: JSON = {"name": names.outbound(port.number, service.host, subset_name)}
    cluster["connect_timeout"] = str(view.mesh.connect_timeout)
    instances = with_subset(service.at(port.number), subset)
    if not _discovery(view, cluster, service, instances, what):
        return None
    traffic.apply(cluster, what, view.profile, view.mesh, service)
    _name_statistics(view, cluster, view.mesh.outbound_cluster_stat_name, service, port, subset=subset_name)
    _upstream_protocol(view, cluster, what, service, port)
    _security(view, cluster, what, service, port, subset, instances)
    cluster["metadata"] = _about(view, service, policy, subset)
    return cluster


def _name_statistics(view: View, cluster: JSON, pattern: str, service: Service, port: Port, **more: Any) -> None:
    name = names.stat_name(pattern, service, port, **more) if pattern else ""
    if view.profile.alt_stat_names:
        cluster["alt_stat_name"] = f"{name or cluster['name']};"
    elif name:
        cluster["alt_stat_name"] = name


def _discovery(view: View, cluster: JSON, service: Service, instances: tuple[Instance, ...], what: Settings) -> bool:
    """Write where endpoints come from; False if the cluster cannot have any."""
    if service.resolution is Resolution.EDS:
        cluster["type"] = "EDS"
        cluster["eds_cluster_config"] = {"eds_config": dict(names.ADS), "service_name": cluster["name"]}
        return True
    if service.resolution is Resolution.ORIGINAL_DST:
        cluster["type"] = "ORIGINAL_DST"
        cluster["lb_policy"] = "CLUSTER_PROVIDED"
        return True
    if not instances:
        return False
    _dns(view, cluster, every=service.resolution is Resolution.DNS)
    cluster["load_assignment"] = assignment(view, cluster["name"], service, instances, what, static=False)
    return True


def _dns(view: View, cluster: JSON, *, every: bool) -> None:
    refresh = str(view.mesh.dns_refresh_rate or view.profile.dns_refresh)
    fields: JSON = {"dns_refresh_rate": refresh, "dns_lookup_family": "V4_ONLY", "respect_dns_ttl": True}
    if not view.profile.upstream_options:
        cluster.update(type="STRICT_DNS" if every else "LOGICAL_DNS", **fields)
        return
    fields["all_addresses_in_single_endpoint"] = not every
    cluster["cluster_type"] = names.extension("envoy.clusters.dns", DNS, **fields)


def _upstream_protocol(view: View, cluster: JSON, what: Settings, service: Service, port: Port) -> None:
    pool = what.connection_pool or ConnectionPool()
    http2 = port.protocol.is_http2 or _is_upgraded(view, pool, port)
    downstream = pool.http.use_client_protocol or (port.protocol.value == "auto" and not http2)
    kind = "downstream" if downstream else "http2" if http2 else ""
    by_request = tls.by_request(view, what.tls, service)
    set_upstream(view, cluster, kind, traffic.http_options(pool), traffic.http2_options(pool), by_request)


def _is_upgraded(view: View, pool: ConnectionPool, port: Port) -> bool:
    """A rule's word holds for any port; the mesh's only for those that are declared as HTTP."""
    said = pool.http.h2_upgrade_policy or "DEFAULT"
    if said == "DEFAULT":
        return view.mesh.h2_upgrade_policy == "UPGRADE" and port.protocol.is_http
    return said == "UPGRADE"


def set_upstream(
    view: View, cluster: JSON, kind: str, common: JSON, http2: JSON, by_request: JSON | None = None
) -> None:
    """Write the upstream's protocol (`downstream`: as the client, `http2`, or nothing) and HTTP options."""
    if view.profile.upstream_options:
        options: JSON = {"common_http_protocol_options": common} if common else {}
        if by_request:
            options["upstream_http_protocol_options"] = by_request
        if kind == "downstream":
            both = {"http_protocol_options": {}, "http2_protocol_options": http2}
            options["use_downstream_protocol_config"] = both
        elif kind == "http2":
            options["explicit_http_config"] = {"http2_protocol_options": http2}
        elif options:
            options["explicit_http_config"] = {"http_protocol_options": {}}
        if options:
            typed = names.typed(names.HTTP_OPTIONS, **options)
            cluster["typed_extension_protocol_options"] = {names.HTTP_OPTIONS: typed}
        return
    if common:
        cluster["common_http_protocol_options"] = common
    if kind == "downstream":
        cluster["protocol_selection"] = "USE_DOWNSTREAM_PROTOCOL"
    if kind == "http2":
        cluster["http2_protocol_options"] = http2


def _security(
    view: View, cluster: JSON, what: Settings, service: Service, port: Port, subset: Subset | None,
    instances: tuple[Instance, ...],
) -> None:  # fmt: skip
    """TLS as a rule says; without a word, mutual TLS to what takes it in the mesh."""
    name = names.sni(port.number, service.host, subset.name if subset is not None else "")
    alpn = ["istio-peer-exchange", "istio", *(["h2"] if _speaks_http2(cluster) else [])]
    sans = tls.identities(view.mesh, service)
    said = what.tls
    if said is not None and said.mode == "ISTIO_MUTUAL":
        cluster["transport_socket"] = tls.mutual_upstream(said.sni or name, alpn, list(said.subject_alt_names) or sans)
    elif said is not None and said.mode != "DISABLE":
        cluster["transport_socket"] = tls.client(view, said, service, http2=_speaks_http2(cluster))
    elif said is None and view.mesh.enable_auto_mtls and not service.external:
        _automatic(view, cluster, instances, tls.mutual_upstream(name, alpn, sans))
    if what.proxy_protocol is not None:
        _announce(cluster, what.proxy_protocol.version)


def _automatic(view: View, cluster: JSON, instances: tuple[Instance, ...], mutual: JSON) -> None:
    """Mutual TLS to each endpoint that takes it; to original destinations, which carry no mark, if all of them do."""
    takes = [view.takes_mutual_tls(one) for one in instances]
    if cluster.get("type") == "ORIGINAL_DST":
        if takes and all(takes):
            cluster["transport_socket"] = mutual
    elif any(takes):
        cluster["transport_socket_matches"] = [
            {"name": "tlsMode-istio", "match": {"tlsMode": "istio"}, "transport_socket": mutual},
            {"name": "tlsMode-disabled", "match": {}, "transport_socket": tls.raw()},
        ]


def _announce(cluster: JSON, version: str) -> None:
    for one in cluster.get("transport_socket_matches", ()):
        one["transport_socket"] = tls.with_proxy_protocol(one["transport_socket"], version)
    if "transport_socket_matches" not in cluster:
        socket = cluster.get("transport_socket") or tls.raw()
        cluster["transport_socket"] = tls.with_proxy_protocol(socket, version)


def _speaks_http2(cluster: JSON) -> bool:
    """Whether the upstream's protocol is HTTP/2 for certain: only then may it be offered, for the peer takes it."""
    if "http2_protocol_options" in cluster:
        return True
    options = cluster.get("typed_extension_protocol_options", {}).get(names.HTTP_OPTIONS, {})
    return "http2_protocol_options" in options.get("explicit_http_config", {})


def _about(view: View, service: Service, policy: Policy | None, subset: Subset | None) -> JSON:
    about: JSON = {"services": [{"host": service.host, "name": service.name, "namespace": service.namespace}]}
    if policy is not None:
        origin = policy.origin
        version = view.profile.rule_version
        about["config"] = names.rule_path(version, "destination-rule", origin.namespace, origin.name)
    if subset is not None:
        about["subset"] = subset.name
    return names.metadata(**about)


def black_hole(view: View) -> JSON:
    """Takes connections and has nowhere to send them."""
    cluster: JSON = {"name": names.BLACK_HOLE, "type": "STATIC", "connect_timeout": str(view.mesh.connect_timeout)}
    _exchange(view, cluster)
    return cluster


def passthrough(view: View) -> JSON:
    """Sends connections where they wanted to go."""
    cluster = as_it_came(view, names.PASSTHROUGH)
    _exchange(view, cluster)
    return cluster


def as_it_came(view: View, name: str) -> JSON:
    """A cluster that sends connections where they wanted to go."""
    cluster: JSON = {
        "name": name,
        "type": "ORIGINAL_DST",
        "connect_timeout": str(view.mesh.connect_timeout),
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": traffic.breakers(view.profile),
    }
    set_upstream(view, cluster, "downstream", {}, {})
    return cluster


def _exchange(view: View, cluster: JSON) -> None:
    if view.profile.istio_filters:
        one = names.istio_only("istio.metadata_exchange", EXCHANGE, protocol="istio-peer-exchange")
        cluster["filters"] = [one]
