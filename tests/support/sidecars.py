"""The bootstrap of an Envoy that follows a discovery server as the example's productpage."""

from __future__ import annotations

from typing import Any

from support import bookinfo
from support.mesh_envoy import LIMIT

NODE = {
    "id": f"sidecar~10.240.2.38~{bookinfo.PRODUCTPAGE}.default~default.svc.cluster.local",
    "cluster": "productpage.default",
    "metadata": {"LABELS": {"app": "productpage"}, "SERVICE_ACCOUNT": "bookinfo-productpage"},
}
HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}


def bootstrap(port: int, variant: str) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    cluster = {
        "name": "xds",
        "type": "STATIC",
        "typed_extension_protocol_options": HTTP2,
        "load_assignment": {
            "cluster_name": "xds",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    source = {"ads": {}, "resource_api_version": "V3"}
    return {
        "node": NODE,
        "static_resources": {"clusters": [cluster]},
        "overload_manager": {"resource_monitors": [LIMIT]},
        "dynamic_resources": {
            "ads_config": {
                "api_type": variant,
                "transport_api_version": "V3",
                "set_node_on_first_message_only": True,
                "grpc_services": [{"envoy_grpc": {"cluster_name": "xds"}}],
            },
            "cds_config": source,
            "lds_config": source,
        },
    }
