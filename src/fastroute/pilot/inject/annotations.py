"""The annotations of a pod that steer injection (C8), checked.

An annotation of these families that does not exist is refused: a misspelt one would silently redirect, or not redirect,
what its author meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastroute.errors import ParseError
from fastroute.pilot.agent.inputs import Json, json_object

SIDECAR, TRAFFIC = "sidecar.istio.io/", "traffic.sidecar.istio.io/"
STATUS, READINESS = "status.sidecar.istio.io/", "readiness.status.sidecar.istio.io/"
KNOWN = {
    SIDECAR: {
        "inject",
        "status",
        "interceptionMode",
        "proxyCPU",
        "proxyCPULimit",
        "proxyMemory",
        "proxyMemoryLimit",
        "proxyImage",
        "logLevel",
        "componentLogLevel",
        "agentLogLevel",
        "userVolume",
        "userVolumeMount",
        "bootstrapOverride",
        "rewriteAppHTTPProbers",
        "discoveryAddress",
        "nativeSidecar",
        "statsInclusionPrefixes",
        "statsInclusionSuffixes",
        "statsInclusionRegexps",
        "statsHistogramBuckets",
        "extraStatTags",
    },
    TRAFFIC: {
        "includeOutboundIPRanges",
        "excludeOutboundIPRanges",
        "includeInboundPorts",
        "excludeInboundPorts",
        "includeOutboundPorts",
        "excludeOutboundPorts",
        "kubevirtInterfaces",
        "excludeInterfaces",
    },
    STATUS: {"port"},
    READINESS: {"initialDelaySeconds", "periodSeconds", "failureThreshold", "applicationPorts"},
}


class Annotations:
    """The annotations of one pod; `get` by family and name."""

    def __init__(self, pairs: Mapping[str, Any]) -> None:
        self._pairs = {str(key): str(value) for key, value in pairs.items()}
        for key in self._pairs:
            family = key.rpartition("/")[0] + "/"
            if family in KNOWN and key.removeprefix(family) not in KNOWN[family]:
                raise ParseError("there is no such annotation", path=f"annotation {key}")

    def get(self, family: str, name: str, default: str = "") -> str:
        """The value of the annotation, or the default."""
        return self._pairs.get(family + name, default)

    def has(self, family: str, name: str) -> bool:
        """Whether the annotation is given, empty or not."""
        return family + name in self._pairs

    def flag(self, family: str, name: str, default: bool) -> bool:
        """A boolean annotation."""
        text = self.get(family, name)
        if text.lower() in ("true", "y", "yes", "on", "enabled"):
            return True
        if text.lower() in ("false", "n", "no", "off", "disabled"):
            return False
        if text:
            raise ParseError(f"not a boolean: {text!r}", path=f"annotation {family}{name}")
        return default

    def count(self, family: str, name: str, default: int) -> int:
        """A whole number."""
        text = self.get(family, name) or str(default)
        if not text.isascii() or not text.isdigit():
            raise ParseError(f"not a count: {text!r}", path=f"annotation {family}{name}")
        return int(text)

    def objects(self, family: str, name: str) -> dict[str, Json]:
        """A JSON object of objects; empty when absent."""
        path = f"annotation {family}{name}"
        found = json_object(self.get(family, name), path)
        for key, value in found.items():
            if not isinstance(value, dict):
                raise ParseError(f"an object is expected, not {value!r}", path=f"{path}.{key}")
        return found
