"""Drawn objects of every kind that the pilot reads, over the example mesh."""

from __future__ import annotations

import json
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
    for port in spec["ports"]:
        port |= draw(st.sampled_from(({}, {}, {"targetPort": "main"}, {"targetPort": 8000}, {"targetPort": "nobody"})))
        port |= draw(st.sampled_from(({}, {}, {}, *({"appProtocol": one} for one in APP_PROTOCOLS))))
    spec |= draw(preferences)
    if ports[0][0].startswith("udp"):
        spec["ports"][0]["protocol"] = "UDP"
    kind = draw(st.sampled_from(("address", "address", "headless", "outside")))
    if kind == "outside":
        spec |= {"type": "ExternalName", "externalName": "elsewhere.example.com"}
    else:
        spec["clusterIP"] = "10.231.60.1" if kind == "address" else "None"
        if kind == "address" and draw(st.booleans()):
            spec["clusterIPs"] = ["10.231.60.1", "fd00::60:1"]
    labels = {"app": name, "version": "v1", "security.istio.io/tlsMode": draw(st.sampled_from(("istio", "disabled")))}
    where = {"nodeName": draw(st.sampled_from(NODES))} if draw(st.booleans()) else {}
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{name}-0", "namespace": "default", "labels": labels},
        "spec": {"containers": [{"name": name, "ports": [{"name": "main", "containerPort": 8001}]}], **where},
        "status": {"podIP": "10.240.5.1", "conditions": draw(st.sampled_from(([], UNREADY)))},
    }  # fmt: skip
    about = draw(st.sampled_from(({}, {}, {"annotations": {"networking.istio.io/exportTo": "."}})))
    return [one_object("Service", name, spec, "v1", **about), pod, *draw(listed(name, ports[0]))]


APP_PROTOCOLS = ("http", "kubernetes.io/h2c", "kubernetes.io/ws", "kubernetes.io/wss", "tcp", "grpc", "https", "mine")
NODES = ("n1", "n2", "n3")
UNREADY = [{"type": "Ready", "status": "False"}]
preferences = st.fixed_dictionaries(
    {},
    optional={
        "trafficDistribution": st.sampled_from(("PreferClose", "PreferSameZone", "PreferSameNode")),
        "internalTrafficPolicy": st.sampled_from(("Cluster", "Local")),
        "publishNotReadyAddresses": st.booleans(),
    },
)


@st.composite
def listed(draw: st.DrawFn, service: str, port: tuple[str, int]) -> list[Object]:
    """Sometimes the endpoints of a service as Kubernetes lists them: in slices, or as Endpoints were."""
    label, number = port
    ports, kind = [{"name": label, "port": number}], draw(st.sampled_from(("", "", "EndpointSlice", "Endpoints")))
    meta = {"name": service, "namespace": "default", "labels": {"kubernetes.io/service-name": service}}
    if kind == "EndpointSlice":
        found = [
            {"addresses": ["10.240.5.1"], "conditions": {"ready": draw(st.booleans())}, "nodeName": "n1"},
            {"addresses": ["10.240.5.2"]},
        ]
        head = {"apiVersion": "discovery.k8s.io/v1", "kind": kind, "metadata": meta, "addressType": "IPv4"}
        return [{**head, "endpoints": found, "ports": ports}]
    if kind == "Endpoints":
        subsets = [{"addresses": [{"ip": "10.240.5.1"}], "notReadyAddresses": [{"ip": "10.240.5.3"}], "ports": ports}]
        return [{"apiVersion": "v1", "kind": kind, "metadata": meta, "subsets": subsets}]
    return []


def node(name: str, region: str, zone: str) -> Object:
    """A Node in a place."""
    labels = {"topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": zone}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


@st.composite
def places(draw: st.DrawFn) -> list[Object]:
    """Nodes, and productpage on one of them."""
    nodes = [node("n1", "west", "a"), node("n2", "west", "b"), node("n3", "east", "a")]
    labels = {"app": "productpage", "version": "v1", "security.istio.io/tlsMode": "istio"}
    meta = {"name": "productpage-v1-64794f5db4-6bsbj", "namespace": "default", "labels": labels}
    caller = {
        "apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"podIP": "10.240.2.38"},
        "spec": {"serviceAccountName": "bookinfo-productpage", "nodeName": draw(st.sampled_from(NODES))},
    }  # fmt: skip
    return [*nodes, caller]


