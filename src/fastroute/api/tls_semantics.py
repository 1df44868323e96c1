"""What Envoy refuses of TLS contexts and transport sockets, as far as no file has to be read.

* A transport socket has a typed configuration, of a type that is one of its side: downstream or upstream.
* A server has certificates: its own or those of SDS, not both; each with a chain and a key, or as PKCS 12 alone.
  A client has one at most, which may be empty but for what only goes with one.
* An application protocol has at most 255 bytes; a comma separates two of them.
* A secret without a source is a static one of the bootstrap, of the kind that is asked for.
* What selects certificates is of its side. No provider of private keys is there; a validator of certificates is one of
  three, by its name.
* Names, revocation lists and expired certificates are looked at below a trusted CA only. A hash of a certificate is
  SHA-256 in hexadecimal, that of a key in Base64. A key of session tickets has 80 bytes.

Envoy also refuses ciphers, curves and certificates that its TLS library does not take; nothing here knows these.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from fastroute.api import extension_points, pool
from fastroute.api.config_sources import SECRETS
from fastroute.api.faults import key
from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_PACKAGE = "envoy.extensions.transport_sockets."
_BOTH = frozenset(
    _PACKAGE + name
    for name in (
        "alts.v3.Alts",
        "dynamic_modules.v3.DynamicModuleTransportSocket",
        "raw_buffer.v3.RawBuffer",
        "tap.v3.Tap",
        "tcp_stats.v3.Config",
    )
)
DOWNSTREAM = _BOTH | {
    _PACKAGE + name
    for name in ("tls.v3.DownstreamTlsContext", "quic.v3.QuicDownstreamTransport", "starttls.v3.StartTlsConfig")
}
UPSTREAM = _BOTH | {
    _PACKAGE + name
    for name in (
        "http_11_proxy.v3.Http11ProxyUpstreamTransport",
        "internal_upstream.v3.InternalUpstreamTransport",
        "proxy_protocol.v3.ProxyProtocolUpstreamTransport",
        "tls.v3.UpstreamTlsContext",
        "quic.v3.QuicUpstreamTransport",
        "starttls.v3.UpstreamStartTlsConfig",
    )
}
_VALIDATORS = frozenset(f"envoy.tls.cert_validator.{name}" for name in ("default", "dynamic_modules", "spiffe"))
_IDENTITY = ("certificate_chain", "private_key", "private_key_provider", "pkcs12")
"""Fields without any of which a client's certificate is none."""
_HEX = pattern(r"[0-9a-fA-F]{64}")
_LONGEST_PROTOCOL, _LONGEST_LIST, _TICKET_KEY, _SHA256 = 255, 65_535, 80, 32


def socket(message: Any, path: str, sockets: frozenset[str]) -> Iterator[Complaint]:
    """A TransportSocket at `path`, which must be one of `sockets`."""
    url = message.typed_config.type_url
    if url and (not pool.is_known(url) or pool.type_name(url).endswith(".TypedStruct")):
        return  # whoever opens the Any says so
    if pool.type_name(url) not in sockets:
        wrong = f"Didn't find a registered implementation for '{message.name}' with type URL: '{pool.type_name(url)}'"
        yield path, wrong, "Give it the typed_config of a transport socket of this side."


def filter_chain(message: Any) -> Iterator[Complaint]:
    """The transport socket of a filter chain."""
    if message.HasField("transport_socket"):
        yield from socket(message.transport_socket, "transport_socket", DOWNSTREAM)


def cluster(message: Any) -> Iterator[Complaint]:
    """The transport sockets of a cluster."""
    if message.HasField("transport_socket"):
        yield from socket(message.transport_socket, "transport_socket", UPSTREAM)
    for number, match in enumerate(message.transport_socket_matches):
        path = f"transport_socket_matches[{number}].transport_socket"
        yield from socket(match.transport_socket, path, UPSTREAM)


