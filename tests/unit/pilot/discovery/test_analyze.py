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
    assert found(other.replace("hosts:", "gateways: [front]\n  hosts:")) == []


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
