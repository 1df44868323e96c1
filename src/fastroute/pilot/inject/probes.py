"""Health probes of the application, led through the agent.

A probe of the kubelet would meet the proxy's redirection and, under strict mutual TLS, fail. So each HTTP, TCP and gRPC
probe is replaced by one to the agent, which calls the application itself; what was there goes into the variable
ISTIO_KUBE_APP_PROBERS. Profile 1.8 does so for HTTP only, as Istio did.
"""

from __future__ import annotations

import json
from typing import Any

from fastroute.errors import ParseError
from fastroute.pilot.inject.values import Json

KINDS = {"livenessProbe": "livez", "readinessProbe": "readyz", "startupProbe": "startupz"}


def rewrite(containers: list[Json], status_port: int, *, http_only: bool) -> Json:
    """Rewrite the probes of `containers` in place; what the agent must know, by path."""
    probers: Json = {}
    for container in containers:
        for kind, word in KINDS.items():
            probe = container.get(kind)
            if not isinstance(probe, dict):
                continue
            path = f"/app-health/{container.get('name', '')}/{word}"
            known = _prober(probe, container, http_only)
            if known is not None:
                probers[path] = known
                for how in ("httpGet", "tcpSocket", "grpc"):
                    probe.pop(how, None)
                probe["httpGet"] = {"path": path, "port": status_port}
    return probers


def encoded(probers: Json) -> str:
    """The value of ISTIO_KUBE_APP_PROBERS."""
    return json.dumps(probers, separators=(",", ":"), sort_keys=True)


def _prober(probe: Json, container: Json, http_only: bool) -> Json | None:
    extra = {"timeoutSeconds": probe["timeoutSeconds"]} if "timeoutSeconds" in probe else {}
    if "httpGet" in probe:
        get = dict(probe["httpGet"])
        return {"httpGet": {**get, "port": _port(get.get("port"), container)}, **extra}
    if http_only:
        return None
    if "tcpSocket" in probe:
        return {"tcpSocket": {"port": _port(probe["tcpSocket"].get("port"), container)}, **extra}
    if "grpc" in probe:
        return {"grpc": dict(probe["grpc"]), **extra}
    return None


def _port(port: Any, container: Json) -> int:
    """The number of a port that may be given by name."""
    if isinstance(port, int):
        return port
    for declared in container.get("ports") or ():
        if declared.get("name") == port and "containerPort" in declared:
            return int(declared["containerPort"])
    raise ParseError(f"no port is named {port!r}", path=f"containers[{container.get('name', '')}]")
