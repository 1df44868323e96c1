"""Findings: each code with an object that has it, its field, and a near miss that has not."""

from __future__ import annotations

import textwrap

import pytest
from support import bookinfo

from fastroute.pilot.discovery.analyze import analyze
from fastroute.pilot.discovery.registry.directory import read_texts

BASE = [(path, path.read_text(encoding="utf-8")) for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))]


def rule(kind: str, spec: str, name: str = "x", namespace: str = "default", group: str = "networking.istio.io") -> str:
    head = f"apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n"
    return head + textwrap.indent(textwrap.dedent(spec).strip("\n"), "  ") + "\n"


def found(*objects: str) -> list[tuple[str, str]]:
    """(code, field) of what the objects bring, applied over the example."""
    registry = read_texts(BASE, [("over.yaml", "---\n".join(objects))], strict=False)
    return [(one.code, one.path) for one in analyze(registry)]


def test_the_example_is_clean() -> None:
    assert found() == []


TO = "spec.http[0].route[0].destination"
VIRTUAL = {
    "host": ("http: [{route: [{destination: {host: nobody}}]}]", [("IST0101", f"{TO}.host")]),
    "subset": (
        "http: [{route: [{destination: {host: reviews, subset: v4}}]}]",
        [("IST0101", f"{TO}.subset")],
    ),
    "mirror": (
        "http: [{mirror: {host: no}, route: [{destination: {host: reviews}}]}]",
        [("IST0101", "spec.http[0].mirror.host")],
    ),
    "dotted": (
        "http: [{route: [{destination: {host: reviews.default}}]}]",
        [("IST0101", f"{TO}.host"), ("FR004", f"{TO}.host")],
    ),
    "no port of several": (
        "http: [{route: [{destination: {host: istiod.istio-system.svc.cluster.local}}]}]",
        [("IST0112", "spec.http[0].route[0].destination")],
    ),
    "unknown port": (
        "http: [{route: [{destination: {host: reviews, port: {number: 80}}}]}]",
        [("FR005", "spec.http[0].route[0].destination.port.number")],
    ),
    "delegate": ("http: [{delegate: {name: nobody}}]", [("IST0101", "spec.http[0].delegate.name")]),
    "unreachable": (
        "http: [{route: [{destination: {host: reviews}}]}, {match: [{uri: {prefix: /a}}], redirect: {uri: /}}]",
        [("IST0130", "spec.http[1]")],
    ),
    "reachable": (
        "http: [{match: [{uri: {prefix: /ab}}], redirect: {uri: /}},"
        " {match: [{uri: {prefix: /a}}], redirect: {uri: /}}]",
        [],
    ),
    "ineffective": (
        "http: [{match: [{uri: {prefix: /a}}], redirect: {uri: /}},"
        " {match: [{uri: {exact: /ab}}, {uri: {exact: /b}}], redirect: {uri: /}}]",
        [("IST0131", "spec.http[1].match[0]")],
    ),
    "another case": (
        "http: [{match: [{uri: {prefix: /a}, ignoreUriCase: true}], redirect: {uri: /}},"
        " {match: [{uri: {exact: /ab}}], redirect: {uri: /}}]",
        [],
    ),
    "narrower header": (
        "http: [{match: [{headers: {a: {exact: b}}}], redirect: {uri: /}},"
        " {match: [{headers: {a: {exact: b}, c: {}}}], redirect: {uri: /}}]",
        [("IST0130", "spec.http[1]")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), VIRTUAL.values(), ids=VIRTUAL)
def test_virtual_services(text: str, wanted: list[tuple[str, str]]) -> None:
    assert found(rule("VirtualService", f"hosts: [free.example]\n{text}")) == wanted


def test_two_rules_for_one_host() -> None:
    other = rule("VirtualService", "hosts: [reviews.default.svc.cluster.local]\nhttp: [{redirect: {uri: /}}]", "zz")
    assert found(other) == [("IST0109", "spec.hosts[0]")]
    assert found(other.replace("hosts:", "gateways: [front]\n  hosts:")) == [("FR007", "spec.gateways[0]")]


def test_destination_rules() -> None:
    assert found(rule("DestinationRule", "host: nobody")) == [("IST0174", "spec.host")]
    assert found(rule("DestinationRule", "host: zipkin.istio-system.svc.cluster.local")) == []
    subset = "host: zipkin.istio-system.svc.cluster.local\nsubsets: [{name: a, labels: {a: b}}]"
    assert found(rule("DestinationRule", subset)) == [("IST0173", "spec.subsets[0].labels")]
    tls = "host: zipkin.istio-system.svc.cluster.local\ntrafficPolicy: {tls: {mode: SIMPLE}}"
    assert found(rule("DestinationRule", tls)) == [("IST0128", "spec.trafficPolicy.tls")]
    assert found(rule("DestinationRule", tls.replace("SIMPLE", "SIMPLE, caCertificates: /ca.pem"))) == []


def test_selectors() -> None:
    peer = "selector: {matchLabels: {app: nobody}}"
    assert found(rule("PeerAuthentication", peer, group="security.istio.io")) == [("IST0127", "spec.selector")]
    assert found(rule("PeerAuthentication", peer.replace("nobody", "reviews"), group="security.istio.io")) == []
    scope = "workloadSelector: {labels: {app: reviews}}\negress: [{hosts: ['*/*']}]"
    assert found(rule("Sidecar", scope, "a"), rule("Sidecar", scope, "b")) == [("IST0110", "spec.workloadSelector")]
    general = "egress: [{hosts: ['*/*']}]"
    assert found(rule("Sidecar", general, "a"), rule("Sidecar", general, "b")) == [("IST0111", "spec")]


EGRESS_PROXIES = {
    "imported": ("host: details.default.svc.cluster.local, port: {number: 9080}, subset: v1", "*/*", []),
    "unknown": ("host: nobody.example, port: {number: 80}", "*/*", [("IST0101", "host")]),
    "not imported": (
        "host: details.default.svc.cluster.local, port: {number: 9080}", "./reviews.default.svc.cluster.local",
        [("IST0101", "host")],
    ),
    "no such subset": (
        "host: details.default.svc.cluster.local, port: {number: 9080}, subset: v7", "*/*", [("IST0101", "subset")],
    ),
    "no such port": ("host: details.default.svc.cluster.local, port: {number: 9}", "*/*", [("FR005", "port.number")]),
}  # fmt: skip


@pytest.mark.parametrize(("proxy", "hosts", "wanted"), EGRESS_PROXIES.values(), ids=EGRESS_PROXIES)
def test_egress_proxies(proxy: str, hosts: str, wanted: list[tuple[str, str]]) -> None:
    policy = f"outboundTrafficPolicy: {{mode: ALLOW_ANY, egressProxy: {{{proxy}}}}}"
    path = "spec.outboundTrafficPolicy.egressProxy."
    assert found(rule("Sidecar", f"egress: [{{hosts: ['{hosts}']}}]\n{policy}")) == [
        (code, path + field) for code, field in wanted
    ]


def test_what_cannot_be_read_says_what_to_do() -> None:
    def message(text: str) -> str:
        (one,) = [one for one in analyze(read_texts([("a.yaml", text)], strict=False)) if one.code == "IST0106"]
        return one.message

    entry = "hosts: ['*.example.com']\nports: [{number: 443, name: tls, protocol: TLS}]\nresolution: DYNAMIC_DNS"
    assert message(rule("ServiceEntry", entry)) == (
        "DYNAMIC_DNS is not supported yet. Name the hosts, or use resolution NONE."
    )
    assert message(rule("ServiceEntry", entry.replace("DYNAMIC_DNS", "[NONE]"))).startswith("['NONE'] is none of NONE,")
    mode = "host: a\ntrafficPolicy: {loadBalancer: {simple: RANDOMLY}}"
    assert message(rule("DestinationRule", mode)).endswith(". Did you mean RANDOM?")
    assert message(rule("Gateway", "servers: []")) == "gateways are not generated yet"


def test_services_and_entries() -> None:
    head = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
    service = head + "spec: {clusterIP: 10.9.9.9, ports: [{name: NAME, port: 7}]}\n"
    assert found(service.replace("NAME", "foo")) == [("IST0118", "spec.ports[0]")]
    assert found(service.replace("NAME", "http-foo")) == []
    entry = "hosts: [db.example]\nports: [{number: 5000, name: p, protocol: TCP}]\nresolution: DNS"
    assert found(rule("ServiceEntry", entry)) == [("IST0134", "spec.ports[0]")]
    assert found(rule("ServiceEntry", entry + "\naddresses: [10.9.9.9]")) == []


def test_namespaces() -> None:
    assert found("apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n") == [("IST0102", "")]


def annotated(kind: str, *annotations: str) -> str:
    head = "apiVersion: apps/v1\n" if kind == "Deployment" else "apiVersion: v1\n"
    pairs = ", ".join(annotations)
    labels = "{sidecar.istio.io/inject: 'false', istio.io/rev: x}"
    return f"{head}kind: {kind}\nmetadata: {{name: a, labels: {labels}, annotations: {{{pairs}}}}}\n"


ANNOTATIONS = {
    "unknown": ("Pod", "sidecar.istio.io/proxyCpu: '1'", ["IST0108"]),
    "known": ("Pod", "sidecar.istio.io/proxyCPU: '1'", ["IST0136"]),
    "someone else's": ("Pod", "example.com/proxyCpu: '1'", []),
    "misplaced": ("Service", "sidecar.istio.io/proxyCPU: '1'", ["IST0107", "IST0136"]),
    "on the Deployment instead of its pods": ("Deployment", "sidecar.istio.io/logLevel: debug", ["IST0107", "IST0136"]),
    "in place": ("Service", "networking.istio.io/exportTo: .", ["IST0136"]),
    "not alpha": ("Pod", "proxy.istio.io/config: ''", []),
    "written by Istio": ("Pod", "sidecar.istio.io/status: ''", []),
    "deprecated": ("Pod", "sidecar.istio.io/discoveryAddress: x", ["IST0135"]),
    "a list of ports": ("Pod", "traffic.sidecar.istio.io/includeInboundPorts: '80,x'", ["IST0125", "IST0136"]),
    "a list of ranges": (
        "Pod",
        "traffic.sidecar.istio.io/includeOutboundIPRanges: 10.0.0.0/33",
        ["IST0125", "IST0136"],
    ),
    "every port": ("Pod", "traffic.sidecar.istio.io/includeInboundPorts: '*'", ["IST0136"]),
    "a mode": ("Pod", "sidecar.istio.io/interceptionMode: tproxy", ["IST0125", "IST0136"]),
    "suppressed": ("Pod", "sidecar.istio.io/x: '', galley.istio.io/analyze-suppress: IST0108", []),
}


@pytest.mark.parametrize(("kind", "annotation", "wanted"), ANNOTATIONS.values(), ids=ANNOTATIONS)
def test_annotations(kind: str, annotation: str, wanted: list[str]) -> None:
    codes = [code for code, path in found(annotated(kind, annotation)) if code != "IST0118"]
    assert codes == wanted


def test_injection() -> None:
    def pod(labels: str, containers: str = "[{name: app}]") -> str:
        head = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: n, labels: {labels}}}\n"
        return f"{head}spec: {{containers: {containers}}}\n"

    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: n, labels: LABELS}\n"
    enabled = space.replace("LABELS", "{istio-injection: enabled}")
    assert found(enabled, pod("{}")) == [("IST0103", "")]
    assert found(enabled, pod("{sidecar.istio.io/inject: 'false'}")) == []
    assert found(enabled, pod("{}", "[{name: app}, {name: istio-proxy}]")) == []
    assert found(space.replace("LABELS", "{istio-injection: disabled}"), pod("{}")) == []
    assert found(space.replace("LABELS", "{istio-injection: enabled, istio.io/rev: x}")) == [("IST0123", "")]
    assert found(space.replace("LABELS", "{istio-injection: disabled, istio.io/rev: x}")) == []
    field = "spec.containers[0].securityContext.runAsUser"
    assert found(pod("{}", "[{name: app, securityContext: {runAsUser: 1337}}]")) == [("IST0144", field)]
    assert found(pod("{}", "[{name: istio-proxy, securityContext: {runAsUser: 1337}}]")) == []


