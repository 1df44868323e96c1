"""Where a control plane is, and how the way to it is secured: from a static cluster, or from a gRPC target.

A cluster's addresses are tried in turn, one more with each attempt. Certificates are read anew for each
attempt, so that renewed files are used. What would be left unchecked or unread is refused: TLS without a
root certificate, secrets that a control plane would have to deliver, credentials of cloud providers.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path
from typing import Any, Final

from fastroute.api import anys, pool
from fastroute.config.resources import Resources
from fastroute.errors import ConfigError, RejectedError, UnsupportedError
from fastroute.records import record

_TLS: Final = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
_RAW: Final = "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"
_HOSTS: Final = (0, 1, 2)
"""STATIC, STRICT_DNS, LOGICAL_DNS."""


@record
class Tls:
    """What secures a connection. `name` is what the server's certificate has to name; empty: its host."""

    roots: bytes
    key: bytes | None = None
    chain: bytes | None = None
    name: str = ""

    def context(self) -> ssl.SSLContext:
        """The same, for the standard library."""
        context = ssl.create_default_context(cadata=self.roots.decode())
        if self.key and self.chain:
            # The standard library reads a key from a file only.
            with tempfile.NamedTemporaryFile() as file:
                file.write(self.chain + b"\n" + self.key)
                file.flush()
                context.load_cert_chain(file.name)
        return context


@record
class Target:
    """Where to connect: host and port, or a Unix socket (a path as `host`)."""

    host: str
    port: int = 0
    tls: Tls | None = None

    @property
    def grpc(self) -> str:
        """As gRPC names it."""
        if self.host.startswith("/"):
            return f"unix:{self.host}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return self.grpc


def check_cluster(resources: Resources, name: str) -> Any:
    """The static cluster `name`; RejectedError when there is none that can be connected to."""
    found = next((each.message for each in resources.clusters if each.name == name), None)
    if found is None:
        raise RejectedError(f"Unknown gRPC client cluster '{name}'", remedy="Name a cluster of static_resources.")
    cluster: Any = found
    if cluster.HasField("cluster_type") or cluster.type not in _HOSTS:
        raise UnsupportedError(
            f"the cluster '{name}' of a control plane has no addresses of its own",
            remedy="Use STATIC, STRICT_DNS or LOGICAL_DNS.",
        )
    if not _addresses(cluster):
        raise RejectedError(f"the cluster '{name}' of a control plane has no endpoint")
    return cluster


def target_of(resources: Resources, name: str, attempt: int) -> Target:
    """The address of the static cluster `name` for this attempt; ConfigError says what cannot be used."""
    cluster = check_cluster(resources, name)
    addresses = _addresses(cluster)
    host, port = addresses[attempt % len(addresses)]
    return Target(host, port, _tls(cluster, resources))


def _addresses(cluster: Any) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for locality in cluster.load_assignment.endpoints:
        for each in locality.lb_endpoints:
            address = each.endpoint.address
            if address.HasField("pipe"):
                found.append((str(Path(address.pipe.path).absolute()), 0))
            elif address.HasField("socket_address"):
                found.append((address.socket_address.address, address.socket_address.port_value))
    return found


def _tls(cluster: Any, resources: Resources) -> Tls | None:
    path = "transport_socket.typed_config"
    if cluster.transport_socket_matches:
        raise UnsupportedError("transport_socket_matches of a control plane's cluster", path="transport_socket_matches")
    if not cluster.HasField("transport_socket"):
        return None
    context: Any = anys.unpack(cluster.transport_socket.typed_config, path=path)
    if context.DESCRIPTOR.full_name == _RAW:
        return None
    if context.DESCRIPTOR.full_name != _TLS:
        raise UnsupportedError(f"the transport socket {context.DESCRIPTOR.full_name}", path=path)
    common = context.common_tls_context
    validation = _validation(common, resources, path)
    key, chain = _certificate(common, resources, path)
    return Tls(_roots(validation, path), key, chain, context.sni or _expected_name(validation))


def _validation(common: Any, resources: Resources, path: str) -> Any:
    here = f"{path}.common_tls_context"
    match common.WhichOneof("validation_context_type"):
        case "validation_context":
            return common.validation_context
        case "validation_context_sds_secret_config":
            return _secret(common.validation_context_sds_secret_config, resources, here).validation_context
        case "combined_validation_context":
            both = common.combined_validation_context
            merged = type(both.default_validation_context)()
            merged.CopyFrom(both.default_validation_context)
            secret = _secret(both.validation_context_sds_secret_config, resources, here)
            merged.MergeFrom(secret.validation_context)
            return merged
        case _:
            return pool.new("envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext")