visible = st.sampled_from(
    ({}, {}, {}, {"exportTo": ["."]}, {"exportTo": ["*"]}, {"exportTo": ["other", "default"]}, {"exportTo": ["other"]})
)
OF_NAMES = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["default", "istio-system", "shop"]}
settings_of_mesh = st.fixed_dictionaries(
    {},
    optional={
        "outboundTrafficPolicy": st.sampled_from(({"mode": "REGISTRY_ONLY"}, {"mode": "ALLOW_ANY"})),
        "enableAutoMtls": st.booleans(),
        "defaultVirtualServiceExportTo": st.sampled_from((["*"], ["."])),
        "defaultServiceExportTo": st.sampled_from((["*"], ["."])),
        "defaultDestinationRuleExportTo": st.sampled_from((["*"], ["."])),
        "localityLbSetting": st.sampled_from(({"enabled": False}, {"failover": [{"from": "west", "to": "east"}]})),
        "h2UpgradePolicy": st.sampled_from(("UPGRADE", "DO_NOT_UPGRADE")),
        "connectTimeout": st.just("3s"),
        "tcpKeepalive": st.just({"probes": 2, "time": "7s", "interval": "3s"}),
        "accessLogFile": st.just("/dev/null"),
        "defaultHttpRetryPolicy": st.sampled_from(({"attempts": 0}, {"attempts": 3, "retryOn": "5xx"})),
        "pathNormalization": st.sampled_from(({"normalization": "NONE"}, {"normalization": "MERGE_SLASHES"})),
        "protocolDetectionTimeout": st.just("2s"),
        "outboundClusterStatName": st.just("%SERVICE%_%SERVICE_PORT%"),
        "inboundClusterStatName": st.just("%SERVICE%_%SERVICE_PORT_NAME%"),
        "inboundTrafficPolicy": st.sampled_from(({"mode": "LOCALHOST"}, {"mode": "PASSTHROUGH"})),
        "enableTracing": st.booleans(),
        "accessLogFormat": st.just("%REQ(:METHOD)% 100%% %RESPONSE_FLAGS%"),
        "trustDomain": st.sampled_from(("mesh.example", "cluster.local")),
        "trustDomainAliases": st.just(["old.example"]),
        "dnsRefreshRate": st.just("30s"),
        "meshMTLS": st.sampled_from(({"minProtocolVersion": "TLSV1_3"}, {"cipherSuites": ["AES256-GCM-SHA384"]})),
        "tlsDefaults": st.sampled_from(({"minProtocolVersion": "TLSV1_2"}, {"ecdhCurves": ["P-256", "X25519"]})),
        "discoverySelectors": st.just([{"matchExpressions": [OF_NAMES]}, {"matchLabels": {"mesh": "yes"}}]),
        "defaultProviders": st.just({"accessLogging": ["lines"]}),
        "verifyCertificateAtClient": st.booleans(),
        "enablePrometheusMerge": st.booleans(),
        "defaultConfig": st.sampled_from(({"tracing": {"sampling": 12.5}}, {"interceptionMode": "REDIRECT"})),
    },
)