def downstream(message: Any) -> Iterator[Complaint]:
    """A DownstreamTlsContext."""
    common = message.common_tls_context
    own, fetched = common.tls_certificates, common.tls_certificate_sds_secret_configs
    if own and fetched:
        wrong = "SDS and non-SDS TLS certificates may not be mixed in server contexts"
        yield "common_tls_context.tls_certificate_sds_secret_configs", wrong, "Remove one of the two."
    selects = common.HasField("custom_tls_certificate_selector")
    yield from _selector(common, "envoy.tls.certificate_selectors")
    if not own and not fetched and not selects:
        wrong = "No TLS certificates found for server context"
        yield "common_tls_context", wrong, "Set tls_certificates or tls_certificate_sds_secret_configs."
    for number, certificate in enumerate(own):
        yield from _certificate(certificate, f"common_tls_context.tls_certificates[{number}]")
    if message.WhichOneof("session_ticket_keys_type") == "session_ticket_keys_sds_secret_config":
        field = "session_ticket_keys_sds_secret_config"
        yield from _secret(getattr(message, field), field, "session_ticket_keys", "session ticket keys")
    for number, ticket in enumerate(message.session_ticket_keys.keys):
        kind = ticket.WhichOneof("specifier")
        data = getattr(ticket, kind) if kind in ("inline_string", "inline_bytes") else b"0" * _TICKET_KEY
        if len(data) != _TICKET_KEY:
            wrong = f"Incorrect TLS session ticket key length. Length {len(data)}, expected length {_TICKET_KEY}."
            yield f"session_ticket_keys.keys[{number}]", wrong, "Give a key of 80 bytes."
    yield from _common(common)


def _selector(common: Any, category: str) -> Iterator[Complaint]:
    if common.HasField("custom_tls_certificate_selector"):
        selector = common.custom_tls_certificate_selector
        path = "common_tls_context.custom_tls_certificate_selector"
        yield from extension_points.extension(selector, path, selector.name, category)


def _certificate(message: Any, path: str) -> Iterator[Complaint]:
    keyed = message.HasField("private_key") or message.HasField("private_key_provider")
    if message.HasField("private_key_provider"):
        name = message.private_key_provider.provider_name
        wrong = f"Failed to load private key provider: {name}"
        yield f"{path}.private_key_provider", wrong, "Set private_key: Envoy 1.40 has no provider."
    if message.HasField("pkcs12"):
        for field in ("certificate_chain", "private_key", "private_key_provider"):
            if message.HasField(field):
                wrong = f"Certificate configuration can't have both pkcs12 and {field}"
                yield f"{path}.{field}", wrong, "Remove one of the two."
    elif not message.HasField("certificate_chain") and not keyed:
        yield path, "Server TlsCertificates must have a certificate specified", "Set certificate_chain and private_key."
    elif not message.HasField("certificate_chain"):
        yield path, "Failed to load incomplete certificate: certificate chain not set", "Set certificate_chain."
    elif not keyed:
        yield path, "Failed to load incomplete private key", "Set private_key."


def upstream(message: Any) -> Iterator[Complaint]:
    """An UpstreamTlsContext."""
    if "\0" in message.sni:
        yield "sni", "SNI names containing NULL-byte are not allowed", "Remove the byte."
    common = message.common_tls_context
    yield from _selector(common, "envoy.tls.upstream_certificate_selectors")
    for number, certificate in enumerate(common.tls_certificates):
        if any(certificate.HasField(field) for field in _IDENTITY):
            yield from _certificate(certificate, f"common_tls_context.tls_certificates[{number}]")
    if len(common.tls_certificates) > 1:
        wrong = "Multiple TLS certificates are not supported for client contexts"
        yield "common_tls_context.tls_certificates[1]", wrong, "Keep one of them."
    if message.auto_sni_san_validation and not common.WhichOneof("validation_context_type"):
        wrong = "auto_sni_san_validation was configured without a validation context"
        yield "auto_sni_san_validation", wrong, "Set common_tls_context.validation_context."
    yield from _common(common)


