"""The container with the agent and its Envoy: `istio-proxy`."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fastroute.pilot.inject.annotations import READINESS, SIDECAR, Annotations
from fastroute.pilot.inject.init_container import PROXY_USER
from fastroute.pilot.inject.values import Json, Values, resources

WAIT = {"postStart": {"exec": {"command": ["pilot-agent", "wait"]}}}
DRAIN = {"preStop": {"exec": {"command": ["pilot-agent", "request", "--debug-port=15020", "POST", "drain"]}}}


@dataclass(frozen=True, slots=True)
class Subject:
    """The pod that is injected: what the proxy must know of it.

    `owner` and `workload` name the workload that made the pod; `probers` and `metrics` are what the agent takes over.
    """

    app: str
    workload: str
    owner: str
    ports: list[Json]
    containers: list[str]
    probers: str = ""
    metrics: str = ""
    mode: str = "REDIRECT"


def proxy_container(subject: Subject, annotations: Annotations, values: Values, token_mount: Json | None) -> Json:
    """The proxy container of a pod."""
    native = annotations.flag(SIDECAR, "nativeSidecar", False)
    container: Json = {
        "name": "istio-proxy",
        "image": annotations.get(SIDECAR, "proxyImage", values.image),
        "imagePullPolicy": values.pull_policy,
        "args": _arguments(subject, annotations, values),
        "env": _environment(subject, annotations, values),
        "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
        "readinessProbe": _readiness(annotations, values),
        "resources": resources(
            (
                _asked(annotations, "proxyCPU", values.proxy_cpu[0]),
                _asked(annotations, "proxyCPULimit", values.proxy_cpu[1]),
            ),
            (
                _asked(annotations, "proxyMemory", values.proxy_memory[0]),
                _asked(annotations, "proxyMemoryLimit", values.proxy_memory[1]),
            ),
        ),
        "securityContext": _security(subject.mode),
        "volumeMounts": [*_mounts(values), *_user_mounts(annotations), *([token_mount] if token_mount else [])],
    }
    if not _old(values):
        startup: Json = {"periodSeconds": 1, "failureThreshold": 600, "timeoutSeconds": 3}
        container["startupProbe"] = {**_get(), **startup}
    if native:
        container["restartPolicy"] = "Always"
        container["lifecycle"] = DRAIN
    elif _holds(values):
        container["lifecycle"] = WAIT
    return container


def volumes(annotations: Annotations, values: Values) -> list[Json]:
    """The volumes that the proxy container mounts."""
    labels = {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}
    notes = {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}}
    token = {"path": "istio-token", "expirationSeconds": 43200, "audience": "istio-ca"}
    found: list[Json] = [
        {"name": "istio-envoy", "emptyDir": {"medium": "Memory"}},
        {"name": "istio-data", "emptyDir": {}},
        {"name": "istio-podinfo", "downwardAPI": {"items": [labels, notes]}},
        {"name": "istio-token", "projected": {"sources": [{"serviceAccountToken": token}]}},
        {"name": "istiod-ca-cert", "configMap": {"name": "istio-ca-root-cert"}},
    ]
    if not _old(values):
        found += [{"name": name, "emptyDir": {}} for name in ("workload-socket", "credential-socket", "workload-certs")]
    user = annotations.objects(SIDECAR, "userVolume")
    return found + [{"name": name, **source} for name, source in user.items()]


def _old(values: Values) -> bool:
    return values.profile.name == "1.8"


def _holds(values: Values) -> bool:
    return bool(values.proxy_config.get("holdApplicationUntilProxyStarts", values.hold_application))


def _asked(annotations: Annotations, name: str, default: str) -> str:
    return annotations.get(SIDECAR, name, default)


def _arguments(subject: Subject, annotations: Annotations, values: Values) -> list[str]:
    words = ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local"]
    if _old(values):
        words += ["--serviceCluster", f"{subject.app}.$(POD_NAMESPACE)"]
    words.append(f"--proxyLogLevel={annotations.get(SIDECAR, 'logLevel', values.log_level)}")
    component = annotations.get(SIDECAR, "componentLogLevel", values.component_log_level)
    words.append(f"--proxyComponentLogLevel={component}")
    if annotations.has(SIDECAR, "agentLogLevel"):
        words.append(f"--log_output_level={annotations.get(SIDECAR, 'agentLogLevel')}")
    if _old(values):
        words += ["--concurrency", str(values.proxy_config.get("concurrency", 2))]
    return words


def _environment(subject: Subject, annotations: Annotations, values: Values) -> list[Json]:
    fields = {
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "INSTANCE_IP": "status.podIP",
        "SERVICE_ACCOUNT": "spec.serviceAccountName",
        "HOST_IP": "status.hostIP",
        "CANONICAL_SERVICE": "metadata.labels['service.istio.io/canonical-name']",
        "CANONICAL_REVISION": "metadata.labels['service.istio.io/canonical-revision']",
    }
    plain = {
        "PROXY_CONFIG": json.dumps(dict(values.proxy_config), separators=(",", ":"), sort_keys=True),
        "ISTIO_META_POD_PORTS": json.dumps(subject.ports, separators=(",", ":")),
        "ISTIO_META_APP_CONTAINERS": ",".join(subject.containers),
        "ISTIO_META_CLUSTER_ID": values.cluster_id,
        "ISTIO_META_INTERCEPTION_MODE": subject.mode,
        "ISTIO_META_NETWORK": values.network,
        "ISTIO_META_WORKLOAD_NAME": subject.workload,
        "ISTIO_META_OWNER": subject.owner,
        "ISTIO_META_MESH_ID": values.mesh_id,
        "TRUST_DOMAIN": values.trust_domain,
        "ISTIO_KUBE_APP_PROBERS": subject.probers,
        "ISTIO_PROMETHEUS_ANNOTATIONS": subject.metrics,
        "ISTIO_BOOTSTRAP_OVERRIDE": "/etc/istio/custom-bootstrap/custom_bootstrap.json"
        if annotations.has(SIDECAR, "bootstrapOverride")
        else "",
    }
    found: list[Json] = [
        {"name": "JWT_POLICY", "value": "third-party-jwt"},
        {"name": "PILOT_CERT_PROVIDER", "value": "istiod"},
        {"name": "CA_ADDR", "value": str(values.proxy_config.get("discoveryAddress", "istiod.istio-system.svc:15012"))},
        *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()),
        *({"name": name, "value": value} for name, value in plain.items() if value),
    ]
    metadata = values.proxy_config.get("proxyMetadata") or {}
    return found + [{"name": name, "value": value} if value else {"name": name} for name, value in metadata.items()]


def _get() -> Json:
    return {"httpGet": {"path": "/healthz/ready", "port": 15021}}


def _readiness(annotations: Annotations, values: Values) -> Json:
    old = _old(values)
    probe: Json = {
        **_get(),
        "initialDelaySeconds": annotations.count(READINESS, "initialDelaySeconds", 1 if old else 0),
        "periodSeconds": annotations.count(READINESS, "periodSeconds", 2 if old else 15),
        "failureThreshold": annotations.count(READINESS, "failureThreshold", 30 if old else 4),
    }
    return probe if old else {**probe, "timeoutSeconds": 3}


def _security(mode: str) -> Json:
    """Transparent interception needs NET_ADMIN for its sockets, and therefore root."""
    transparent = mode == "TPROXY"
    capabilities: Json = {"add": ["NET_ADMIN"], "drop": ["ALL"]} if transparent else {"drop": ["ALL"]}
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": capabilities,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsGroup": PROXY_USER,
        "runAsNonRoot": not transparent,
        "runAsUser": 0 if transparent else PROXY_USER,
    }


def _mounts(values: Values) -> list[Json]:
    places = {
        "istiod-ca-cert": "/var/run/secrets/istio",
        "istio-data": "/var/lib/istio/data",
        "istio-envoy": "/etc/istio/proxy",
        "istio-token": "/var/run/secrets/tokens",
        "istio-podinfo": "/etc/istio/pod",
    }
    if not _old(values):
        places["workload-socket"] = "/var/run/secrets/workload-spiffe-uds"
        places["credential-socket"] = "/var/run/secrets/credential-uds"
        places["workload-certs"] = "/var/run/secrets/workload-spiffe-credentials"
    return [{"mountPath": path, "name": name} for name, path in places.items()]


def _user_mounts(annotations: Annotations) -> list[Json]:
    mounts = annotations.objects(SIDECAR, "userVolumeMount")
    found: list[Json] = [{"name": name, **mount} for name, mount in mounts.items()]
    if annotations.has(SIDECAR, "bootstrapOverride"):
        found.append({"mountPath": "/etc/istio/custom-bootstrap", "name": "custom-bootstrap-volume"})
    return found