def test_images_that_are_left_to_injection() -> None:
    containers = "{containers: [{name: app}, {name: istio-proxy, image: auto}]}"
    pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: n}}\nspec: {containers}\n"
    assert found(pod) == [("IST0147", "spec.containers[1].image")]
    assert found(pod.replace("istio-proxy", "other")) == []

    def deployment(labels: str) -> str:
        meta = f"metadata: {{labels: {labels}}}"
        head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: n}\n"
        return f"{head}spec: {{template: {{{meta}, spec: {containers}}}}}\n"

    field = ("IST0146", "spec.template.spec.containers[1].image")
    enabled = "apiVersion: v1\nkind: Namespace\nmetadata: {name: n, labels: {istio-injection: enabled}}\n"
    assert found(deployment("{}")) == [field]
    assert found(deployment("{sidecar.istio.io/inject: 'true'}")) == []
    assert found(enabled, deployment("{}")) == []
    assert found(enabled, deployment("{sidecar.istio.io/inject: 'false'}")) == [field]


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {template: {metadata: {labels: {app: d}}, spec: {containers: [{name: d}]}}}
"""


def test_several_services_of_a_workload() -> None:
    def service(name: str, ports: str) -> str:
        head = f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n"
        return f"{head}spec: {{clusterIP: None, selector: {{app: d}}, ports: [{{name: http-{name}, {ports}}}]}}\n"

    one = service("one", "port: 80, targetPort: 8080")
    assert found(DEPLOYMENT, one, service("two", "port: 80, targetPort: 8080")) == []
    assert found(DEPLOYMENT, one, service("two", "port: 81, targetPort: 8080")) == [("IST0137", "spec")]
    assert found(DEPLOYMENT, one, service("two", "port: 80, targetPort: 81, protocol: UDP")) == [("IST0116", "spec")]


def test_tls_that_workloads_do_not_take() -> None:
    def peer(mode: str) -> str:
        return rule("PeerAuthentication", f"mtls: {{mode: {mode}}}", group="security.istio.io")

    def policy(mode: str) -> str:
        return rule("DestinationRule", f"host: ratings\ntrafficPolicy: {{tls: {{mode: {mode}}}}}")

    field = ("IST0113", "spec.trafficPolicy.tls")
    assert found(peer("STRICT"), policy("DISABLE")) == [field]
    assert found(peer("DISABLE"), policy("ISTIO_MUTUAL")) == [field]
    assert found(peer("STRICT"), policy("ISTIO_MUTUAL")) == []
    assert found(peer("PERMISSIVE"), policy("DISABLE")) == []


DEPRECATED = {
    "http[0].mirrorPercent": "mirror: {host: details}, mirrorPercent: 5",
    "http[0].fault.delay.percent": "fault: {delay: {fixedDelay: 1s, percent: 5}}",
    "http[0].corsPolicy.allowOrigin": "corsPolicy: {allowOrigin: [a]}",
}


@pytest.mark.parametrize(("path", "text"), DEPRECATED.items())
def test_deprecated_fields_of_routes(path: str, text: str) -> None:
    spec = f"hosts: [free.example]\nhttp: [{{route: [{{destination: {{host: reviews}}}}], {text}}}]"
    assert found(rule("VirtualService", spec)) == [("IST0002", f"spec.{path}")]


def test_deprecated_fields_of_policies() -> None:
    spec = """
        host: details
        subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {loadBalancer: {simple: LEAST_CONN}}}]
        trafficPolicy:
          outlierDetection: {consecutiveErrors: 5}
          portLevelSettings: [{port: {number: 9080}, loadBalancer: {simple: RANDOM, warmupDurationSecs: 5s}}]
    """
    assert found(rule("DestinationRule", spec, "details")) == [
        ("IST0002", "spec.subsets[0].trafficPolicy.loadBalancer.simple"),
        ("IST0002", "spec.trafficPolicy.outlierDetection.consecutiveErrors"),
        ("IST0002", "spec.trafficPolicy.portLevelSettings[0].loadBalancer.warmupDurationSecs"),
    ]


def test_what_sidecars_import() -> None:
    hosts = "egress: [{hosts: [PATTERN, './*', '~/*', 'nobody/*']}]"
    field, refused = (("FR009", "spec.egress[0].hosts[0]"), ("IST0106", "spec.egress[0].hosts[0]"))
    for pattern, wanted in (
        ("./nobody", [field]),
        ("x", [refused]),
        ("a/b/c", [refused]),
        ("*/reviews.default.*", [refused]),
    ):
        assert found(rule("Sidecar", hosts.replace("PATTERN", f"'{pattern}'"))) == wanted, pattern
    assert found(rule("Sidecar", hosts.replace("PATTERN", "'*/*.default.svc.cluster.local'"))) == []


def test_rules_of_gateways() -> None:
    spec = "hosts: [free.example]\ngateways: [GATEWAYS]\nhttp: [{redirect: {uri: /}}]"
    assert found(rule("VirtualService", spec.replace("GATEWAYS", "front"))) == [("FR007", "spec.gateways[0]")]
    assert found(rule("VirtualService", spec.replace("GATEWAYS", "mesh"))) == []


def test_subsets_that_are_there_already() -> None:
    spec = "host: HOST\nsubsets: [{name: v1, labels: {version: v1}}]"
    assert found(rule("DestinationRule", spec.replace("HOST", "details"), "zz")) == [("FR008", "spec.subsets[0].name")]
    assert found(rule("DestinationRule", spec.replace("HOST", "details"), "zz", "istio-system")) != []


def test_two_protocols_for_one_host() -> None:
    spec = "hosts: [a.example]\nports: [{number: 80, name: p, protocol: NAME}]\nresolution: DNS\naddresses: [10.9.9.9]"
    first = rule("ServiceEntry", spec.replace("NAME", "HTTP"), "a")
    second = rule("ServiceEntry", spec.replace("NAME", "TCP"), "b")
    assert ("IST0177", "spec.ports[0].protocol") in found(first, second)
    assert found(first, rule("ServiceEntry", spec.replace("NAME", "http"), "b")) == []
    assert ("IST0177", "spec.ports[0].protocol") not in found(first, second.replace("hosts: [a", "hosts: [b"))


def test_ports_of_services_outside() -> None:
    spec = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
    spec += "spec: {type: ExternalName, externalName: a.example, ports: [{name: NAME, port: 7}]}\n"
    assert found(spec.replace("NAME", "tcp-x")) == [("IST0150", "spec.ports[0]")]
    assert found(spec.replace("NAME", "http")) == []


def test_objects_that_cannot_be_read() -> None:
    assert found(rule("VirtualService", "hosts: [a]\nhttpp: []")) == [("IST0106", "spec.httpp")]
    assert found(rule("Gateway", "servers: []")) == [("IST0106", "kind")]


def test_conflicts_found_while_generating() -> None:
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
        "spec: {clusterIP: 10.9.9.9, selector: {app: reviews}, ports: [{name: tcp-x, port: 9080}]}\n"
    )
    assert found(service) == [("FR003", "spec.ports")]


def test_a_finding_says_where() -> None:
    registry = read_texts([("rules/x.yaml", rule("DestinationRule", "host: nobody"))])
    (finding,) = analyze(registry)
    place = 'Warning [IST0174] DestinationRule "default/x" (rules/x.yaml:5:3)'
    assert str(finding) == f"{place}: spec.host: no service has the host 'nobody'"
