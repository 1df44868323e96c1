"""Injection of one pod (or of the pod template of a workload).

Left alone: a pod that says so (`sidecar.istio.io/inject: "false"`), one on the host's network, one that is injected
already. The labels that identify the workload are added, the metrics of the application are taken over by the agent
(its annotations then point there), and probes go through the agent.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace

from fastroute.errors import ParseError
from fastroute.pilot.agent.inputs import yaml_object
from fastroute.pilot.inject import probes
from fastroute.pilot.inject.annotations import SIDECAR, STATUS, Annotations
from fastroute.pilot.inject.init_container import init_container
from fastroute.pilot.inject.proxy_container import Subject, proxy_container, volumes
from fastroute.pilot.inject.values import Json, Values

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
INJECTED = f"{SIDECAR}status"
OWN_PORTS = {15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090}


def why_not(pod: Json) -> str:
    """Why a pod is left alone; empty when it is to be injected."""
    metadata, spec = pod.get("metadata") or {}, pod.get("spec") or {}
    asked = {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}
    if str(asked.get(f"{SIDECAR}inject", "true")).lower() == "false":
        return "it says sidecar.istio.io/inject: false"
    if spec.get("hostNetwork"):
        return "it is on the host's network"
    if INJECTED in (metadata.get("annotations") or {}):
        return "it is injected already"
    return ""


def inject_pod(pod: Json, name: str, owner: str, values: Values) -> Json:
    """A copy of `pod` (a Pod or a pod template) with the containers; `name` is its workload's."""
    injected = copy.deepcopy(pod)
    metadata, spec = injected.setdefault("metadata", {}), injected.setdefault("spec", {})
    notes = metadata.get("annotations") or {}
    annotations = Annotations(notes)
    labels = metadata.get("labels") or {}
    containers = spec.get("containers") or []
    if not containers:
        raise ParseError("a pod has at least one container", path=f"{name}: spec.containers")
    values = _with_own_config(values, notes)
    port = annotations.count(STATUS, "port", values.status_port)
    subject = Subject(
        app=str(labels.get("app", name)),
        workload=name,
        owner=owner,
        ports=[_port(declared) for container in containers for declared in container.get("ports") or ()],
        containers=[str(container.get("name", "")) for container in containers],
        mode=annotations.get(SIDECAR, "interceptionMode", str(values.proxy_config.get("interceptionMode", "REDIRECT"))),
    )
    _refuse_own_ports(subject, name)
    token = _token_mount(containers)
    if values.rewrite_probes and annotations.flag(SIDECAR, "rewriteAppHTTPProbers", True):
        found = probes.rewrite(containers, port, http_only=values.profile.name == "1.8")
        subject = replace(subject, probers=probes.encoded(found) if found else "")
    if values.merge_metrics:
        subject = replace(subject, metrics=_take_over_metrics(notes, port))
    proxy = proxy_container(subject, annotations, values, token)
    first = init_container(annotations, values, token)
    _place(spec, first, proxy)
    spec["volumes"] = [*(spec.get("volumes") or []), *volumes(annotations, values), *_override(annotations)]
    spec.setdefault("securityContext", {}).setdefault("fsGroup", 1337)
    metadata["labels"] = _labels(labels, name, notes, values)
    added = [volume["name"] for volume in volumes(annotations, values)]
    status = {
        "initContainers": [first["name"]],
        "containers": ["istio-proxy"],
        "volumes": added,
        "imagePullSecrets": None,
    }
    metadata["annotations"] = {**notes, INJECTED: json.dumps(status, separators=(",", ":"))}
    return injected


def _with_own_config(values: Values, notes: Json) -> Values:
    """The mesh's ProxyConfig; the pod's own annotation is read by the agent, only its status port matters here."""
    path = "annotation proxy.istio.io/config"
    own = yaml_object(str(notes.get("proxy.istio.io/config", "")), path)
    kept: Json = {
        key: own[key] for key in ("statusPort", "interceptionMode", "holdApplicationUntilProxyStarts") if key in own
    }
    return replace(values, proxy_config={**values.proxy_config, **kept}) if kept else values


def _place(spec: Json, first: Json, proxy: Json) -> None:
    """The proxy stands behind the application, before it when the application waits, or runs as a native sidecar."""
    initial = [*(spec.get("initContainers") or []), first]
    containers = list(spec["containers"])
    if "restartPolicy" in proxy:
        initial.insert(0, initial.pop())
        initial.insert(1, proxy)
    elif "lifecycle" in proxy:
        containers.insert(0, proxy)
    else:
        containers.append(proxy)
    spec["initContainers"], spec["containers"] = initial, containers


def _port(declared: Json) -> Json:
    kept: Json = {key: declared[key] for key in ("name", "containerPort", "protocol") if key in declared}
    return {"protocol": "TCP", **kept} if "protocol" not in kept else kept


def _refuse_own_ports(subject: Subject, name: str) -> None:
    for declared in subject.ports:
        if declared.get("containerPort") in OWN_PORTS:
            port = declared["containerPort"]
            raise ParseError(f"port {port} belongs to the proxy", path=f"{name}: spec.containers.ports")


def _token_mount(containers: list[Json]) -> Json | None:
    mounts = (mount for container in containers for mount in container.get("volumeMounts") or ())
    return next((mount for mount in mounts if mount.get("mountPath") == TOKEN_PATH), None)


def _take_over_metrics(notes: Json, port: int) -> str:
    """The application's own scrape annotations as the agent needs them; afterwards they point at the agent."""
    asked = {
        name: str(notes[f"prometheus.io/{name}"])
        for name in ("scrape", "port", "path")
        if f"prometheus.io/{name}" in notes
    }
    if asked.get("scrape", "true").lower() == "false":
        return ""
    notes.update(
        {"prometheus.io/scrape": "true", "prometheus.io/port": str(port), "prometheus.io/path": "/stats/prometheus"}
    )
    own = {"scrape": asked.get("scrape", ""), "path": asked.get("path", ""), "port": asked.get("port", "")}
    return json.dumps(own, separators=(",", ":")) if asked else ""


def _labels(labels: Json, name: str, notes: Json, values: Values) -> Json:
    service = labels.get("app.kubernetes.io/name") or labels.get("app") or name
    version = labels.get("app.kubernetes.io/version") or labels.get("version") or "latest"
    added = {
        "security.istio.io/tlsMode": "istio",
        "service.istio.io/canonical-name": service,
        "service.istio.io/canonical-revision": version,
    }
    if values.profile.name == "1.8":
        added["istio.io/rev"] = values.revision
    else:
        notes["istio.io/rev"] = values.revision
    return {**added, **labels}


def _override(annotations: Annotations) -> list[Json]:
    name = annotations.get(SIDECAR, "bootstrapOverride")
    return [{"name": "custom-bootstrap-volume", "configMap": {"name": name}}] if name else []
