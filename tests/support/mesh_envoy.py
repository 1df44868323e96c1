"""Generated resources in a real Envoy: read from files in place of the control plane and the agent.

What is changed for it, and nothing else: `ads` and the secret server become files; listeners that bind do
so on loopback and a port of the kernel's choice. Everything else is as a sidecar would get it.
"""

from __future__ import annotations

import datetime
import functools
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastroute.api import names
from support.envoy import Envoy, ResourceFile, SwapRefusedError

SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret"
KINDS = {
    "clusters": (names.CLUSTER, "cluster_manager.cds."),
    "listeners": (names.LISTENER, "listener_manager.lds."),
}
IDENTITY = "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
MONITORS = "envoy.extensions.resource_monitors"
LIMIT = {
    "name": "envoy.resource_monitors.global_downstream_max_connections",
    "typed_config": {
        "@type": names.url(f"{MONITORS}.downstream_connections.v3.DownstreamConnectionsConfig"),
        "max_active_downstream_connections": 1000,
    },
}
"""Without a limit Envoy warns about the bootstrap."""
Resources = Mapping[str, Sequence[Mapping[str, Any]]]


class MeshEnvoy:
    """A real Envoy that runs on generated resources; `replace` gives it others."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files = {kind: ResourceFile(directory / f"{kind}.pb", *about) for kind, about in KINDS.items()}
        self.single: dict[str, ResourceFile] = {}
        bootstrap = {
            "dynamic_resources": {
                "cds_config": self.files["clusters"].config_source,
                "lds_config": self.files["listeners"].config_source,
            },
            "overload_manager": {"resource_monitors": [LIMIT]},
        }
        self.envoy = Envoy(bootstrap)

    def start(self, resources: Resources) -> None:
        """Write the resources and start."""
        self._write_single(resources)
        for kind, file in self.files.items():
            file.write(self._local(resources[kind]))
        self.envoy.start()

    def stop(self) -> None:
        """Stop the process."""
        self.envoy.stop()

    def replace(self, resources: Resources) -> str:
        """Give it other resources and wait until it took them; what it logged meanwhile, which should be nothing.

        SwapRefusedError when a cluster, listener or route configuration is refused.
        """
        logged, before = len(self.envoy.log()), self._taken()
        self._write_single(resources)
        for kind in ("clusters", "listeners"):
            self.files[kind].swap(self.envoy, self._local(resources[kind]))
        self._wait_for_routes(
            [one["name"].replace("://", "_").replace(":", "_") for one in resources["routes"]], before
        )
        return self.envoy.log()[logged:]

    def rejected(self) -> dict[str, int]:
        """All counters of refused updates that are not zero."""
        return {
            name: count for name, count in self.envoy.stats("").items() if name.endswith("update_rejected") and count
        }

    def _taken(self) -> dict[str, int]:
        """How often Envoy took each route configuration."""
        taken: dict[str, int] = {}
        for stat, count in self.envoy.stats("http.").items():
            _, found, rest = stat.partition(".rds.")
            if found and rest.endswith(".update_success"):
                name = rest.removesuffix(".update_success")
                taken[name] = taken.get(name, 0) + count
        return taken

    def _wait_for_routes(self, wanted: Sequence[str], before: Mapping[str, int]) -> None:
        """Until Envoy took each route configuration again, or refused one."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not self.rejected():
            now = self._taken()
            if all(now.get(name, 0) > before.get(name, 0) for name in wanted):
                return
            time.sleep(0.01)
        raise SwapRefusedError(f"{self.rejected()}\n{self.envoy.log()}")

    def _write_single(self, resources: Resources) -> None:
        """Envoy wants routes, endpoints and secrets one to a file."""
        for one in resources["routes"]:
            self._single(one["name"], names.ROUTE_CONFIGURATION).write([one])
        for one in resources["endpoints"]:
            self._single(one["cluster_name"], names.CLUSTER_LOAD_ASSIGNMENT).write([one])
        for secret in secrets():
            self._single(secret["name"], SECRET).write([secret])

    def _single(self, name: str, type_name: str) -> ResourceFile:
        if name not in self.single:
            self.single[name] = ResourceFile(self.directory / f"single{len(self.single)}.pb", type_name, "")
        return self.single[name]

    def _local(self, resources: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [self._one(dict(one)) for one in resources]

    def _one(self, resource: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self._walk(resource, "")
        if "filter_chains" in made and "bind_to_port" not in made and "deprecated_v1" not in made:
            made["address"] = self._free(made["address"])
        return made

    def _free(self, address: dict[str, Any]) -> dict[str, Any]:
        """An address that a listener which binds can have here."""
        if "pipe" in address:
            return {"pipe": {"path": f"@{self.directory.name}{address['pipe']['path']}"}}
        return {"socket_address": {"address": "127.0.0.1", "port_value": 0}}

    def _walk(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            if key == "eds_cluster_config":
                source = self._single(value["service_name"], names.CLUSTER_LOAD_ASSIGNMENT).config_source
                return {**value, "eds_config": source}
            if key == "rds":
                return {
                    **value,
                    "config_source": self._single(value["route_config_name"], names.ROUTE_CONFIGURATION).config_source,
                }
            if "sds_config" in value:
                return {**value, "sds_config": self._single(value["name"], SECRET).config_source}
            return {name: self._walk(item, name) for name, item in value.items()}
        return [self._walk(item, key) for item in value] if isinstance(value, list) else value


@functools.cache
def secrets() -> tuple[dict[str, Any], ...]:
    """A workload's certificate signed by itself, and the same as the root that is trusted."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "cluster.local")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(IDENTITY)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain = certificate.public_bytes(serialization.Encoding.PEM).decode()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    pair = {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": secret}}
    return (
        {"name": "default", "tls_certificate": pair},
        *(
            {"name": name, "validation_context": {"trusted_ca": {"inline_string": chain}}}
            for name in ("ROOTCA", "file-root:system", "file-root:/etc/certs/roots.pem")
        ),
        {"name": "file-cert:/etc/certs/chain.pem~/etc/certs/key.pem", "tls_certificate": pair},
    )
