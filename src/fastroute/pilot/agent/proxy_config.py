"""The ProxyConfig of a pod: Istio's merge order.

Later wins:

1. what is built in (the profile's row);
2. `defaultConfig` of the mesh configuration;
3. the variable PROXY_CONFIG, YAML or JSON;
4. the pod annotation `proxy.istio.io/config`;
5. single annotations (`status.sidecar.istio.io/port`, `sidecar.istio.io/discoveryAddress`);
6. flags (service cluster, concurrency).

Scalars, lists and messages replace what was there; only the map `proxyMetadata` merges, key by key.
An unknown field is refused, as Istio's strict reading does, naming the source that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fastroute.errors import ParseError
from fastroute.pilot.agent.inputs import Inputs, Json, port_number, yaml_object
from fastroute.pilot.profiles import Profile

ANNOTATION = "proxy.istio.io/config"
STATUS_PORT = "status.sidecar.istio.io/port"
DISCOVERY_ADDRESS = "sidecar.istio.io/discoveryAddress"
UNNAMED = "istio-proxy"

_COMMON: Json = {
    "binaryPath": "/usr/local/bin/envoy",
    "configPath": "./etc/istio/proxy",
    "controlPlaneAuthPolicy": "MUTUAL_TLS",
    "discoveryAddress": "istiod.istio-system.svc:15012",
    "drainDuration": "45s",
    "proxyAdminPort": 15000,
    "serviceCluster": UNNAMED,
    "statNameLength": 189,
    "statusPort": 15020,
    "terminationDrainDuration": "5s",
}
BUILT_IN: dict[str, Json] = {
    "1.8": {
        **_COMMON,
        "concurrency": 2,
        "envoyAccessLogService": {},
        "envoyMetricsService": {},
        "parentShutdownDuration": "60s",
    },
    "current": _COMMON,
}

STRINGS = [
    "configPath",
    "binaryPath",
    "serviceCluster",
    "discoveryAddress",
    "zipkinAddress",
    "statsdUdpAddress",
    "availabilityZone",
    "controlPlaneAuthPolicy",
    "customConfigFile",
    "proxyBootstrapTemplatePath",
    "interceptionMode",
    "meshId",
    "tracingServiceName",
]
INTEGERS = ["proxyAdminPort", "statNameLength", "concurrency", "statusPort", "fileFlushMinSizeKb"]
DURATIONS = ["drainDuration", "parentShutdownDuration", "terminationDrainDuration", "fileFlushInterval"]
BOOLEANS = ["holdApplicationUntilProxyStarts", "statsCompression"]
OBJECTS = [
    "tracing",
    "sds",
    "envoyAccessLogService",
    "envoyMetricsService",
    "proxyMetadata",
    "runtimeValues",
    "readinessProbe",
    "proxyStatsMatcher",
    "image",
    "gatewayTopology",
    "privateKeyProvider",
    "proxyHeaders",
]
LISTS = ["extraStatTags", "caCertificatesPem"]

_DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+|0")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def proxy_config(inputs: Inputs, profile: Profile) -> Json:
    """The merged ProxyConfig, without the service cluster's derivation (see `node`)."""
    merged = dict(BUILT_IN[profile.name])
    _apply(merged, inputs.mesh.get("defaultConfig") or {}, "mesh.defaultConfig")
    _apply(merged, yaml_object(inputs.environment.get("PROXY_CONFIG", ""), "PROXY_CONFIG"), "PROXY_CONFIG")
    path = f"annotation {ANNOTATION}"
    _apply(merged, yaml_object(inputs.annotations.get(ANNOTATION, ""), path), path)
    if STATUS_PORT in inputs.annotations:
        merged["statusPort"] = port_number(inputs.annotations[STATUS_PORT], f"annotation {STATUS_PORT}")
    if DISCOVERY_ADDRESS in inputs.annotations:
        merged["discoveryAddress"] = inputs.annotations[DISCOVERY_ADDRESS]
    if inputs.service_cluster:
        merged["serviceCluster"] = inputs.service_cluster
    if inputs.concurrency is not None:
        merged["concurrency"] = inputs.concurrency
    return merged


def section(config: Json, *names: str) -> Json:
    """The mapping at a field path of a ProxyConfig; empty where there is none. ParseError names the field."""
    for depth, name in enumerate(names, start=1):
        found = config.get(name)
        if found is None:
            return {}
        _expect(isinstance(found, Mapping), found, "a mapping", ".".join(names[:depth]))
        config = found
    return config


def text(config: Json, *names: str) -> str:
    """The string at a field path of a ProxyConfig; empty where there is none. ParseError names the field."""
    found = section(config, *names[:-1]).get(names[-1])
    if found is None:
        return ""
    _expect(isinstance(found, str), found, "a string", ".".join(names))
    return str(found)


def texts(config: Json, *names: str) -> list[str]:
    """The strings at a field path of a ProxyConfig; none where there are none. ParseError names the field."""
    found = section(config, *names[:-1]).get(names[-1])
    if found is None:
        return []
    strings = isinstance(found, list) and all(isinstance(item, str) for item in found)
    _expect(strings, found, "a list of strings", ".".join(names))
    return list(found)


def is_duration(text: str) -> bool:
    """Whether `text` is a duration in Go's spelling."""
    return bool(_DURATION.fullmatch(text))


def seconds(duration: str) -> float:
    """The seconds in a duration such as `45s` or `1m30s`, which `proxy_config` has checked."""
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ns|us|µs|ms|s|m|h)", duration))


def _apply(merged: Json, layer: Any, path: str) -> None:
    if not isinstance(layer, Mapping):
        raise ParseError(f"a mapping is expected, not {type(layer).__name__}", path=path)
    for name, value in layer.items():
        where = f"{path}.{name}"
        if value is None:
            continue
        _check(str(name), value, where)
        if name == "proxyMetadata":
            merged[name] = {**merged.get(name, {}), **_strings(value, where)}
        elif name == "runtimeValues":
            merged[name] = _strings(value, where)
        else:
            merged[str(name)] = value


def _check(name: str, value: Any, path: str) -> None:
    if name in STRINGS:
        _expect(isinstance(value, str), value, "a string", path)
    elif name in INTEGERS:
        _expect(isinstance(value, int) and not isinstance(value, bool) and value >= 0, value, "a count", path)
        if name.endswith("Port"):
            port_number(str(value), path)
    elif name in DURATIONS:
        _expect(isinstance(value, str) and is_duration(value), value, "a duration such as 45s", path)
    elif name in BOOLEANS:
        _expect(isinstance(value, bool), value, "true or false", path)
    elif name in OBJECTS:
        _expect(isinstance(value, Mapping), value, "a mapping", path)
    elif name in LISTS:
        _expect(isinstance(value, list), value, "a list", path)
    else:
        raise ParseError("ProxyConfig has no such field", path=path)


def _expect(holds: bool, value: Any, kind: str, path: str) -> None:
    if not holds:
        raise ParseError(f"{kind} is expected, not {value!r}", path=path)


def _strings(pairs: Mapping[str, Any], path: str) -> dict[str, str]:
    for name, value in pairs.items():
        _expect(isinstance(value, str), value, "a string", f"{path}.{name}")
    return dict(pairs)
