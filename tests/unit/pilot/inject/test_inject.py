"""Injection of the init container (S-020 to S-025) and of the proxy (C8)."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support.pods import productpage
from support.shared import shared

from fastroute.cli.pilot_inject import inject
from fastroute.errors import ParseError
from fastroute.pilot.agent.bootstrap import build
from fastroute.pilot.agent.inputs import Inputs
from fastroute.pilot.inject.manifests import inject_text
from fastroute.pilot.inject.pod import inject_pod
from fastroute.pilot.inject.values import Values
from fastroute.pilot.profiles import PROFILES

TRACING = {"zipkin": {"address": "zipkin.istio-system:9411"}}
OLD = Values(PROFILES["1.8"], proxy_config={"proxyMetadata": {"DNS_AGENT": ""}, "tracing": TRACING})
CURRENT = Values(PROFILES["current"])
TOKEN = {
    "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    "name": "bookinfo-productpage-token-5r7qg",
    "readOnly": True,
}
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "productpage", "version": "v1", "pod-template-hash": "64794f5db4"}},
    "spec": {
        "serviceAccountName": "bookinfo-productpage",
        "containers": [
            {"name": "productpage", "ports": [{"containerPort": 9080, "protocol": "TCP"}], "volumeMounts": [TOKEN]}
        ],
    },
}
OWNER = "kubernetes://apis/apps/v1/namespaces/default/deployments/productpage-v1"


def injected(values: Values = OLD, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    template = copy.deepcopy(TEMPLATE)
    template["metadata"]["annotations"] = annotations or {}
    template["spec"].update(spec)
    return inject_pod(template, "productpage-v1", OWNER, values)


def named(pod: dict[str, Any], name: str) -> dict[str, Any]:
    containers = [*pod["spec"]["containers"], *pod["spec"]["initContainers"]]
    return next(container for container in containers if container["name"] == name)


def arguments(**annotations: str) -> list[str]:
    notes = {f"traffic.sidecar.istio.io/{name}": value for name, value in annotations.items()}
    return list(named(injected(annotations=notes), "istio-init")["args"])


def variables(container: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value") for each in container["env"]}


def test_s020_to_s024_the_init_container_of_the_seed() -> None:
    block = yaml.safe_load(shared("seed/blocks/01-init-container.yaml").read_text())
    assert named(injected(), "istio-init") == block["initContainers"][0]


def test_s025_injected_environment_gives_the_bootstrap_of_the_seed() -> None:
    """From a manifest to Envoy's bootstrap, with nothing in between but what Kubernetes does."""
    pod = injected()
    seen = {name: value or "" for name, value in variables(named(pod, "istio-proxy")).items()}
    facts = productpage().environment
    image = {name: facts[name] for name in ("ISTIO_META_ISTIO_PROXY_SHA", "ISTIO_META_ISTIO_VERSION")}
    downward = {name: facts[name] for name in ("POD_NAME", "POD_NAMESPACE", "INSTANCE_IP", "SERVICE_ACCOUNT")}
    inputs = Inputs(environment={**seen, **image, **downward}, labels=pod["metadata"]["labels"])
    seed = json.loads(shared("seed/bootstrap-comment-stripped.json").read_text())
    assert build(inputs, PROFILES["1.8"]) == seed


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        ("includeOutboundIPRanges", "10.0.0.0/8", ["-i", "10.0.0.0/8"]),
        ("excludeOutboundIPRanges", "10.0.0.0/8", ["-x", "10.0.0.0/8"]),
        ("includeInboundPorts", "80", ["-b", "80"]),
        ("excludeInboundPorts", "81,82", ["-d", "15090,15021,15020,81,82"]),
        ("includeOutboundPorts", "83", ["-q", "83"]),
        ("excludeOutboundPorts", "84", ["-o", "84"]),
        ("kubevirtInterfaces", "kv1", ["-k", "kv1"]),
        ("excludeInterfaces", "eth9", ["-c", "eth9"]),
    ],
)
def test_c8_annotations_become_arguments(annotation: str, value: str, expected: list[str]) -> None:
    found = arguments(**{annotation: value})
    at = found.index(expected[0])
    assert found[at : at + 2] == expected


