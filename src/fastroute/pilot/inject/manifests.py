"""Injection of Kubernetes manifests: every workload's pod template, everything else unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from fastroute.errors import ParseError
from fastroute.pilot.inject.pod import inject_pod, why_not
from fastroute.pilot.inject.shape import METADATA, POD, fitted
from fastroute.pilot.inject.values import Json, Values

TEMPLATES = {
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


@dataclass(frozen=True, slots=True)
class Injected:
    """The new objects, and a line for each pod that was left alone."""

    objects: list[Json]
    left_alone: list[str]

    def text(self) -> str:
        """The objects as YAML documents."""
        return yaml.safe_dump_all(self.objects, sort_keys=False, default_flow_style=False)


def inject_text(text: str, source: str, values: Values) -> Injected:
    """Inject every workload in a YAML text; `source` names it in errors."""
    try:
        objects = [found for found in yaml.safe_load_all(text) if found is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ParseError(f"not YAML: {' '.join(str(error).split())}", path=source) from None
    left_alone: list[str] = []
    injected = [_object(found, source, values, left_alone) for found in objects]
    return Injected(injected, left_alone)


def _object(found: Any, source: str, values: Values, left_alone: list[str]) -> Json:
    if not isinstance(found, dict):
        raise ParseError(f"a Kubernetes object is expected, not {type(found).__name__}", path=source)
    if found.get("kind") == "List":
        listed = fitted(found, {"items": [{}]}, source).get("items", [])
        items = [_object(item, source, values, left_alone) for item in listed]
        return {**found, "items": items}
    path = TEMPLATES.get(str(found.get("kind")), () if found.get("kind") == "Pod" else None)
    if path is None:
        return found
    metadata = fitted(found.get("metadata") or {}, METADATA, f"{source}: {found['kind']}: metadata")
    name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace", "default"))
    where = f"{source}: {found['kind']} {name}"
    pod = fitted(_at(found, path, where), POD, ".".join((where, *path)))
    reason = why_not(pod)
    if reason:
        left_alone.append(f"{found['kind']} {namespace}/{name}: {reason}")
        return found
    return _with(found, path, inject_pod(pod, name, _owner(found, namespace, name), values))


def _owner(found: Json, namespace: str, name: str) -> str:
    group = str(found.get("apiVersion", "v1"))
    return f"kubernetes://apis/{group}/namespaces/{namespace}/{str(found['kind']).lower()}s/{name}"


def _at(found: Json, path: tuple[str, ...], where: str) -> Json:
    inner: Any = found
    for key in path:
        inner = inner.get(key) if isinstance(inner, dict) else None
        if not isinstance(inner, dict):
            raise ParseError(f"{key} is missing", path=where)
    return dict(inner)


def _with(found: Json, path: tuple[str, ...], pod: Json) -> Json:
    """A copy of `found` whose object at `path` is `pod`."""
    if not path:
        return pod
    return {**found, path[0]: _with(found[path[0]], path[1:], pod)}
