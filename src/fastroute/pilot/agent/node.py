"""The node that Envoy presents itself as: ID, cluster, locality.

- The ID is `TYPE~IP~POD.NAMESPACE~DOMAIN`; the control plane takes it apart again.
- IP is INSTANCE_IP, else the first address of an interface, else 127.0.0.1.
- The cluster is what was asked for; when nothing was, `app` label.NAMESPACE, else workload.NAMESPACE, else
  istio-proxy.NAMESPACE. Istio 1.8 let the injector compute the same from the `app` label; one rule serves both.
- The locality is the pod label `istio-locality`, `region.zone.subzone`, or with slashes when a name has dots.
"""

from __future__ import annotations

import ipaddress

from fastroute.errors import ParseError
from fastroute.pilot.agent.inputs import Inputs, Json
from fastroute.pilot.agent.proxy_config import UNNAMED

LOCALITY_LABEL = "istio-locality"
NODE_TYPES = ("sidecar", "router")


def addresses(inputs: Inputs) -> list[str]:
    """The pod's addresses without duplicates, the one of the node ID first."""
    given = inputs.environment.get("INSTANCE_IP", "")
    found: list[str] = list(dict.fromkeys([*([given] if given else []), *inputs.addresses])) or ["127.0.0.1"]
    for address in found:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            raise ParseError(f"not an IP address: {address!r}", path="INSTANCE_IP") from None
    return found


def node_id(inputs: Inputs) -> str:
    """The node ID; its parts are refused when they hold the separator."""
    if inputs.node_type not in NODE_TYPES:
        raise ParseError(f"{inputs.node_type!r} is none of {', '.join(NODE_TYPES)}", path="node type")
    name, namespace = inputs.environment.get("POD_NAME", ""), inputs.environment.get("POD_NAMESPACE", "")
    for variable, value in (("POD_NAME", name), ("POD_NAMESPACE", namespace)):
        if not value:
            raise ParseError("is not set", path=variable)
        if "~" in value:
            raise ParseError(f"must not hold '~': {value!r}", path=variable)
    domain = inputs.domain or f"{namespace}.svc.cluster.local"
    return "~".join((inputs.node_type, addresses(inputs)[0], f"{name}.{namespace}", domain))


def service_cluster(asked: str, labels: dict[str, str], inputs: Inputs) -> str:
    """The name of the service cluster; `asked` is the ProxyConfig's."""
    if asked not in ("", UNNAMED):
        return asked
    namespace = inputs.environment.get("POD_NAMESPACE", "")
    name = labels.get("app") or inputs.environment.get("ISTIO_META_WORKLOAD_NAME") or UNNAMED
    return f"{name}.{namespace}" if namespace else name


def locality_label(labels: dict[str, str]) -> str:
    """The locality of the pod label as `region/zone/sub_zone`; empty without the label."""
    label = labels.get(LOCALITY_LABEL, "")
    return label if "/" in label else label.replace(".", "/")


def locality(text: str) -> Json:
    """A Locality message of `region/zone/sub_zone`."""
    parts = text.split("/", 2) if text else []
    return dict(zip(("region", "zone", "sub_zone"), parts, strict=False))
