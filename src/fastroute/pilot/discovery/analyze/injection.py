"""Which pods have sidecars, and which applications would go round them.

IST0102  a namespace does not have its pods given sidecars
IST0103  a pod has none, though its namespace has them given
IST0123  a namespace has the labels of two ways of injection
IST0144  an application runs as the sidecar's user, whose connections are not redirected
IST0146  a Deployment's proxy has the image `auto`, which injection replaces, but injection does not take it
IST0147  a pod's has: injection has not taken it, and it cannot start
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.model.workloads import TLS_LABEL
from fastroute.pilot.discovery.registry.kubernetes import Pod, PodSpec
from fastroute.pilot.discovery.registry.meta import Object

INJECTION: Final = "istio-injection"
REVISION: Final = "istio.io/rev"
AMBIENT: Final = "istio.io/dataplane-mode"
INJECT: Final = "sidecar.istio.io/inject"
SYSTEM: Final = ("istio-system", "kube-system", "kube-public", "kube-node-lease")
PROXY: Final = "istio-proxy"
PROXY_USER: Final = 1337
AUTO: Final = "auto"


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about namespaces, pods and Deployments."""
    injected = set()
    for namespace in mesh.registry.of("Namespace"):
        if namespace.name not in SYSTEM:
            yield from _namespace(namespace)
            if namespace.meta.labels.get(INJECTION) == "enabled" or REVISION in namespace.meta.labels:
                injected.add(namespace.name)
    for pod in mesh.registry.pods:
        if pod.namespace in injected and not _has_sidecar(pod):
            yield found("IST0103", pod, "the pod has no sidecar, so that no rule holds for it: make it anew")
        yield from _users(pod, pod.spec.spec, ("spec",))
        for path in _left_to_injection(pod.spec.spec, ("spec",)):
            yield found("IST0147", pod, "no injection has replaced the image auto: there is no such image", *path)
    for deployment in mesh.registry.of("Deployment"):
        template = deployment.spec.template
        yield from _users(deployment, template.spec, ("template", "spec"))
        said = template.metadata.labels.get(INJECT, template.metadata.annotations.get(INJECT, "")).lower()
        if said == "false" or (said != "true" and deployment.namespace not in injected):
            for path in _left_to_injection(template.spec, ("template", "spec")):
                message = f"the image auto is for injection to replace: label the template {INJECT}=true"
                yield found("IST0146", deployment, message, *path)


def _namespace(one: Object[object]) -> Iterator[Finding]:
    labels = one.meta.labels
    said = labels.get(INJECTION, "")
    ways = [label for label in (INJECTION, REVISION, AMBIENT) if label in labels]
    if len(ways) > 1 and said in ("", "enabled"):
        yield found("IST0123", one, f"the labels {', '.join(ways)} contradict each other: keep one")
    if not said and REVISION not in labels and labels.get(AMBIENT) != "ambient":
        yield found("IST0102", one, "pods of this namespace get no sidecar: label it istio-injection=enabled")


def _has_sidecar(pod: Object[Pod]) -> bool:
    """Whether a pod has one, or is to have none."""
    said = pod.meta.labels.get(INJECT, pod.meta.annotations.get(INJECT, ""))
    containers = (*pod.spec.spec.containers, *pod.spec.spec.init_containers)
    return (
        said.lower() == "false"
        or pod.spec.spec.host_network
        or pod.meta.labels.get(TLS_LABEL) == "istio"
        or any(one.name == PROXY for one in containers)
    )


def _left_to_injection(spec: PodSpec, path: tuple[str, ...]) -> Iterator[tuple[str | int, ...]]:
    """Where the images are that injection must replace."""
    for kind, containers in (("containers", spec.containers), ("initContainers", spec.init_containers)):
        for number, one in enumerate(containers):
            if one.name == PROXY and one.image == AUTO:
                yield (*path, kind, number, "image")


def _users(one: Object[object], spec: PodSpec, path: Iterable[str]) -> Iterator[Finding]:
    message = f"user {PROXY_USER} is the sidecar's: connections of the application would not be redirected"
    if spec.security_context is not None and spec.security_context.run_as_user == PROXY_USER:
        yield found("IST0144", one, message, *path, "securityContext", "runAsUser")
    for number, container in enumerate(spec.containers):
        context = container.security_context
        if container.name != PROXY and context is not None and context.run_as_user == PROXY_USER:
            yield found("IST0144", one, message, *path, "containers", number, "securityContext", "runAsUser")