def _certificate(common: Any, resources: Resources, path: str) -> tuple[bytes | None, bytes | None]:
    certificates = list(common.tls_certificates)
    for config in common.tls_certificate_sds_secret_configs:
        certificates.append(_secret(config, resources, f"{path}.common_tls_context").tls_certificate)
    if not certificates:
        return None, None
    first = certificates[0]
    return read_source(first.private_key, f"{path}.private_key"), read_source(
        first.certificate_chain, f"{path}.certificate_chain"
    )


def _secret(config: Any, resources: Resources, path: str) -> Any:
    found = next((each.message for each in resources.secrets if each.name == config.name), None)
    if found is None or config.HasField("sds_config"):
        raise UnsupportedError(
            f"the secret '{config.name}' of a control plane's cluster would have to be discovered",
            path=path,
            remedy="Give it as a file, inline, or in static_resources.secrets.",
        )
    return found


def _roots(validation: Any, path: str) -> bytes:
    if validation.HasField("system_root_certs"):
        return _system_roots(path)
    if not validation.HasField("trusted_ca"):
        raise UnsupportedError(
            "TLS without a root certificate, by which nobody could tell who the control plane is",
            path=f"{path}.common_tls_context.validation_context.trusted_ca",
            remedy="Name the root certificate.",
        )
    return read_source(validation.trusted_ca, f"{path}.trusted_ca")


def _system_roots(path: str) -> bytes:
    file = ssl.get_default_verify_paths().cafile
    if file is None:
        raise ConfigError("the system has no file of root certificates", path=path)
    return Path(file).read_bytes()


def _expected_name(validation: Any) -> str:
    names = [each.matcher for each in validation.match_typed_subject_alt_names]
    names += list(validation.match_subject_alt_names)
    if len(names) > 1 or any(each.WhichOneof("match_pattern") != "exact" for each in names):
        raise UnsupportedError(
            "alternative names of a control plane other than one exact one",
            remedy="Give one exact name, or sni.",
        )
    return names[0].exact if names else ""


def read_source(source: Any, path: str) -> bytes:
    """What a DataSource holds; ConfigError names what cannot be read."""
    match source.WhichOneof("specifier"):
        case "filename":
            try:
                return Path(source.filename).read_bytes()
            except OSError as error:
                raise ConfigError(f"{source.filename}: {error.strerror}", path=path, code="file") from None
        case "inline_bytes":
            return bytes(source.inline_bytes)
        case "inline_string":
            return str(source.inline_string).encode()
        case "environment_variable":
            value = os.environ.get(source.environment_variable)
            if value is None:
                raise ConfigError(f"the variable {source.environment_variable} is not set", path=path)
            return value.encode()
        case _:
            return b""


def google_target(config: Any) -> Target:
    """The target of a `google_grpc` service; UnsupportedError for credentials that cannot be had here."""
    credentials = config.channel_credentials
    path = "google_grpc"
    for field in ("call_credentials", "call_credentials_plugin", "channel_credentials_plugin"):
        if getattr(config, field):
            raise UnsupportedError(f"{field} of google_grpc is not supported", path=f"{path}.{field}")
    if config.credentials_factory_name:
        raise UnsupportedError("plugins of google_grpc are not supported", path=f"{path}.credentials_factory_name")
    tls = None
    match credentials.WhichOneof("credential_specifier"):
        case "ssl_credentials":
            given = credentials.ssl_credentials
            roots = read_source(given.root_certs, f"{path}.root_certs") if given.HasField("root_certs") else b""
            tls = Tls(
                roots or _system_roots(path),
                read_source(given.private_key, f"{path}.private_key") or None,
                read_source(given.cert_chain, f"{path}.cert_chain") or None,
            )
        case "google_default":
            raise UnsupportedError("google_default credentials are not supported", path=f"{path}.channel_credentials")
        case _:
            pass
    if config.target_uri.startswith("unix:"):
        return Target("/" + config.target_uri.removeprefix("unix:").lstrip("/"), 0, tls)
    host, _, port = config.target_uri.removeprefix("dns:///").rpartition(":")
    if not port.isdigit():
        raise UnsupportedError(f"the target {config.target_uri!r} is no host:port or unix: path", path=path)
    return Target(host.strip("[]"), int(port), tls)
