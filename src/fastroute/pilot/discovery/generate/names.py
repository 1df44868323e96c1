"""Names that Istio gives to resources, spelled exactly, and Envoy's names of types and extensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastroute.pilot.discovery.model.services import Port, Service

JSON = dict[str, Any]

BLACK_HOLE: Final = "BlackHoleCluster"
PASSTHROUGH: Final = "PassthroughCluster"
ALLOW_ANY: Final = "allow_any"
BLOCK_ALL: Final = "block_all"
VIRTUAL_OUTBOUND: Final = "virtualOutbound"
VIRTUAL_INBOUND: Final = "virtualInbound"
INBOUND_SOURCE: Final = "127.0.0.6"
"""Inbound connections leave Envoy from this address, which the iptables rules exempt."""

TYPE: Final = "type.googleapis.com/"
HTTP_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
ADS: Final[Mapping[str, Any]] = {"ads": {}, "resource_api_version": "V3"}


def outbound(port: int, host: str, subset: str = "") -> str:
    """The cluster of a service's port, or of one subset of it."""
    return f"outbound|{port}|{subset}|{host}"


def inbound(port: int) -> str:
    """The cluster of a port that the workload listens on."""
    return f"inbound|{port}||"


def sni(port: int, host: str, subset: str = "") -> str:
    """The server name that mutual TLS to a cluster carries."""
    return f"outbound_.{port}_.{subset}_.{host}"


def stat_name(pattern: str, service: Service, port: Port, *, subset: str = "", target: int = 0) -> str:
    """The name of a cluster in statistics, by a pattern of the mesh."""
    host = service.host
    values = {
        "%SERVICE%": f"{service.name}.{service.namespace}" if service.origin.kind == "Service" else host,
        "%SERVICE_FQDN%": host,
        "%SERVICE_PORT%": str(port.number),
        "%TARGET_PORT%": str(target),
        "%SERVICE_PORT_NAME%": port.name,
        "%SUBSET_NAME%": subset,
    }
    for name, value in values.items():
        pattern = pattern.replace(name, value)
    return pattern


def typed(type_name: str, **fields: Any) -> JSON:
    """The JSON form of a `google.protobuf.Any`."""
    return {"@type": TYPE + type_name, **fields}


def extension(name: str, type_name: str, **fields: Any) -> JSON:
    """An extension: its name and its typed configuration."""
    return {"name": name, "typed_config": typed(type_name, **fields)}


def istio_only(name: str, type_name: str, **value: Any) -> JSON:
    """An extension that only Istio's build of Envoy has, with its type wrapped."""
    return extension(name, "udpa.type.v1.TypedStruct", type_url=TYPE + type_name, value=value)


def metadata(**istio: Any) -> JSON:
    """Metadata of the key `istio`."""
    return {"filter_metadata": {"istio": istio}}


def rule_path(version: str, kind: str, namespace: str, name: str) -> str:
    """How metadata names the rule behind a route or cluster."""
    return f"/apis/networking.istio.io/{version}/namespaces/{namespace}/{kind}/{name}"
