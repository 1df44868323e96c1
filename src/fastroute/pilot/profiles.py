"""The two shapes of configuration that the pilot can produce, as one table.

`1.8` reproduces what Istio 1.8.1 sent: names, lists and fields that tools of that time expect, some
of which Envoy 1.40 refuses. `current` is what today's Istio sends, without what only Istio's own Envoy
build knows, so that the stock Envoy 1.40 accepts it without a warning.

Every difference between the two is a field here; generators ask the profile and never its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

HTTP_1: Final = ("http/1.0", "http/1.1", "h2c")
HTTP_CURRENT: Final = ("http/1.1", "h2c")
MUTUAL_HTTP: Final = ("istio-http/1.0", "istio-http/1.1", "istio-h2")


@dataclass(frozen=True, slots=True)
class Profile:
    """The switches of one shape. What a field does is said beside it."""

    name: str
    istio_version: str
    """`ISTIO_VERSION` of the node."""

    # Names
    rule_version: str
    """API version in the `istio.config` metadata of routes and clusters."""
    inbound_passthrough: str
    """Cluster for inbound connections to ports that no service declares (IPv4)."""

    # Application protocols of filter chain matches
    plain_http: tuple[str, ...]
    """What the HTTP inspector finds on plain text."""
    mutual_http_in: tuple[str, ...]
    """Mutual TLS to a port that is declared as HTTP."""
    mutual_tcp_in: tuple[str, ...]
    """Mutual TLS to a port that is declared as TCP, and to ports that are not declared."""
    sniffed_mutual_http: tuple[str, ...]
    """HTTP inside mutual TLS on a port whose protocol is found by looking."""
    opaque_tls_in: bool
    """Whether a permissive TCP port also takes TLS that is not the mesh's own."""

    # Clusters
    load_balancer: str
    """Policy of a cluster that no DestinationRule speaks of."""
    track_remaining: bool
    inbound_original_dst: bool
    """Inbound clusters keep the destination address; otherwise they go to 127.0.0.1."""
    upstream_options: bool
    """Upstream protocols in the HttpProtocolOptions extension; otherwise in deprecated fields."""
    verifies_upstreams: bool
    """Certificates of upstreams are verified by the platform's roots where a rule names none."""
    dns_refresh: str
    alt_stat_names: bool

    # Listeners
    deprecated_bind: bool
    """Unbound listeners say so in `deprecated_v1`; otherwise in `bind_to_port`."""
    http_filters: tuple[str, ...]
    """Order of the HTTP filters before the router."""
    istio_filters: bool
    """Filters that only Istio's build of Envoy has: istio.alpn, istio.metadata_exchange."""
    hcm_tracing: bool
    """Tracing without a provider in each connection manager; the bootstrap names the provider."""

    # Routes
    domains_with_port: bool
    """Each domain also as `DOMAIN:PORT`; otherwise ports are ignored when hosts are matched."""
    retry_on: str
    retry_codes: tuple[int, ...]
    typed_predicates: bool
    """Extensions of a retry policy carry their configuration's type, which Envoy now demands."""
    stream_duration: bool
    """`max_stream_duration` repeats the timeout, which Envoy then ignores in its favour."""
    cors_in_action: bool
    """CORS in the deprecated field of the route action; otherwise per filter."""
    inbound_retry: bool
    endpoint_workload: bool
    """Endpoints carry the name of their workload in metadata."""


_OLD = Profile(
    name="1.8",
    istio_version="1.8.1",
    rule_version="v1alpha3",
    inbound_passthrough="InboundPassthroughClusterIpv4",
    plain_http=HTTP_1,
    mutual_http_in=("istio", *MUTUAL_HTTP),
    mutual_tcp_in=("istio-peer-exchange", "istio"),
    sniffed_mutual_http=(*HTTP_1, *MUTUAL_HTTP),
    opaque_tls_in=False,
    load_balancer="ROUND_ROBIN",
    track_remaining=False,
    inbound_original_dst=False,
    upstream_options=False,
    verifies_upstreams=False,
    dns_refresh="5s",
    alt_stat_names=False,
    deprecated_bind=True,
    http_filters=("istio.alpn", "cors", "fault"),
    istio_filters=True,
    hcm_tracing=True,
    domains_with_port=True,
    retry_on="connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
    retry_codes=(503,),
    typed_predicates=False,
    stream_duration=True,
    cors_in_action=True,
    inbound_retry=False,
    endpoint_workload=False,
)

_CURRENT = Profile(
    name="current",
    istio_version="1.32.0",
    rule_version="v1",
    inbound_passthrough="InboundPassthroughCluster",
    plain_http=HTTP_CURRENT,
    mutual_http_in=("istio", "istio-peer-exchange", *MUTUAL_HTTP),
    mutual_tcp_in=("istio-peer-exchange", "istio"),
    sniffed_mutual_http=MUTUAL_HTTP,
    opaque_tls_in=True,
    load_balancer="LEAST_REQUEST",
    track_remaining=True,
    inbound_original_dst=True,
    upstream_options=True,
    verifies_upstreams=True,
    dns_refresh="60s",
    alt_stat_names=True,
    deprecated_bind=False,
    http_filters=("fault", "cors"),
    istio_filters=False,
    hcm_tracing=False,
    domains_with_port=False,
    retry_on="connect-failure,refused-stream,unavailable,cancelled",
    retry_codes=(),
    typed_predicates=True,
    stream_duration=False,
    cors_in_action=False,
    inbound_retry=True,
    endpoint_workload=True,
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType({"1.8": _OLD, "current": _CURRENT})
"""The profiles by name."""
