"""Sidecar and PeerAuthentication: what a workload sees, and how it lets others in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal

from fastroute.pilot.discovery.registry.entries import WorkloadSelector
from fastroute.pilot.discovery.registry.names import Imported, check_tls_names, is_address, is_socket
from fastroute.pilot.discovery.registry.policies import ConnectionPool, Selector
from fastroute.pilot.discovery.registry.traffic import Destination
from fastroute.pilot.discovery.registry.values import Unsigned

UNIX: Final = "unix://"
ENDPOINTS: Final = ("127.0.0.1", "0.0.0.0", "::1", "::")
"""The workload on loopback, and on its own address, in both families."""
CaptureMode = Literal["DEFAULT", "IPTABLES", "NONE"]
Mode = Literal["UNSET", "DISABLE", "PERMISSIVE", "STRICT"]


@dataclass(frozen=True, slots=True)
class SidecarPort:
    """The port of a listener; a Unix socket has none, and the number 0."""

    INERT: ClassVar[frozenset[str]] = frozenset({"targetPort"})

    number: Unsigned = Unsigned(0)
    protocol: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class EgressListener:
    """What may be reached (`namespace/host` patterns), perhaps on a port of its own."""

    hosts: tuple[Imported, ...]
    port: SidecarPort | None = None
    bind: str = ""
    capture_mode: CaptureMode = "DEFAULT"

    def __post_init__(self) -> None:
        if not self.hosts:
            raise ValueError("hosts must not be empty")
        if self.is_socket:
            if self.port is None or self.port.number:
                raise ValueError("a Unix socket needs a port with a protocol, and the number 0")
            if self.capture_mode == "IPTABLES":
                raise ValueError("connections to a Unix socket are not captured: leave captureMode out")
        elif self.port is not None:
            _check_number(self.port)
        _check_bind(self.bind, sockets=True)

    @property
    def is_socket(self) -> bool:
        """Whether it listens on a Unix socket."""
        return self.bind.startswith(UNIX)

    @property
    def binds(self) -> bool:
        """Whether it takes connections itself, instead of getting captured ones."""
        return self.capture_mode == "NONE" or self.is_socket


@dataclass(frozen=True, slots=True)
class ServerTLS:
    """TLS that the sidecar ends itself, with files of its own."""

    LATER: ClassVar[Mapping[str, str]] = {
        "credentialName": "Mount the certificate and name the files: serverCertificate, privateKey.",
        "credentialNames": "Mount the certificate and name the files: serverCertificate, privateKey.",
        "tlsCertificates": "Give one certificate: serverCertificate, privateKey.",
        "caCertCredentialName": "Mount the roots and name the file: caCertificates.",
        "httpsRedirect": "Use a VirtualService with a redirect.",
        "insecureSkipVerify": "Use mode SIMPLE.",
        "verifyCertificateSpki": "Use subjectAltNames.",
        "verifyCertificateHash": "Use subjectAltNames.",
    }

    mode: Literal["SIMPLE", "MUTUAL"]
    server_certificate: str
    private_key: str
    ca_certificates: str = ""
    ca_crl: str = ""
    subject_alt_names: tuple[str, ...] = ()
    min_protocol_version: Literal["TLS_AUTO", "TLSV1_2", "TLSV1_3"] = "TLS_AUTO"
    max_protocol_version: Literal["TLS_AUTO", "TLSV1_2", "TLSV1_3"] = "TLS_AUTO"
    cipher_suites: tuple[str, ...] = ()
    ecdh_curves: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_tls_names(self.cipher_suites, self.ecdh_curves)
        if self.mode == "MUTUAL" and not self.ca_certificates:
            raise ValueError("with mode MUTUAL caCertificates is required")


@dataclass(frozen=True, slots=True)
class IngressListener:
    """A port on which the workload is reached, and where its connections go."""

    port: SidecarPort
    bind: str = ""
    capture_mode: CaptureMode = "DEFAULT"
    default_endpoint: str = ""
    tls: ServerTLS | None = None
    connection_pool: ConnectionPool | None = None

    def __post_init__(self) -> None:
        _check_number(self.port)
        _check_bind(self.bind, sockets=False)
        self.endpoint()

    def endpoint(self) -> tuple[str, int]:
        """Address and port of `default_endpoint`; a path and 0 for a socket; nothing and 0 where none is given."""
        text = self.default_endpoint
        if not text or is_socket(text):
            return text.removeprefix(UNIX), 0
        host, _, port = text.rpartition(":")
        if host.strip("[]") not in ENDPOINTS or not port.isdigit() or not 1 <= int(port) <= 65535:
            known = ", ".join(ENDPOINTS)
            raise ValueError(f"defaultEndpoint {text!r}: {known} with a port, or unix:// with a path, is expected")
        return host.strip("[]"), int(port)


def _check_number(port: SidecarPort) -> None:
    if not 1 <= port.number <= 65535:
        raise ValueError(f"port: {port.number} is not a port (1 to 65535)")


def _check_bind(bind: str, *, sockets: bool) -> None:
    if bind and not is_address(bind) and not (sockets and is_socket(bind)):
        raise ValueError(f"bind {bind!r} is no IP address{', and no unix:// with a path' if sockets else ''}")


@dataclass(frozen=True, slots=True)
class OutboundTrafficPolicy:
    """What happens to traffic for unknown destinations. An `egress_proxy` takes it instead of its destination."""

    mode: Literal["ALLOW_ANY", "REGISTRY_ONLY"] = "ALLOW_ANY"
    egress_proxy: Destination | None = None

    def __post_init__(self) -> None:
        if self.egress_proxy is not None and self.mode != "ALLOW_ANY":
            raise ValueError("egressProxy needs mode ALLOW_ANY")
        if self.egress_proxy is not None and self.egress_proxy.port is None:
            raise ValueError("egressProxy needs a port")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`Sidecar.spec`."""

    workload_selector: WorkloadSelector | None = None
    ingress: tuple[IngressListener, ...] = ()
    egress: tuple[EgressListener, ...] = ()
    inbound_connection_pool: ConnectionPool | None = None
    outbound_traffic_policy: OutboundTrafficPolicy | None = None

    def __post_init__(self) -> None:
        if any(one.port is None for one in self.egress[:-1]):
            raise ValueError("egress: only the last listener may be without a port")
        places = [(one.bind, one.port.number) for one in self.egress if one.port is not None]
        if len(set(places)) < len(places):
            raise ValueError("egress: ports and sockets must be unique")
        numbers = [one.port.number for one in self.ingress]
        if len(set(numbers)) < len(numbers):
            raise ValueError("ingress: ports must be unique")


@dataclass(frozen=True, slots=True)
class MutualTLS:
    """Whether others must, may or must not use mutual TLS."""

    mode: Mode = "UNSET"


@dataclass(frozen=True, slots=True)
class PeerAuthentication:
    """`PeerAuthentication.spec`; the keys of `port_level_mtls` are ports of the workload."""

    selector: Selector | None = None
    mtls: MutualTLS = MutualTLS()
    port_level_mtls: Mapping[str, MutualTLS] = field(default_factory=dict)
