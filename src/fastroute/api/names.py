"""Type URLs and extension names of the Envoy API, in one place."""

from __future__ import annotations

TYPE_URL_PREFIX = "type.googleapis.com/"

# Resources
BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap"
LISTENER = "envoy.config.listener.v3.Listener"
ROUTE_CONFIGURATION = "envoy.config.route.v3.RouteConfiguration"
SCOPED_ROUTE_CONFIGURATION = "envoy.config.route.v3.ScopedRouteConfiguration"
VIRTUAL_HOST = "envoy.config.route.v3.VirtualHost"
CLUSTER = "envoy.config.cluster.v3.Cluster"
CLUSTER_LOAD_ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment"
SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret"
DISCOVERY_REQUEST = "envoy.service.discovery.v3.DiscoveryRequest"
DISCOVERY_RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse"
DELTA_DISCOVERY_REQUEST = "envoy.service.discovery.v3.DeltaDiscoveryRequest"
DELTA_DISCOVERY_RESPONSE = "envoy.service.discovery.v3.DeltaDiscoveryResponse"
DISCOVERY_RESOURCE = "envoy.service.discovery.v3.Resource"
CONFIG_DUMP = "envoy.admin.v3.ConfigDump"

# Wrappers for types that Envoy itself does not have
TYPED_STRUCT = "xds.type.v3.TypedStruct"
UDPA_TYPED_STRUCT = "udpa.type.v1.TypedStruct"

# Network filters
HTTP_CONNECTION_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
TCP_PROXY = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"

# HTTP filters
HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
ROUTER = "envoy.extensions.filters.http.router.v3.Router"
FAULT = "envoy.extensions.filters.http.fault.v3.HTTPFault"
HTTP_RBAC = "envoy.extensions.filters.http.rbac.v3.RBAC"
COMPRESSOR = "envoy.extensions.filters.http.compressor.v3.Compressor"
DECOMPRESSOR = "envoy.extensions.filters.http.decompressor.v3.Decompressor"
HEADER_MUTATION = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
GRPC_WEB = "envoy.extensions.filters.http.grpc_web.v3.GrpcWeb"
CORS = "envoy.extensions.filters.http.cors.v3.Cors"


def url(full_name: str) -> str:
    """The type URL of a message name."""
    return TYPE_URL_PREFIX + full_name
