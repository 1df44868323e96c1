"""Write docs/findings.md: every code of the analysis with an example, rendered by finding it.

    python tools/finding_docs.py [OUTPUT]

A code that has no example here, or that its example does not give, is a mistake, which a test finds.
"""

# ruff: noqa: E501 - an example is a text, which reads best unbroken

from __future__ import annotations

import sys
from pathlib import Path

from fastroute.pilot.discovery.analyze import analyze
from fastroute.pilot.discovery.findings import CODES, Finding
from fastroute.pilot.discovery.registry.directory import read_texts

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "docs" / "findings.md"
HEAD = """# Findings

What `fastroute pilot analyze DIRECTORY…` tells of services and rules, and what `fastroute pilot discovery` says of them while it
serves. Codes are those of istioctl where it has one; `FR…` are ours, for what Istio only counts or logs. `-o json` gives the same as
JSON; `--suppress CODE[=OBJECT]`, or the annotation `galley.istio.io/analyze-suppress: CODE,…` of an object, leaves codes out.
Each example is applied over [the example mesh](../examples/bookinfo), and each line is what it gives.

These codes of istioctl are not told:

| codes | why |
|---|---|
| IST0132, IST0138, IST0140, IST0145, IST0161, IST0162, IST0165 | about gateways, which are refused |
| IST0119, IST0149, IST0175 | about RequestAuthentication, which is refused |
| IST0151 to IST0155 | about EnvoyFilter, which is refused |
| IST0157, IST0159, IST0160 | about Telemetry, which is refused |
| IST0156, IST0166, IST0167, IST0172 | about the Kubernetes Gateway API and waypoints, which are refused |
| IST0122 | a bad regular expression is an error here: IST0106 |
| IST0133 | what Istio only warns of when it validates is IST0106, or has a code of its own here |
| IST0126, IST0170 | there is one network and one cluster |
| IST0139, IST0148, IST0158, IST0163, IST0164 | about webhooks and the injector's settings, which are not read |
| IST0141, IST0142, IST0143, IST0168, IST0169, IST0171, IST0176 | ask a running cluster, or another version of Istio |
| IST0001 | an error of the analysis itself is raised |
"""


def _rule(kind: str, spec: str, name: str = "x", group: str = "networking.istio.io/v1", meta: str = "") -> str:
    about = f"name: {name}{', ' + meta if meta else ''}"
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {{{about}}}\nspec: {spec}\n"


def _virtual(http: str, hosts: str = "free.example", name: str = "x") -> str:
    return _rule("VirtualService", f"{{hosts: [{hosts}], http: [{http}]}}", name)


def _service(spec: str, name: str = "s", meta: str = "") -> str:
    return _rule("Service", spec, name, "v1", meta)


def _pod(spec: str, meta: str = "labels: {sidecar.istio.io/inject: 'false'}") -> str:
    return _rule("Pod", spec, "p", "v1", meta)


def _deployment() -> str:
    return _rule("Deployment", "{template: {metadata: {labels: {app: d}}}}", "d", "apps/v1")


def _selecting(name: str, port: str) -> str:
    return _service(f"{{clusterIP: None, selector: {{app: d}}, ports: [{{name: http-{name}, {port}}}]}}", name)


def _entry(protocol: str, name: str, more: str = "addresses: [10.9.9.9], ") -> str:
    port = f"{{number: 5000, name: p, protocol: {protocol}}}"
    return _rule("ServiceEntry", f"{{hosts: [{name}.example], {more}ports: [{port}], resolution: DNS}}", name)