@st.composite
def mesh_config(draw: st.DrawFn) -> list[Object]:
    """The settings of the whole mesh."""
    meta = {"name": "istio", "namespace": "istio-system"}
    found = draw(settings_of_mesh)
    if "defaultProviders" in found:
        line = draw(st.sampled_from(({"text": "%PROTOCOL%"}, {"labels": {"a": "%DURATION%", "b": {"c": "d"}}})))
        found["extensionProviders"] = [
            {"name": "lines", "envoyFileAccessLog": {"path": "/dev/null", "logFormat": line}}
        ]
    data = {"mesh": json.dumps(found)}
    return [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}]


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
        {"mode": "SIMPLE", "caCertificates": "/etc/certs/roots.pem", "subjectAltNames": ["y"]},
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
    spec: Object = {"host": draw(st.sampled_from(HOSTS)), **draw(visible)}
    if draw(st.integers(0, 4)) == 0:
        spec["workloadSelector"] = {"matchLabels": {"app": draw(st.sampled_from(("productpage", "other")))}}
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
    more = draw(st.sampled_from(([], [], ["www.example.net"])))
    spec: Object = {
        "hosts": ["*.example.com" if resolution == "NONE" and draw(st.booleans()) else "api.example.com", *more],
        **draw(visible),
        "ports": [{"number": port, "name": f"p-{port}", "protocol": draw(protocols)} for port in numbers],
        "resolution": resolution,
        "location": draw(st.sampled_from(("MESH_EXTERNAL", "MESH_INTERNAL"))),
    }
    if draw(st.booleans()):
        spec["addresses"] = draw(
            st.sampled_from((["10.70.0.1"], ["10.70.0.0/16"], ["10.70.0.1", "10.71.0.0/24", "10.72.0.9"]))
        )
    for port in spec["ports"]:
        port |= draw(st.sampled_from(({}, {}, {"targetPort": 8000})))
    spec |= draw(st.sampled_from(({}, {}, {"subjectAltNames": ["spiffe://cluster.local/ns/x/sa/y"]})))
    annotations = {"networking.istio.io/traffic-distribution": "PreferSameNode"} if draw(st.booleans()) else {}
    found = [one_object("ServiceEntry", "entry", spec, annotations=annotations)]
    if resolution == "STATIC" and draw(st.booleans()):
        spec["workloadSelector"] = {"labels": {"app": "vm"}}
        workload = {"address": "10.80.0.1", "labels": {"app": "vm"}, "locality": "west/a", "serviceAccount": "vm"}
        found.append(one_object("WorkloadEntry", "vm", workload))
    elif resolution == "STATIC":
        near = {"labels": {"version": "v1"}, "locality": "west/a", "network": "n1"}
        spec["endpoints"] = [
            {"address": "10.80.0.2", "weight": 3},
            {"address": "10.80.0.3", "ports": {"p-80": 8000}, **near},
            *draw(st.sampled_from(([], [{"address": "unix:///run/app"}]))),
        ]
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
    match |= draw(
        st.sampled_from(({}, {}, {}, {"sourceLabels": {"app": "productpage"}}, {"sourceLabels": {"app": "x"}}))
    )
    match |= draw(st.sampled_from(({}, {}, {}, {"sourceNamespace": "default"}, {"gateways": ["mesh"]})))
    spec: Object = {"hosts": [host]}
    if draw(st.booleans()):
        match |= draw(st.sampled_from(({}, {}, {"destinationSubnets": ["10.70.0.0/16"]})))
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


LIMITS: tuple[Object, ...] = (
    {},
    {"minProtocolVersion": "TLSV1_2", "maxProtocolVersion": "TLSV1_3"},
    {"cipherSuites": ["ECDHE-ECDSA-AES256-GCM-SHA384"], "ecdhCurves": ["P-256"]},
    {"mode": "MUTUAL", "caCertificates": "/etc/certs/roots.pem", "subjectAltNames": ["client.example"]},
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
        one["tls"] = {"mode": "SIMPLE", **files, **draw(st.sampled_from(LIMITS))}
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


@st.composite
def delegating(draw: st.DrawFn) -> list[Object]:
    """A VirtualService that leaves paths to others, which may be there, elsewhere, or not for it to see."""
    spaces = st.sampled_from(("default", "shop", "nowhere"))
    routes = [
        {"match": [{"uri": {"prefix": prefix}}], "delegate": {"name": "parts", "namespace": draw(spaces)}}
        for prefix in draw(st.lists(st.sampled_from(("/a", "/b", "/")), min_size=1, max_size=2, unique=True))
    ]
    root = one_object(
        "VirtualService", "root", {"hosts": [draw(st.sampled_from(("reviews", "cache")))], "http": routes}
    )
    found = [root]
    for space in ("default", "shop"):
        parts = {"http": draw(st.lists(istio_draws.routes(), min_size=1, max_size=2)), **draw(visible)}
        found.append(one_object("VirtualService", "parts", parts))
        found[-1]["metadata"] = {"name": "parts", "namespace": space}
    return found


def key(one: Object) -> tuple[str, str, str]:
    """What no other object of a mesh may have too."""
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]


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
        delegating(),
        places(),
        mesh_config(),
    ):
        if draw(st.booleans()):
            found.extend(draw(kind))
    unique = {key(one): one for one in found}
    return list(unique.values())