def test_the_status_port_of_the_pod_is_excluded_and_probed() -> None:
    pod = injected(annotations={"status.sidecar.istio.io/port": "15999"})
    assert "15090,15021,15999" in named(pod, "istio-init")["args"]


@pytest.mark.parametrize(
    ("annotations", "names"),
    [
        ({"traffic.sidecar.istio.io/excludeInboundPorts": "x"}, "--istio-local-exclude-ports"),
        (
            {"traffic.sidecar.istio.io/includeOutboundIPRange": "*"},
            "annotation traffic.sidecar.istio.io/includeOutboundIPRange",
        ),
        ({"sidecar.istio.io/interceptionMode": "NONE"}, "--istio-inbound-interception-mode"),
        ({"sidecar.istio.io/userVolume": "{"}, "annotation sidecar.istio.io/userVolume"),
        ({"sidecar.istio.io/rewriteAppHTTPProbers": "maybe"}, "annotation sidecar.istio.io/rewriteAppHTTPProbers"),
        ({"proxy.istio.io/config": "["}, "annotation proxy.istio.io/config"),
    ],
)
def test_a_bad_annotation_is_refused_by_name(annotations: dict[str, str], names: str) -> None:
    with pytest.raises(ParseError) as refused:
        injected(annotations=annotations)
    assert refused.value.path == names


def test_ports_of_the_proxy_are_refused() -> None:
    taken = [{"name": "a", "ports": [{"containerPort": 15090}]}]
    with pytest.raises(ParseError, match="port 15090 belongs to the proxy"):
        injected(containers=taken)


def test_cni_only_validates() -> None:
    container = named(injected(replace(OLD, cni=True)), "istio-validation")
    assert container["args"][-2:] == ["--run-validation", "--skip-rule-apply"]
    assert container["securityContext"]["runAsUser"] == 1337
    assert "add" not in container["securityContext"]["capabilities"]


def test_proxy_arguments_of_both_profiles() -> None:
    assert named(injected(), "istio-proxy")["args"] == [
        "proxy",
        "sidecar",
        "--domain",
        "$(POD_NAMESPACE).svc.cluster.local",
        "--serviceCluster",
        "productpage.$(POD_NAMESPACE)",
        "--proxyLogLevel=warning",
        "--proxyComponentLogLevel=misc:error",
        "--concurrency",
        "2",
    ]
    assert "--serviceCluster" not in named(injected(CURRENT), "istio-proxy")["args"]


def test_probes_go_through_the_agent() -> None:
    container = {
        "name": "app",
        "ports": [{"name": "web", "containerPort": 80}],
        "livenessProbe": {"httpGet": {"path": "/live", "port": "web"}, "timeoutSeconds": 4},
        "readinessProbe": {"tcpSocket": {"port": 80}},
        "startupProbe": {"grpc": {"port": 81}},
    }
    pod = injected(CURRENT, containers=[copy.deepcopy(container)])
    probers = json.loads(variables(named(pod, "istio-proxy"))["ISTIO_KUBE_APP_PROBERS"])
    assert probers == {
        "/app-health/app/livez": {"httpGet": {"path": "/live", "port": 80}, "timeoutSeconds": 4},
        "/app-health/app/readyz": {"tcpSocket": {"port": 80}},
        "/app-health/app/startupz": {"grpc": {"port": 81}},
    }
    assert named(pod, "app")["livenessProbe"]["httpGet"] == {"path": "/app-health/app/livez", "port": 15020}
    old = injected(OLD, containers=[copy.deepcopy(container)])
    assert named(old, "app")["readinessProbe"] == {"tcpSocket": {"port": 80}}


def test_metrics_of_the_application_are_taken_over() -> None:
    notes = {"prometheus.io/scrape": "true", "prometheus.io/port": "9", "prometheus.io/path": "/m"}
    pod = injected(annotations=notes)
    taken = variables(named(pod, "istio-proxy"))["ISTIO_PROMETHEUS_ANNOTATIONS"]
    assert json.loads(taken) == {"scrape": "true", "path": "/m", "port": "9"}
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == "15020"


def test_labels_and_status() -> None:
    old, current = injected(), injected(CURRENT)
    assert old["metadata"]["labels"]["service.istio.io/canonical-revision"] == "v1"
    assert old["metadata"]["labels"]["istio.io/rev"] == "default"
    assert "istio.io/rev" not in current["metadata"]["labels"]
    assert current["metadata"]["annotations"]["istio.io/rev"] == "default"
    assert json.loads(old["metadata"]["annotations"]["sidecar.istio.io/status"])["containers"] == ["istio-proxy"]