TO = "route: [{destination: {host: reviews}}]"
EVERYTHING = "egress: [{hosts: ['*/*']}]"
PEERS = "security.istio.io/v1"
EXAMPLES: dict[str, tuple[str, ...]] = {
    "IST0002": (_virtual(f"{{{TO}, mirror: {{host: details}}, mirrorPercent: 5}}"),),
    "IST0101": (_virtual("{route: [{destination: {host: reviews, subset: v4}}]}"),),
    "IST0102": ("apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",),
    "IST0103": (_rule("Pod", "{containers: [{name: app}]}", "p", "v1"),),
    "IST0106": (_virtual("{redirect: {uri: /, redirectCode: 200}}"),),
    "IST0107": (_service("{clusterIP: None}", meta="annotations: {sidecar.istio.io/logLevel: debug}"),),
    "IST0108": (_service("{clusterIP: None}", meta="annotations: {networking.istio.io/exportto: .}"),),
    "IST0109": (_virtual("{redirect: {uri: /}}", "reviews", "zz"),),
    "IST0110": tuple(
        _rule("Sidecar", f"{{workloadSelector: {{labels: {{app: reviews}}}}, {EVERYTHING}}}", name) for name in "ab"
    ),
    "IST0111": tuple(_rule("Sidecar", f"{{{EVERYTHING}}}", name) for name in "ab"),
    "IST0112": (_virtual("{route: [{destination: {host: istiod.istio-system.svc.cluster.local}}]}"),),
    "IST0113": (
        _rule("PeerAuthentication", "{mtls: {mode: STRICT}}", group=PEERS),
        _rule("DestinationRule", "{host: ratings, trafficPolicy: {tls: {mode: DISABLE}}}"),
    ),
    "IST0116": (_deployment(), _selecting("one", "port: 80"), _selecting("two", "port: 80, protocol: UDP")),
    "IST0118": (_service("{clusterIP: 10.9.9.9, ports: [{name: foo, port: 7}]}"),),
    "IST0123": ("apiVersion: v1\nkind: Namespace\nmetadata: {name: n, labels: {istio-injection: enabled, istio.io/rev: x}}\n",),
    "IST0125": (_pod("{}", "annotations: {sidecar.istio.io/interceptionMode: tproxy}, labels: {sidecar.istio.io/inject: 'false'}"),),
    "IST0127": (_rule("PeerAuthentication", "{selector: {matchLabels: {app: nobody}}}", group=PEERS),),
    "IST0128": (_entry("HTTPS", "a"), _rule("DestinationRule", "{host: a.example, trafficPolicy: {tls: {mode: SIMPLE}}}")),
    "IST0129": (
        _entry("HTTPS", "a"),
        _rule(
            "DestinationRule",
            "{host: a.example, trafficPolicy: {portLevelSettings: [{port: {number: 5000}, tls: {mode: SIMPLE}}]}}",
        ),
    ),
    "IST0130": (_virtual(f"{{{TO}}}, {{match: [{{uri: {{prefix: /a}}}}], redirect: {{uri: /}}}}"),),
    "IST0131": (
        _virtual(
            "{match: [{uri: {prefix: /a}}], redirect: {uri: /}},"
            " {match: [{uri: {exact: /ab}}, {uri: {exact: /b}}], redirect: {uri: /}}"
        ),
    ),
    "IST0134": (_entry("TCP", "a", ""),),
    "IST0135": (_pod("{}", "annotations: {sidecar.istio.io/inject: 'false'}"),),
    "IST0136": (_service("{clusterIP: None}", meta="annotations: {networking.istio.io/exportTo: .}"),),
    "IST0137": (_deployment(), _selecting("one", "port: 80, targetPort: 8080"), _selecting("two", "port: 81, targetPort: 8080")),
    "IST0144": (_pod("{containers: [{name: app, securityContext: {runAsUser: 1337}}]}"),),
    "IST0146": (_rule("Deployment", "{template: {spec: {containers: [{name: istio-proxy, image: auto}]}}}", "d", "apps/v1", "namespace: n"),),
    "IST0147": (_pod("{containers: [{name: istio-proxy, image: auto}]}"),),
    "IST0150": (_service("{type: ExternalName, externalName: a.example, ports: [{name: tcp-x, port: 7}]}"),),
    "IST0173": (_rule("DestinationRule", "{host: zipkin.istio-system.svc.cluster.local, subsets: [{name: a, labels: {a: b}}]}"),),
    "IST0174": (_rule("DestinationRule", "{host: nobody}"),),
    "IST0177": (_entry("HTTP", "a"), _entry("TCP", "a").replace("{name: a}", "{name: b}")),
    "FR001": tuple(_entry("TCP", name, "") for name in "ab"),
    "FR002": (_entry("HTTP", "a"), _entry("HTTP", "b")),
    "FR003": (_service("{clusterIP: 10.9.9.9, selector: {app: reviews}, ports: [{name: tcp-x, port: 9080}]}"),),
    "FR004": (_virtual("{route: [{destination: {host: reviews.default}}]}"),),
    "FR005": (_virtual("{route: [{destination: {host: reviews, port: {number: 80}}}]}"),),
    "FR006": (
        _rule(
            "Sidecar",
            "{ingress: [{port: {number: 9443, protocol: HTTPS}, tls: {mode: SIMPLE, serverCertificate: /c, privateKey: /k}}]}",
        ),
    ),
    "FR007": (_rule("VirtualService", "{hosts: [free.example], gateways: [front], http: [{redirect: {uri: /}}]}"),),
    "FR008": (_rule("DestinationRule", "{host: details, subsets: [{name: v1, labels: {version: v1}}]}", "zz"),),
    "FR010": (
        _virtual("{match: [{uri: {prefix: /a}}], delegate: {name: part}}"),
        _rule("VirtualService", "{http: [{match: [{uri: {prefix: /b}}], redirect: {uri: /}}]}", "part"),
    ),
    "FR009": (_rule("Sidecar", "{egress: [{hosts: ['./nobody', './*']}]}"),),
}  # fmt: skip


def findings(code: str) -> list[Finding]:
    """What the example of a code gives."""
    base = [(path, path.read_text(encoding="utf-8")) for path in sorted((ROOT / "examples/bookinfo").rglob("*.yaml"))]
    return analyze(read_texts(base, [("over.yaml", "---\n".join(EXAMPLES[code]))], strict=False))


def page() -> str:
    """The whole document."""
    rows = [
        f"| [{code}](#{code.lower()}) | {level} | {name} | {meaning} |"
        for code, (level, name, meaning) in CODES.items()
    ]
    table = "\n".join(("| code | level | name | meaning |", "|---|---|---|---|", *rows))
    return f"{HEAD}\n{table}\n" + "".join(_section(code) for code in CODES)


def _section(code: str) -> str:
    lines = [str(one) for one in findings(code) if one.code == code]
    example = "---\n".join(EXAMPLES[code])
    return f"\n## {code}\n\n```yaml\n{example}```\n```text\n" + "\n".join(lines[:2]) + "\n```\n"


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else OUTPUT).write_text(page(), encoding="utf-8")
