"""TLS contexts: certificates come over SDS, from the agent beside the proxy.

The agent serves `default` and `ROOTCA`, which are the mesh's own, and files of the proxy by name:
`file-cert:CHAIN~KEY`, `file-root:PATH` and, for the roots that the platform trusts, `file-root:system`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastroute.pilot.discovery.generate.names import JSON, extension
from fastroute.pilot.discovery.model.services import Service
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.mesh import MeshConfig, TlsSettings
from fastroute.pilot.discovery.registry.policies import ClientTLS
from fastroute.pilot.discovery.registry.scopes import ServerTLS

UPSTREAM: Final = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
DOWNSTREAM: Final = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
PROXY_PROTOCOL: Final = "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"
SYSTEM: Final = "system"
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


def identities(mesh: MeshConfig, service: Service) -> list[str]:
    """Who may answer for a service: its workloads' accounts in every trust domain, and names that it declares."""
    domains = (mesh.trust_domain, *mesh.trust_domain_aliases)
    accounts = [
        f"spiffe://{domain}/ns/{namespace}/sa/{account}"
        for domain in domains
        for namespace, account in service.accounts
    ]
    return list(dict.fromkeys((*accounts, *service.subject_alt_names)))


def with_proxy_protocol(socket: JSON, version: str) -> JSON:
    """A socket that first says in the PROXY protocol who called."""
    name = "envoy.transport_sockets.upstream_proxy_protocol"
    return extension(name, PROXY_PROTOCOL, config={"version": version}, transport_socket=socket)


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


def mutual_downstream(alpn: list[str], settings: TlsSettings) -> JSON:
    """The mesh's own mutual TLS, demanded of callers."""
    common: JSON = {
        "alpn_protocols": alpn,
        "tls_params": parameters(settings, CIPHERS),
        "tls_certificate_sds_secret_configs": [secret("default")],
        "combined_validation_context": {
            "default_validation_context": {},
            "validation_context_sds_secret_config": secret("ROOTCA"),
        },
    }
    fields: JSON = {"common_tls_context": common, "require_client_certificate": True}
    return extension("envoy.transport_sockets.tls", DOWNSTREAM, **fields)


def server(tls: ServerTLS) -> JSON:
    """TLS that a Sidecar's port ends with files of its own."""
    params = parameters(TlsSettings(tls.min_protocol_version, tls.ecdh_curves, tls.cipher_suites))
    if tls.max_protocol_version == "TLSV1_2":
        params["tls_maximum_protocol_version"] = "TLSv1_2"
    common: JSON = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": params,
        "tls_certificate_sds_secret_configs": [secret(f"file-cert:{tls.server_certificate}~{tls.private_key}")],
    }
    if tls.mode == "MUTUAL":
        common["combined_validation_context"] = {
            "default_validation_context": _checked(tls.subject_alt_names, tls.ca_crl),
            "validation_context_sds_secret_config": secret(f"file-root:{tls.ca_certificates}"),
        }
    fields: JSON = {"common_tls_context": common, "require_client_certificate": tls.mode == "MUTUAL"}
    return extension("envoy.transport_sockets.tls", DOWNSTREAM, **fields)


def parameters(settings: TlsSettings, ciphers: Iterable[str] = ()) -> JSON:
    """`TlsParameters`: TLS 1.2 and 1.3 unless settings say otherwise."""
    least = "TLSv1_3" if settings.min_protocol_version == "TLSV1_3" else "TLSv1_2"
    made: JSON = {"tls_minimum_protocol_version": least, "tls_maximum_protocol_version": "TLSv1_3"}
    if chosen := list(settings.cipher_suites or ciphers):
        made["cipher_suites"] = chosen
    if settings.ecdh_curves:
        made["ecdh_curves"] = list(settings.ecdh_curves)
    return made


def client(view: View, tls: ClientTLS, service: Service, *, http2: bool) -> JSON:
    """SIMPLE and MUTUAL: TLS to something outside the mesh, with files for certificates.

    The upstream's certificate is verified by the roots that the rule names; without any, by the platform's own
    where the profile and the mesh demand it, else not at all.
    """
    common: JSON = {"tls_params": parameters(view.mesh.tls_defaults)}
    if http2:
        common["alpn_protocols"] = ["h2"]
    if tls.mode == "MUTUAL":
        pair = secret(f"file-cert:{tls.client_certificate}~{tls.private_key}")
        common["tls_certificate_sds_secret_configs"] = [pair]
    if roots := _roots(view, tls):
        common["combined_validation_context"] = {
            "default_validation_context": _accepted(view, tls, service),
            "validation_context_sds_secret_config": secret(f"file-root:{roots}"),
        }
    sni = tls.sni or (service.host if service.external and "*" not in service.host else "")
    fields: JSON = {"common_tls_context": common, **({"sni": sni} if sni else {})}
    return extension("envoy.transport_sockets.tls", UPSTREAM, **fields)


def _roots(view: View, tls: ClientTLS) -> str:
    if tls.insecure_skip_verify:
        return ""
    by_default = view.profile.verifies_upstreams and view.mesh.verify_certificate_at_client
    return tls.ca_certificates or (SYSTEM if by_default else "")


def _accepted(view: View, tls: ClientTLS, service: Service) -> JSON:
    return _checked(accepted_names(view, tls, service), tls.ca_crl)


def _checked(accepted: Iterable[str], revoked: str) -> JSON:
    """What a certificate must satisfy besides its chain: one of some names, and that no list revokes it."""
    kinds = ("DNS", "URI")
    names = [{"san_type": kind, "matcher": {"exact": name}} for name in accepted for kind in kinds]
    made: JSON = {"match_typed_subject_alt_names": names} if names else {}
    return {**made, "crl": {"filename": revoked}} if revoked else made


def accepted_names(view: View, tls: ClientTLS, service: Service) -> list[str]:
    """The names that a certificate may have: the rule's, else those that a ServiceEntry declares."""
    if tls.subject_alt_names:
        return list(tls.subject_alt_names)
    return identities(view.mesh, service) if service.origin.kind == "ServiceEntry" else []


def by_request(view: View, tls: ClientTLS | None, service: Service) -> JSON:
    """`upstream_http_protocol_options`: server name, and name of the certificate, from each request's authority."""
    if tls is None or tls.mode not in ("SIMPLE", "MUTUAL") or tls.sni or not view.profile.upstream_options:
        return {}
    made: JSON = {"auto_sni": True}
    if _roots(view, tls) and not accepted_names(view, tls, service):
        made["auto_san_validation"] = True
    return made