def test_tproxy_needs_a_capability() -> None:
    pod = injected(annotations={"sidecar.istio.io/interceptionMode": "TPROXY"})
    context = named(pod, "istio-proxy")["securityContext"]
    assert (context["capabilities"]["add"], context["runAsUser"]) == (["NET_ADMIN"], 0)


def test_the_application_can_wait_for_the_proxy() -> None:
    pod = injected(replace(OLD, hold_application=True))
    assert pod["spec"]["containers"][0]["name"] == "istio-proxy"
    assert pod["spec"]["containers"][0]["lifecycle"]["postStart"]["exec"]["command"] == ["pilot-agent", "wait"]


def test_native_sidecar() -> None:
    pod = injected(CURRENT, {"sidecar.istio.io/nativeSidecar": "true"})
    assert [each["name"] for each in pod["spec"]["initContainers"]] == ["istio-init", "istio-proxy"]
    assert pod["spec"]["initContainers"][1]["restartPolicy"] == "Always"


def test_resources_and_volumes_of_the_user() -> None:
    notes = {
        "sidecar.istio.io/proxyCPU": "1",
        "sidecar.istio.io/proxyMemoryLimit": "9Gi",
        "sidecar.istio.io/proxyImage": "mine:1",
        "sidecar.istio.io/userVolume": '{"v": {"emptyDir": {}}}',
        "sidecar.istio.io/userVolumeMount": '{"v": {"mountPath": "/v"}}',
        "sidecar.istio.io/bootstrapOverride": "map",
    }
    pod = injected(annotations=notes)
    proxy = named(pod, "istio-proxy")
    assert proxy["resources"] == {"limits": {"cpu": "2", "memory": "9Gi"}, "requests": {"cpu": "1", "memory": "40Mi"}}
    assert {"name": "v", "mountPath": "/v"} in proxy["volumeMounts"]
    assert {"name": "v", "emptyDir": {}} in pod["spec"]["volumes"]
    assert proxy["image"] == named(pod, "istio-init")["image"] == "mine:1"
    assert "ISTIO_BOOTSTRAP_OVERRIDE" in variables(proxy)


MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: s}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: n}
spec: {template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: j}
spec: {jobTemplate: {spec: {template: {spec: {hostNetwork: true, containers: [{name: c}]}}}}}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: p, annotations: {sidecar.istio.io/inject: "false"}}
  spec: {containers: [{name: c}]}
"""


def test_manifests() -> None:
    result = inject_text(MANIFEST, "file", CURRENT)
    service, deployment, job, items = result.objects
    assert service == {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    proxy = deployment["spec"]["template"]["spec"]["containers"][1]
    assert variables(proxy)["ISTIO_META_OWNER"] == "kubernetes://apis/apps/v1/namespaces/n/deployments/d"
    assert len(job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]) == 1
    assert len(items["items"][0]["spec"]["containers"]) == 1
    assert result.left_alone == [
        "CronJob default/j: it is on the host's network",
        "Pod default/p: it says sidecar.istio.io/inject: false",
    ]


def test_injecting_twice_changes_nothing() -> None:
    once = inject_text(MANIFEST, "file", CURRENT).text()
    assert inject_text(once, "file", CURRENT).text() == once


@pytest.mark.parametrize(
    "text", ["a: [", "- 1", "kind: Deployment\nspec: 1", "kind: Pod\nmetadata: {name: p}\nspec: {}"]
)
def test_bad_manifests_are_refused(text: str) -> None:
    with pytest.raises(ParseError, match=r"file|p:"):
        inject_text(text, "file", CURRENT)


def test_command(tmp_path: Path) -> None:
    file, mesh = tmp_path / "m.yaml", tmp_path / "mesh.yaml"
    file.write_text(MANIFEST)
    mesh.write_text("defaultConfig: {proxyMetadata: {A: b}}\n")
    done = CliRunner().invoke(inject, [str(file), "--mesh", str(mesh), "--image", "i:1"], catch_exceptions=False)
    assert "image: i:1" in done.stdout
    assert "left alone: CronJob default/j" in done.stderr
