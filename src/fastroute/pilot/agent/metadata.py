"""The node metadata: what the control plane may know of the pod.

In order, later wins: `ISTIO_META_X` keys of proxyMetadata; variables `ISTIO_META_X=v` (X: the text v);
variables `ISTIO_METAJSON_X={…}` (each key of the object, whatever X is); then the keys that the agent itself
knows. LABELS are those of `ISTIO_METAJSON_LABELS` under those of the pod file. POD_PORTS is a string that holds
JSON, as Istio 1.8 had it; it is written compact, whatever its white space was.
"""

from __future__ import annotations

import json
from typing import Any

from fastroute.errors import ParseError
from fastroute.pilot.agent import node
from fastroute.pilot.agent.inputs import Inputs, Json
from fastroute.pilot.agent.switches import switches
from fastroute.pilot.profiles import Profile

META = "ISTIO_META_"
METAJSON = "ISTIO_METAJSON_"
STATIC_LABELS = "ISTIO_METAJSON_LABELS"
EXCHANGE_KEYS = (
    "NAME,NAMESPACE,INSTANCE_IPS,LABELS,OWNER,PLATFORM_METADATA,WORKLOAD_NAME,MESH_ID,SERVICE_ACCOUNT,CLUSTER_ID"
)


def labels(inputs: Inputs) -> dict[str, str]:
    """The labels of the pod, the locality label in its slashed form."""
    merged = {key: str(value) for key, value in inputs.json_variable(STATIC_LABELS).items()}
    merged.update(inputs.labels)
    locality = node.locality_label(merged)
    return {**merged, node.LOCALITY_LABEL: locality} if locality else merged


def metadata(inputs: Inputs, proxy_config: Json, profile: Profile) -> Json:
    """The metadata of the node; `proxy_config` is the merged one."""
    found = _from_environment(inputs, proxy_config)
    if "POD_PORTS" in found:
        found["POD_PORTS"] = _pod_ports(found["POD_PORTS"])
    found.setdefault("ISTIO_VERSION", profile.istio_version)
    found["EXCHANGE_KEYS"] = EXCHANGE_KEYS
    found["INSTANCE_IPS"] = ",".join(node.addresses(inputs))
    found["LABELS"] = labels(inputs)
    found["PROXY_CONFIG"] = proxy_config
    for key, variable in (("NAME", "POD_NAME"), ("NAMESPACE", "POD_NAMESPACE"), ("SERVICE_ACCOUNT", "SERVICE_ACCOUNT")):
        if inputs.environment.get(variable):
            found[key] = inputs.environment[variable]
    if switches(profile).annotations_in_metadata:
        _add_current(found, inputs, proxy_config)
    return found


def _from_environment(inputs: Inputs, proxy_config: Json) -> Json:
    found: Json = {}
    for name, value in proxy_config.get("proxyMetadata", {}).items():
        if name.startswith(META):
            found[name.removeprefix(META)] = value
    for name in sorted(inputs.environment):
        if name.startswith(META):
            found[name.removeprefix(META)] = inputs.environment[name]
    for name in sorted(inputs.environment):
        if name.startswith(METAJSON):
            found.update(inputs.json_variable(name))
    return found


def _add_current(found: Json, inputs: Inputs, proxy_config: Json) -> None:
    if inputs.annotations:
        found["ANNOTATIONS"] = dict(inputs.annotations)
    found["ENVOY_STATUS_PORT"] = inputs.port("ENVOY_STATUS_PORT", 15021)
    found["ENVOY_PROMETHEUS_PORT"] = inputs.port("ENVOY_PROMETHEUS_PORT", 15090)
    found["PILOT_SAN"] = [str(proxy_config["discoveryAddress"]).rpartition(":")[0]]
    if inputs.flag("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", False):
        found["EXIT_ON_ZERO_ACTIVE_CONNECTIONS"] = "true"


def _pod_ports(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        return value
    try:
        ports = json.loads(value)
    except ValueError as error:
        raise ParseError(f"not JSON: {error}", path=f"{META}POD_PORTS") from None
    if not isinstance(ports, list) or not all(isinstance(port, dict) for port in ports):
        raise ParseError("a JSON list of container ports is expected", path=f"{META}POD_PORTS")
    return json.dumps(ports, separators=(",", ":"))
