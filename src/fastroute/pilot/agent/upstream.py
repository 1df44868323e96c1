"""The channel from the agent to the control plane: where, how secured, with which metadata.

`controlPlaneAuthPolicy: NONE` is plaintext; otherwise TLS with the mesh's root certificate (XDS_ROOT_CA, else the
mounted one). With mounted certificates (FILE_MOUNTED_CERTS, PROV_CERT) the agent shows its own; else it sends its
service account's token, read anew for each stream, because Kubernetes renews the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio

from fastroute.errors import ConfigError
from fastroute.pilot.agent.inputs import read_text
from fastroute.pilot.agent.settings import Settings

ROOT_CERTIFICATE = "var/run/secrets/istio/root-cert.pem"
TOKEN = "var/run/secrets/tokens/istio-token"
MOUNTED = "etc/certs"
OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5000),
)
Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Upstream:
    """One address of the control plane, with the material of `settings`."""

    settings: Settings
    address: str
    root_variable: str = "XDS_ROOT_CA"

    def channel(self) -> grpc.aio.Channel:
        """A new channel; ConfigError names an unreadable certificate."""
        if self.settings.config["controlPlaneAuthPolicy"] == "NONE":
            return grpc.aio.insecure_channel(self.address, options=OPTIONS)
        credentials = grpc.ssl_channel_credentials(
            root_certificates=read_text(self._root()).encode(), **self._own_certificate()
        )
        return grpc.aio.secure_channel(self.address, credentials, options=OPTIONS)

    def metadata(self) -> Metadata:
        """What is sent with each stream: cluster, token, and every XDS_HEADER_NAME."""
        environment = self.settings.inputs.environment
        found = [("clusterid", environment.get("ISTIO_META_CLUSTER_ID", "Kubernetes"))]
        token = self.settings.root / TOKEN
        if self._certificate_directory() is None and token.exists():
            found.append(("authorization", f"Bearer {read_text(token).strip()}"))
        for name in sorted(environment):
            if name.startswith("XDS_HEADER_"):
                found.append((name.removeprefix("XDS_HEADER_").lower().replace("_", "-"), environment[name]))
        return tuple(found)

    def _root(self) -> Path:
        environment = self.settings.inputs.environment
        directory = self._certificate_directory()
        given = environment.get(self.root_variable, "")
        if given:
            return self.settings.root / given
        return directory / "root-cert.pem" if directory is not None else self.settings.root / ROOT_CERTIFICATE

    def _certificate_directory(self) -> Path | None:
        """Where certificates are mounted, when they are used to speak to the control plane."""
        inputs = self.settings.inputs
        if inputs.environment.get("PROV_CERT"):
            return self.settings.root / inputs.environment["PROV_CERT"]
        return self.settings.root / MOUNTED if inputs.flag("FILE_MOUNTED_CERTS", False) else None

    def _own_certificate(self) -> dict[str, bytes]:
        directory = self._certificate_directory()
        if directory is None:
            return {}
        return {
            "private_key": read_text(directory / "key.pem").encode(),
            "certificate_chain": read_text(directory / "cert-chain.pem").encode(),
        }


def check(upstream: Upstream) -> None:
    """Read the material once, so that what is missing is said at the start; ConfigError names the file."""
    if upstream.settings.config["controlPlaneAuthPolicy"] not in ("NONE", "MUTUAL_TLS"):
        policy = upstream.settings.config["controlPlaneAuthPolicy"]
        raise ConfigError(f"NONE or MUTUAL_TLS is expected, not {policy!r}", path="controlPlaneAuthPolicy")
    upstream.metadata()
