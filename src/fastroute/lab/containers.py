"""The containers of a pod, as the injector wrote them and a kubelet would start them.

Images are passed over: the programs are this machine's own. Everything else that says how a container runs counts:
arguments, environment with its field references, user, group and capabilities.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from fastroute.lab.failure import LabError
from fastroute.lab.users import User
from fastroute.pilot.inject.manifests import inject_text
from fastroute.pilot.inject.values import Values

Json = dict[str, Any]
INIT: Final = "istio-init"
PROXY: Final = "istio-proxy"
TLS_LABEL: Final = "security.istio.io/tlsMode"
_LABEL: Final = re.compile(r"metadata\.labels\['([^']+)'\]")
_VARIABLE: Final = re.compile(r"\$\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Container:
    """What is started: arguments, environment and user."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    user: User


def with_sidecar(pod: Json, source: str, values: Values) -> Json | None:
    """The pod as the injector leaves it; None when its labels do not say that it has a sidecar."""
    if pod["metadata"]["labels"].get(TLS_LABEL) != "istio":
        return None
    return inject_text(yaml.safe_dump(pod), source, values).objects[0]


def container(pod: Json, name: str) -> Container:
    """A container of a pod, its references resolved."""
    spec = pod["spec"]
    everything = [*spec.get("initContainers", ()), *spec["containers"]]
    found = next(one for one in everything if one["name"] == name)
    variables = {one["name"]: _value(pod, one) for one in found.get("env", ())}
    arguments = tuple(_VARIABLE.sub(lambda match: variables[match[1]], word) for word in found.get("args", ()))
    return Container(arguments, variables, _user(found.get("securityContext", {})))


def _user(security: Json) -> User:
    added = security.get("capabilities", {}).get("add", ())
    return User(security.get("runAsUser", 0), security.get("runAsGroup", 0), tuple(name.lower() for name in added))


def _value(pod: Json, variable: Json) -> str:
    if "valueFrom" in variable:
        return field(pod, variable["valueFrom"]["fieldRef"]["fieldPath"])
    return str(variable.get("value", ""))


def field(pod: Json, path: str) -> str:
    """The field of a pod that an environment variable refers to."""
    if label := _LABEL.fullmatch(path):
        return str(pod["metadata"]["labels"].get(label[1], ""))
    first, _, last = path.partition(".")
    if first not in ("metadata", "spec", "status"):
        raise LabError(f"a pod has no field {path}")
    default = "default" if path in ("metadata.namespace", "spec.serviceAccountName") else ""
    return str(pod.get(first, {}).get(last, default))
