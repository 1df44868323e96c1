"""Comparing what a server would send with what an Envoy has: only what was sent counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastroute.cli.envoy_side import received

ADMIN = "type.googleapis.com/envoy.admin.v3"
ANY = "type.googleapis.com/envoy.config"
SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"


def endpoint(**more: Any) -> dict[str, Any]:
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
    return {"endpoint": {"address": address, **more.pop("inside", {})}, **more}


def assignment(name: str, **more: Any) -> dict[str, Any]:
    made = {"@type": f"{ANY}.endpoint.v3.ClusterLoadAssignment", "cluster_name": name}
    made["endpoints"] = [{"lb_endpoints": [endpoint(**more)]}]
    return made


def cluster(name: str, kind: str) -> dict[str, Any]:
    return {"@type": f"{ANY}.cluster.v3.Cluster", "name": name, "type": kind}


def dump(directory: Path) -> str:
    """As an Envoy writes it: one cluster whose endpoints were sent, one with its own, one it was started with."""
    shown = assignment("a", inside={"health_check_config": {}}, health_status="HEALTHY")
    shown["policy"] = {"overprovisioning_factor": 140}
    configs = [
        {"@type": f"{ADMIN}.BootstrapConfigDump", "bootstrap": {"node": {"id": "x"}}},
        {
            "@type": f"{ADMIN}.ClustersConfigDump",
            "static_clusters": [{"cluster": cluster("xds", "STATIC")}],
            "dynamic_active_clusters": [{"cluster": cluster("a", "EDS")}, {"cluster": cluster("hole", "STATIC")}],
        },
        {
            "@type": f"{ADMIN}.EndpointsConfigDump",
            "static_endpoint_configs": [{"endpoint_config": assignment("xds")}],
            "dynamic_endpoint_configs": [{"endpoint_config": shown}, {"endpoint_config": assignment("hole")}],
        },
        {
            "@type": f"{ADMIN}.SecretsConfigDump",
            "dynamic_active_secrets": [
                {"name": "ROOTCA", "secret": {"@type": f"{SECRET}", "name": "ROOTCA", "validation_context": {}}}
            ],
        },
    ]
    path = directory / "dump.json"
    path.write_text(json.dumps({"configs": configs}))
    return str(path)


def test_only_what_was_sent_counts(tmp_path: Path) -> None:
    found = received(dump(tmp_path))
    assert found.bootstrap is None
    assert found.secrets == []
    assert [one.message.name for one in found.clusters] == ["a", "hole"]  # type: ignore[attr-defined]
    (only,) = found.endpoints
    path = tmp_path / "sent.json"
    path.write_text(json.dumps({"endpoints": [{key: one for key, one in assignment("a").items() if key != "@type"}]}))
    assert only.message == received(str(path)).endpoints[0].message
