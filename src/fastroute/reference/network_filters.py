"""What the chosen filter chain does with the connection.

- NF-01, NF-15: the last filter is terminal; an HTTP connection manager goes on with the rules of HTTP.
- NF-04, NF-05: tcp_proxy: weighted clusters by one draw; else the server name where sni_cluster precedes
  and there is one; else the cluster. NF-03: a cluster that does not exist closes the connection.
- NF-11, NF-12: RBAC decides after the cluster is chosen; the first filter that denies closes.
- FC-18: a chain without filters closes.
"""

from __future__ import annotations

from typing import Any

from fastroute.api import names, pool
from fastroute.api.transport_sockets import speaks_tls
from fastroute.config.resources import Resources
from fastroute.reference import rbac
from fastroute.reference.arrival import Arrival
from fastroute.reference.trace import Trace
from fastroute.request import TlsFacts

_NETWORK = "envoy.extensions.filters.network."
SNI_CLUSTER = _NETWORK + "sni_cluster.v3.SniCluster"
RBAC = _NETWORK + "rbac.v3.RBAC"
DIRECT_RESPONSE = _NETWORK + "direct_response.v3.Config"
ECHO = _NETWORK + "echo.v3.Echo"
_REASONS = {
    "http": "the connection goes on with HTTP",
    "tcp": "the connection is forwarded as it is",
    "respond": "it answers the connection itself",
    "closed": "the connection is closed",
}


def run(chain: Any, arrival: Arrival, resources: Resources, random: int, trace: Trace) -> dict[str, object]:
    """The decision's fields that the chain's network filters give."""
    if arrival.tls is None and speaks_tls(chain):
        arrival.tls = TlsFacts()
    found: dict[str, object] = {"filter_chain": chain.name, "kind": "closed", "reason": "no_network_filters"}
    found["filters"] = tuple(each.name for each in chain.filters)
    named = False
    rules = []
    for each in chain.filters:
        type_name = pool.type_name(each.typed_config.type_url)
        if not pool.is_known(each.typed_config.type_url):
            continue
        config: Any = pool.new(type_name)
        config.ParseFromString(each.typed_config.value)
        named = named or type_name == SNI_CLUSTER
        if type_name == RBAC:
            rules.append((each.name, config))
        elif type_name == names.HTTP_CONNECTION_MANAGER:
            found.update(kind="http", reason="", route_config=_routes(config))
        elif type_name == names.TCP_PROXY:
            found.update(_tcp(config, arrival.server_name if named else "", resources, random, trace))
        elif type_name in (DIRECT_RESPONSE, ECHO):
            found.update(kind="respond", reason="")
    if found["reason"] != "cluster_not_found":
        _check(rules, arrival, found, trace)
    trace.add("network filter", _terminal(chain), _verdict(found), _REASONS[str(found["kind"])], "NF-15")
    return found


def _terminal(chain: Any) -> str:
    return str(chain.filters[-1].name) if chain.filters else "none"


def _verdict(found: dict[str, object]) -> Any:
    return {"closed": "closed", "respond": "answered"}.get(str(found["kind"]), "chosen")


def _check(rules: list[tuple[str, Any]], arrival: Arrival, found: dict[str, object], trace: Trace) -> None:
    for name, config in rules:
        allowed, policy = rbac.decide(config, rbac.Subject.of(arrival))
        found["policy"] = policy
        trace.add("network filter", name, "kept" if allowed else "closed", f"policy {policy or 'none'}", "NF-11")
        if not allowed:
            reason = f"rbac_access_denied_matched_policy[{policy or 'none'}]"
            found.update(kind="closed", reason=reason)
            return


def _routes(manager: Any) -> str:
    if manager.WhichOneof("route_specifier") == "rds":
        return str(manager.rds.route_config_name)
    return str(manager.route_config.name) if manager.HasField("route_config") else ""


def _tcp(config: Any, server_name: str, resources: Resources, random: int, trace: Trace) -> dict[str, object]:
    cluster = server_name or config.cluster
    if config.WhichOneof("cluster_specifier") == "weighted_clusters":
        cluster = _weighted(config.weighted_clusters.clusters, random)
    clusters = {each.name: each.message for each in resources.clusters}
    if clusters and cluster not in clusters:
        trace.add("cluster", cluster, "closed", "the cluster does not exist", "NF-03")
        return {"kind": "closed", "reason": "cluster_not_found", "cluster": cluster}
    trace.add("cluster", cluster, "chosen", _destination(clusters.get(cluster)), "NF-04")
    return {"kind": "tcp", "reason": "", "cluster": cluster}


def _weighted(entries: Any, random: int) -> str:
    left = random % sum(entry.weight for entry in entries)
    for entry in entries:
        if left < entry.weight:
            return str(entry.name)
        left -= entry.weight
    raise AssertionError("the draw is below the sum of the weights")


def _destination(cluster: Any | None) -> str:
    if cluster is None:
        return "the TCP proxy names it"
    if cluster.type == cluster.DESCRIPTOR.enum_types_by_name["DiscoveryType"].values_by_name["ORIGINAL_DST"].number:
        return "it sends to the original destination"
    if cluster.type == 0 and not any(group.lb_endpoints for group in cluster.load_assignment.endpoints):
        return "it has no endpoint: the connection is dropped"
    return "the TCP proxy names it"
