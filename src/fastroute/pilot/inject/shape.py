"""The shape of what injection reads: checked once, so that everything behind may rely on it.

A shape is a mapping of field to shape (other fields are free), a list with the shape of its items, or types. A field
that is null counts as absent, as Kubernetes has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastroute.errors import ParseError
from fastroute.pilot.inject.values import Json

PORT = {"name": (str,), "containerPort": (int,), "protocol": (str,)}
TARGET = {"port": (int, str), "path": (str,), "service": (str,)}
PROBE = {"httpGet": TARGET, "tcpSocket": TARGET, "grpc": {"port": (int,)}, "timeoutSeconds": (int,)}
CONTAINER = {
    "name": (str,),
    "ports": [PORT],
    "volumeMounts": [{"mountPath": (str,)}],
    "livenessProbe": PROBE,
    "readinessProbe": PROBE,
    "startupProbe": PROBE,
}
SPEC = {
    "containers": [CONTAINER],
    "initContainers": [{}],
    "volumes": [{}],
    "securityContext": {},
    "hostNetwork": (bool,),
}
METADATA: Json = {"name": (str,), "namespace": (str,), "labels": {}, "annotations": {}}
POD: Json = {"metadata": METADATA, "spec": SPEC}
_WORDS = {str: "a string", int: "a number", bool: "true or false"}


def fitted(value: Any, shape: Any, path: str) -> Any:
    """A copy of `value` without null fields of the shape; ParseError names the path of what does not fit."""
    if isinstance(shape, Mapping):
        return _object(value, shape, path)
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise ParseError(f"a list is expected, not {value!r}", path=path)
        return [fitted(item, shape[0], f"{path}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, shape) or (isinstance(value, bool) and bool not in shape):
        words = " or ".join(_WORDS[kind] for kind in shape)
        raise ParseError(f"{words} is expected, not {value!r}", path=path)
    return value


def _object(value: Any, shape: Mapping[str, Any], path: str) -> Json:
    if not isinstance(value, dict):
        raise ParseError(f"a mapping is expected, not {value!r}", path=path)
    copied = dict(value)
    for name, inner in shape.items():
        if copied.get(name) is None:
            copied.pop(name, None)
        else:
            copied[name] = fitted(copied[name], inner, f"{path}.{name}")
    return copied
