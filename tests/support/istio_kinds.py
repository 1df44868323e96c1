"""Drawn objects of every kind that the pilot reads, over the example mesh."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support import istio_draws

Object = dict[str, Any]
HOSTS = ("reviews", "ratings", "details", "cache", "store", "*.default.svc.cluster.local", "api.example.com")
PORTS = (
    ("http", 8080), ("http2-api", 8081), ("grpc", 8082), ("grpc-web-x", 8083), ("tcp-db", 5432), ("mysql", 3306),
    ("https", 8443), ("tls-x", 9443), ("", 7000), ("foo", 7001), ("redis", 6379), ("http", 9080), ("udp-dns", 5353),
)  # fmt: skip
seconds = st.sampled_from(("1s", "30s", "500ms", "2m"))
counts = st.integers(1, 1000)


def one_object(kind: str, name: str, spec: Object, group: str = "networking.istio.io/v1", **meta: Any) -> Object:
    """An object of the namespace default."""
    return {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": "default", **meta}, "spec": spec}


@st.composite
def services(draw: st.DrawFn) -> list[Object]:
    """A service with ports of any protocol, with an address, without one, or outside; and a pod of it."""
    name = draw(st.sampled_from(("cache", "store")))
    ports = draw(
        st.lists(st.sampled_from(PORTS), min_size=1, max_size=4, unique_by=(lambda one: one[1], lambda one: one[0]))
    )
    spec: Object = {"ports": [{"name": label, "port": port} for label, port in ports], "selector": {"app": name}}
    if ports[0][0].startswith("udp"):
        spec["ports"][0]["protocol"] = "UDP"
    kind = draw(st.sampled_from(("address", "address", "headless", "outside")))
    if kind == "outside":
        spec |= {"type": "ExternalName", "externalName": "elsewhere.example.com"}
    else:
        spec["clusterIP"] = "10.231.60.1" if kind == "address" else "None"
    labels = {"app": name, "version": "v1", "security.istio.io/tlsMode": draw(st.sampled_from(("istio", "disabled")))}
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{name}-0", "namespace": "default", "labels": labels},
        "spec": {"containers": [{"name": name}]}, "status": {"podIP": "10.240.5.1"},
    }  # fmt: skip
    return [one_object("Service", name, spec, "v1"), pod]


@st.composite
def own_ports(draw: st.DrawFn) -> list[Object]:
    """A second service of productpage itself, so that it has more inbound ports."""
    label, port = draw(st.sampled_from(PORTS[:-1]))
    spec = {"ports": [{"name": label, "port": port}], "selector": {"app": "productpage"}, "clusterIP": "10.231.60.9"}
    return [one_object("Service", "extra", spec, "v1")]


hashes = st.one_of(
    st.just({"httpHeaderName": "x-user"}),
    st.just({"httpCookie": {"name": "user", "ttl": "10s", "path": "/"}}),
    st.just({"httpCookie": {"name": "user", "ttl": "0s", "attributes": [{"name": "SameSite", "value": "Strict"}]}}),
    st.just({"useSourceIp": True}),
    st.just({"httpQueryParameterName": "user", "maglev": {"tableSize": 101}}),
    st.just({"httpHeaderName": "x-user", "ringHash": {"minimumRingSize": 16}}),
    st.just({"httpHeaderName": "x-user", "minimumRingSize": 64}),
)
localities = st.sampled_from(
    ({"enabled": True}, {"distribute": [{"from": "west/*", "to": {"west/*": 80, "east/*": 20}}]},
     {"failover": [{"from": "west", "to": "east"}]}, {"enabled": False},
     {"failoverPriority": ["topology.kubernetes.io/region", "version"]},
     {"failoverPriority": ["version=v2"], "failover": [{"from": "west", "to": "east"}]})
)  # fmt: skip
balancers = st.one_of(
    st.fixed_dictionaries(
        {
            "simple": st.sampled_from(
                ("ROUND_ROBIN", "LEAST_REQUEST", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "UNSPECIFIED")
            )
        },
        optional={"warmupDurationSecs": seconds, "localityLbSetting": localities},
    ),
    st.fixed_dictionaries({"consistentHash": hashes}, optional={"localityLbSetting": localities}),
    st.just({"simple": "LEAST_REQUEST", "warmup": {"duration": "30s", "minimumPercent": 5, "aggression": 1.5}}),
)
pools = st.fixed_dictionaries(
    {},
    optional={
        "tcp": st.fixed_dictionaries({}, optional={
            "maxConnections": counts, "connectTimeout": seconds, "maxConnectionDuration": seconds,
            "idleTimeout": seconds,
            "tcpKeepalive": st.just({"probes": 3, "time": "10s", "interval": "5s"})}),
        "http": st.fixed_dictionaries({}, optional={
            "http1MaxPendingRequests": counts, "http2MaxRequests": counts, "maxRequestsPerConnection": counts,
            "maxRetries": counts, "idleTimeout": seconds, "maxConcurrentStreams": counts,
            "useClientProtocol": st.booleans(), "http2KeepAlive": st.just({"interval": "10s", "timeout": "2s"}),
            "h2UpgradePolicy": st.sampled_from(("DEFAULT", "UPGRADE", "DO_NOT_UPGRADE"))}),
    },
)  # fmt: skip
outliers = st.fixed_dictionaries(
    {},
    optional={
        "consecutive5xxErrors": st.integers(0, 9), "consecutiveGatewayErrors": st.integers(0, 9),
        "consecutiveErrors": st.integers(0, 9), "interval": seconds, "baseEjectionTime": seconds,
        "maxEjectionPercent": st.integers(0, 100), "minHealthPercent": st.integers(0, 100),
        "splitExternalLocalOriginErrors": st.booleans(), "consecutiveLocalOriginFailures": st.integers(0, 5),
    },
)  # fmt: skip
client_tls = st.sampled_from(
    (
        {"mode": "DISABLE"}, {"mode": "ISTIO_MUTUAL"}, {"mode": "ISTIO_MUTUAL", "sni": "x", "subjectAltNames": ["y"]},
        {"mode": "SIMPLE"}, {"mode": "SIMPLE", "sni": "api.example.com", "subjectAltNames": ["api.example.com"]},
        {"mode": "SIMPLE", "insecureSkipVerify": True}, {"mode": "SIMPLE", "caCertificates": "/etc/certs/roots.pem"},
        {"mode": "MUTUAL", "clientCertificate": "/etc/certs/chain.pem", "privateKey": "/etc/certs/key.pem"},
    )
)  # fmt: skip
budgets = st.fixed_dictionaries(
    {},
    optional={
        "percent": st.sampled_from((0, 12.5, 100)),
        "minRetryConcurrency": st.integers(0, 9),
        "budgetInterval": seconds,
    },
)
parts = {"loadBalancer": balancers, "connectionPool": pools, "outlierDetection": outliers, "tls": client_tls}
port_policies = st.fixed_dictionaries({"port": st.sampled_from(({"number": 9080}, {"number": 8080}))}, optional=parts)
policies = st.fixed_dictionaries(
    {},
    optional={
        **parts,
        "tunnel": st.just({"protocol": "CONNECT", "targetHost": "far.example", "targetPort": 443}),
        "proxyProtocol": st.sampled_from(({"version": "V1"}, {"version": "V2"})),
        "retryBudget": budgets,
        "portLevelSettings": st.lists(port_policies, max_size=2, unique_by=lambda one: one["port"]["number"]),
    },
)


@st.composite
def destination_rules(draw: st.DrawFn) -> list[Object]:
    """A DestinationRule for one host, with policies on all levels."""
    spec: Object = {"host": draw(st.sampled_from(HOSTS))}
    names = draw(st.lists(st.sampled_from(("v1", "v2", "v9")), max_size=2, unique=True))
    spec["subsets"] = [
        {
            "name": name,
            "labels": {"version": name},
            **draw(st.fixed_dictionaries({}, optional={"trafficPolicy": policies})),
        }
        for name in names
    ]
    if draw(st.booleans()):
        spec["trafficPolicy"] = draw(policies)
    return [one_object("DestinationRule", f"dr-{draw(st.integers(0, 2))}", spec)]


@st.composite
def service_entries(draw: st.DrawFn) -> list[Object]:
    """A ServiceEntry of any resolution, sometimes with its own workloads."""
    resolution = draw(st.sampled_from(("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN")))
    protocols = st.sampled_from(("HTTP", "HTTPS", "TCP", "TLS", "GRPC", "HTTP2", "MONGO"))
    numbers = draw(st.lists(st.sampled_from((80, 443, 8080, 9080, 27017)), min_size=1, max_size=2, unique=True))
    spec: Object = {
        "hosts": ["*.example.com" if resolution == "NONE" and draw(st.booleans()) else "api.example.com"],
        "ports": [{"number": port, "name": f"p-{port}", "protocol": draw(protocols)} for port in numbers],
        "resolution": resolution,
        "location": draw(st.sampled_from(("MESH_EXTERNAL", "MESH_INTERNAL"))),
    }
    if draw(st.booleans()):
        spec["addresses"] = draw(st.sampled_from((["10.70.0.1"], ["10.70.0.0/16"])))
    found = [one_object("ServiceEntry", "entry", spec)]
    if resolution == "STATIC" and draw(st.booleans()):
        spec["workloadSelector"] = {"labels": {"app": "vm"}}
        workload = {"address": "10.80.0.1", "labels": {"app": "vm"}, "locality": "west/a", "serviceAccount": "vm"}
        found.append(one_object("WorkloadEntry", "vm", workload))
    elif resolution == "STATIC":
        spec["endpoints"] = [{"address": "10.80.0.2", "weight": 3}, {"address": "10.80.0.3", "ports": {"p-80": 8000}}]
    elif resolution.startswith("DNS") and draw(st.booleans()):
        spec["endpoints"] = [{"address": "one.example.com"}]
    return found


@st.composite
def connections(draw: st.DrawFn) -> list[Object]:
    """A VirtualService for connections: tls by server name, tcp by destination."""
    to = [{"destination": {"host": "cache"}, "weight": 70}, {"destination": {"host": "store"}, "weight": 30}]
    host, name = draw(
        st.sampled_from(
            (("api.example.com", "api.example.com"), ("*.example.com", "a.example.com"), ("cache", "cache.x"))
        )
    )
    match: Object = {"port": draw(st.sampled_from((443, 8443, 5432)))} if draw(st.booleans()) else {}
    spec: Object = {"hosts": [host]}
    if draw(st.booleans()):
        spec["tls"] = [{"match": [{"sniHosts": [name], **match}], "route": to[: draw(st.integers(1, 2))]}]
    else:
        spec["tcp"] = [{"match": [{"destinationSubnets": ["10.70.1.0/24"], **match}], "route": to}, {"route": to[:1]}]
    return [one_object("VirtualService", "connections", spec)]


own_listeners = st.sampled_from(
    (
        {"port": {"number": 9080, "protocol": "HTTP"}, "hosts": ["./details.default.svc.cluster.local"]},
        {"port": {"number": 3128, "protocol": "HTTP_PROXY"}, "bind": "127.0.0.1", "hosts": ["*/*"]},
        {"port": {"number": 8080, "protocol": "HTTP"}, "captureMode": "NONE", "hosts": ["./*"]},
        {"port": {"number": 5432, "protocol": "TCP"}, "bind": "127.0.0.1", "captureMode": "NONE", "hosts": ["*/*"]},
        {"port": {"number": 7000}, "hosts": ["./*"]},
        {"port": {"number": 0, "protocol": "HTTP"}, "bind": "unix:///run/out", "hosts": ["./*"]},
    )
)
elsewhere = st.sampled_from(
    (
        {"mode": "REGISTRY_ONLY"},
        {"mode": "ALLOW_ANY", "egressProxy": {"host": "reviews.default.svc.cluster.local", "port": {"number": 9080}}},
    )
)


@st.composite
def ingress(draw: st.DrawFn) -> Object:
    """A port on which the workload is reached."""
    number = draw(st.sampled_from((9080, 9999, 9443)))
    one: Object = {"port": {"number": number, "protocol": draw(st.sampled_from(("HTTP", "TCP", "HTTPS", "GRPC", "")))}}
    endpoint = draw(st.sampled_from(("", "127.0.0.1:8080", "0.0.0.0:8081", "unix:///run/app")))
    if endpoint:
        one["defaultEndpoint"] = endpoint
    if draw(st.booleans()):
        one["captureMode"] = "NONE"
    if draw(st.booleans()):
        files = {"serverCertificate": "/etc/certs/chain.pem", "privateKey": "/etc/certs/key.pem"}
        one["tls"] = {"mode": "SIMPLE", **files}
    if draw(st.booleans()):
        one["connectionPool"] = draw(pools)
    return one


@st.composite
def scopes(draw: st.DrawFn) -> list[Object]:
    """Sidecar and PeerAuthentication."""
    mode = st.sampled_from(("PERMISSIVE", "STRICT", "DISABLE", "UNSET"))
    found = []
    if draw(st.booleans()):
        hosts = draw(
            st.sampled_from(
                (["*/*"], ["./*", "istio-system/*"], ["default/reviews.default.svc.cluster.local"], ["~/*"])
            )
        )
        spec: Object = {"egress": [*draw(st.lists(own_listeners, max_size=2, unique_by=str)), {"hosts": hosts}]}
        if draw(st.booleans()):
            spec["outboundTrafficPolicy"] = draw(elsewhere)
        if draw(st.booleans()):
            spec["ingress"] = draw(
                st.lists(ingress(), min_size=1, max_size=2, unique_by=lambda one: one["port"]["number"])
            )
        if draw(st.booleans()):
            spec["inboundConnectionPool"] = draw(pools)
        if draw(st.booleans()):
            spec["workloadSelector"] = {"labels": {"app": "productpage"}}
        found.append(one_object("Sidecar", "scope", spec))
    peer: Object = {"mtls": {"mode": draw(mode)}}
    if draw(st.booleans()):
        peer |= {"selector": {"matchLabels": {"app": "productpage"}}, "portLevelMtls": {"9080": {"mode": draw(mode)}}}
    return [*found, one_object("PeerAuthentication", "peers", peer, "security.istio.io/v1")]


node = {
    "apiVersion": "v1", "kind": "Node",
    "metadata": {"name": "n1", "labels": {"topology.kubernetes.io/region": "west", "topology.kubernetes.io/zone": "a"}},
}  # fmt: skip


@st.composite
def meshes(draw: st.DrawFn) -> list[Object]:
    """Objects of some of the kinds, together."""
    found: list[Object] = list(draw(istio_draws.virtual_services()))
    for kind in (
        services(),
        own_ports(),
        destination_rules(),
        destination_rules(),
        service_entries(),
        connections(),
        scopes(),
    ):
        if draw(st.booleans()):
            found.extend(draw(kind))
    unique = {(one["kind"], one["metadata"]["name"]): one for one in found}
    return list(unique.values())
