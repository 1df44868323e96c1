"""TLS contexts of the mesh: certificates come over SDS, from the agent beside the proxy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastroute.pilot.discovery.generate.names import JSON, extension
from fastroute.pilot.discovery.registry.policies import ClientTLS

UPSTREAM: Final = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
DOWNSTREAM: Final = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
RAW: Final = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
CIPHERS: Final = (
    "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-GCM-SHA256",
)  # fmt: skip


def secret(name: str) -> JSON:
    """A secret that the agent serves on its socket."""
    source: JSON = {
        "api_config_source": {
            "api_type": "GRPC",
            "transport_api_version": "V3",
            "set_node_on_first_message_only": True,
            "grpc_services": [{"envoy_grpc": {"cluster_name": "sds-grpc"}}],
        },
        "initial_fetch_timeout": "0s",
        "resource_api_version": "V3",
    }
    return {"name": name, "sds_config": source}


def raw() -> JSON:
    """No TLS."""
    return extension("envoy.transport_sockets.raw_buffer", RAW)


def identities(trust_domain: str, accounts: Iterable[tuple[str, str]]) -> list[str]:
    """SPIFFE identities of service accounts."""
    return [f"spiffe://{trust_domain}/ns/{namespace}/sa/{account}" for namespace, account in accounts]


def mutual_upstream(sni: str, alpn: list[str], sans: list[str]) -> JSON:
    """The mesh's own mutual TLS, towards an upstream that must have one of the identities `sans`."""
    validation: JSON = {
        "default_validation_context": _names(sans),
        "validation_context_sds_secret_config": secret("ROOTCA"),
    }
    common: JSON = {
        "alpn_protocols": alpn,
        "tls_certificate_sds_secret_configs": [secret("default")],
        "combined_validation_context": validation,
    }
    return extension("envoy.transport_sockets.tls", UPSTREAM, common_tls_context=common, sni=sni)


def _names(sans: list[str]) -> JSON:
    if not sans:
        return {}
    return {"match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"exact": one}} for one in sans]}


def mutual_downstream(alpn: list[str]) -> JSON:
    """The mesh's own mutual TLS, demanded of callers."""
    common: JSON = {
        "alpn_protocols": alpn,
        "tls_params": {
            "tls_minimum_protocol_version": "TLSv1_2",
            "tls_maximum_protocol_version": "TLSv1_3",
            "cipher_suites": list(CIPHERS),
        },
        "tls_certificate_sds_secret_configs": [secret("default")],
        "combined_validation_context": {
            "default_validation_context": {},
            "validation_context_sds_secret_config": secret("ROOTCA"),
        },
    }
    fields: JSON = {"common_tls_context": common, "require_client_certificate": True}
    return extension("envoy.transport_sockets.tls", DOWNSTREAM, **fields)


def client(tls: ClientTLS, http2: bool, host: str) -> JSON:
    """SIMPLE and MUTUAL: TLS to something outside the mesh, with files for certificates.

    Without CA certificates the platform's own are trusted where a rule demands verification;
    as in Istio, none given means that the upstream's certificate is not verified.
    """
    common: JSON = {"alpn_protocols": ["h2"]} if http2 else {}
    if tls.client_certificate:
        common["tls_certificates"] = [
            {"certificate_chain": {"filename": tls.client_certificate}, "private_key": {"filename": tls.private_key}}
        ]
    if tls.ca_certificates and not tls.insecure_skip_verify:
        names = [
            {"san_type": kind, "matcher": {"exact": name}} for name in tls.subject_alt_names for kind in ("DNS", "URI")
        ]
        context: JSON = {"trusted_ca": {"filename": tls.ca_certificates}}
        common["validation_context"] = {**context, **({"match_typed_subject_alt_names": names} if names else {})}
    sni = tls.sni or (host if "*" not in host else "")
    return extension(
        "envoy.transport_sockets.tls", UPSTREAM, common_tls_context=common, **({"sni": sni} if sni else {})
    )