def _secrets(message: Any) -> Iterator[Complaint]:
    """The static secrets that a CommonTlsContext names."""
    for number, config in enumerate(message.tls_certificate_sds_secret_configs):
        path = f"common_tls_context.tls_certificate_sds_secret_configs[{number}]"
        yield from _secret(config, path, "tls_certificate", "secret")
    kind = message.WhichOneof("validation_context_type")
    what = "certificate validation context"
    if kind == "validation_context_sds_secret_config":
        yield from _secret(getattr(message, kind), f"common_tls_context.{kind}", "validation_context", what)
    elif kind == "combined_validation_context":
        inner = message.combined_validation_context.validation_context_sds_secret_config
        path = f"common_tls_context.{kind}.validation_context_sds_secret_config"
        yield from _secret(inner, path, "validation_context", what)


def _secret(config: Any, path: str, kind: str, what: str) -> Iterator[Complaint]:
    known = SECRETS.get()
    if known is not None and not config.HasField("sds_config") and (kind, config.name) not in known:
        wrong = f"Unknown static {what}: {config.name}"
        yield f"{path}.name", wrong, "Set sds_config, or name one of static_resources.secrets."


def generic_secrets(message: Any) -> Iterator[Complaint]:
    """The secrets that formats of logs and headers may show."""
    for name, config in message.secret_configs.items():
        yield from _secret(config, f"secret_configs{key(name)}", "generic_secret", "generic secret")


def _common(message: Any) -> Iterator[Complaint]:
    yield from _secrets(message)
    protocols = ",".join(message.alpn_protocols).split(",")
    longest = max(len(protocol.encode()) for protocol in protocols)
    if longest > _LONGEST_PROTOCOL or sum(len(each.encode()) + 1 for each in protocols) > _LONGEST_LIST:
        wrong = "Invalid ALPN protocol string"
        yield "common_tls_context.alpn_protocols", wrong, "A protocol has at most 255 bytes."
    if message.WhichOneof("validation_context_type") == "validation_context":
        path = "common_tls_context.validation_context"
        found = _validation(message.validation_context)
        yield from ((f"{path}.{field}", wrong, remedy) for field, wrong, remedy in found)


def _validation(message: Any) -> Iterator[Complaint]:
    custom = message.custom_validator_config.name
    if message.HasField("custom_validator_config") and custom not in _VALIDATORS:
        wrong = f"Failed to get certificate validator factory for {custom}"
        yield "custom_validator_config", wrong, f"Use one of the names {', '.join(sorted(_VALIDATORS))}."
    for number, text in enumerate(message.verify_certificate_hash):
        if not _HEX.fullmatch(text.replace(":", "")):
            yield f"verify_certificate_hash[{number}]", f"Invalid hex-encoded SHA-256 {text}", "Write 64 digits."
    for number, text in enumerate(message.verify_certificate_spki):
        if not _is_digest(text):
            yield f"verify_certificate_spki[{number}]", f"Invalid base64-encoded SHA-256 {text}", "Write 44 characters."
    others = ("ca_certificate_provider_instance", "system_root_certs", "custom_validator_config", "trusted_ca")
    if any(message.HasField(field) for field in others):
        return
    for field in ("match_typed_subject_alt_names", "match_subject_alt_names"):
        if getattr(message, field):
            wrong = "SAN-based verification of peer certificates without trusted CA is insecure and not allowed"
            yield field, wrong, "Set trusted_ca."
    if message.HasField("crl"):
        yield "crl", "Failed to load CRL without trusted CA", "Set trusted_ca."
    if message.allow_expired_certificate:
        wrong = "Certificate validity period is always ignored without trusted CA"
        yield "allow_expired_certificate", wrong, "Set trusted_ca."


def _is_digest(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == _SHA256
    except (ValueError, binascii.Error):
        return False
