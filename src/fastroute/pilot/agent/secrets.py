"""The secrets that Envoy may ask for, and when they change.

| name | what |
|---|---|
| default | the workload's key and chain |
| ROOTCA | the roots that it trusts |
| file-cert:CHAIN~KEY | key and chain in files |
| file-root:PATH | roots in a file |

The workload's are the files etc/certs/{cert-chain,key,root-cert}.pem when they are there, else from the CA. Files are
looked at again every FILE_DEBOUNCE_DURATION; what counts is their content, so a link that moves (as Kubernetes does it)
is seen. A file that cannot be used does not replace one that could. Certificates of the CA are renewed before they end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fastroute.errors import ConfigError, ParseError
from fastroute.pilot.agent.bootstrap_file import write_atomically
from fastroute.pilot.agent.ca_client import create_certificate
from fastroute.pilot.agent.certificates import Workload, checked, spiffe_id
from fastroute.pilot.agent.counters import Counters
from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.inputs import read_text
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.settings import Settings
from fastroute.pilot.agent.upstream import MOUNTED, Upstream

FILES = ("key.pem", "cert-chain.pem", "root-cert.pem")
FIRST_RETRY, LAST_RETRY = 0.05, 30.0
SHORTEST = 1.0
"""Seconds between two certificates, however short their lives or wrong the clock."""
WORKLOAD, ROOTS = "default", "ROOTCA"


class Secrets:
    """Holds the workload's secrets and tells `changed` when they are new."""

    def __init__(self, settings: Settings, counters: Counters, log: Log, changed: Callable[[], None]) -> None:
        self._settings = settings
        self._counters = counters
        self._log = log
        self._changed = changed
        self._workload: Workload | None = None
        self._ready = asyncio.Event()
        environment = settings.inputs.environment
        self._debounce = settings.duration("FILE_DEBOUNCE_DURATION", "100ms")
        self._lifetime = settings.duration("SECRET_TTL", "24h")
        self._ratio = _ratio(environment.get("SECRET_GRACE_PERIOD_RATIO", "") or "0.5")
        self._bits = _bits(environment.get("WORKLOAD_RSA_KEY_SIZE", "") or "2048")
        self._elliptic = environment.get("ECC_SIGNATURE_ALGORITHM", "") == "ECDSA"
        address = environment.get("CA_ADDR", "") or str(settings.config["discoveryAddress"])
        self._ca = Upstream(settings, address, "CA_ROOT_CA")

    @property
    def directory(self) -> Path:
        """Where mounted certificates are looked for."""
        return self._settings.root / MOUNTED

    async def run(self) -> None:
        """Keep the workload's secrets fresh until cancelled."""
        retry = FIRST_RETRY
        while True:
            mounted = all((self.directory / name).exists() for name in FILES)
            try:
                await (self._from_files() if mounted else self._from_ca())
                retry = FIRST_RETRY
            except (AgentError, ConfigError) as error:
                self._log.warning("no certificate for the workload yet", reason=str(error))
                await asyncio.sleep(retry)
                retry = min(retry * 2, LAST_RETRY)

    async def workload(self) -> Workload:
        """The workload's secrets, once there are any."""
        await self._ready.wait()
        assert self._workload is not None
        return self._workload

    def file_certificate(self, name: str) -> tuple[bytes, bytes]:
        """Chain and key of `file-cert:CHAIN~KEY`; ConfigError names the file."""
        chain, separator, key = name.removeprefix("file-cert:").partition("~")
        if not separator:
            raise ParseError("file-cert:CHAIN~KEY is expected", path=name)
        return self._file(chain), self._file(key)

    def file_roots(self, name: str) -> bytes:
        """Roots of `file-root:PATH`; ConfigError names the file."""
        path = name.removeprefix("file-root:")
        return self._file("etc/ssl/certs/ca-certificates.crt" if path == "system" else path)

    def _file(self, path: str) -> bytes:
        return read_text(self._settings.root / path).encode()

    async def _from_files(self) -> None:
        """Take the mounted files, then wait until they change."""
        read = self._read_files()
        try:
            self._take(checked(Workload(*read), str(self.directory)))
        except ParseError as error:
            self._counters.add("num_file_secret_failures_total")
            self._log.warning("certificate files cannot be used", reason=str(error))
        while True:
            await asyncio.sleep(self._debounce)
            try:
                if self._read_files() != read:
                    return
            except ConfigError:  # being replaced: the next look sees the new ones
                continue

    def _read_files(self) -> tuple[bytes, bytes, bytes]:
        key, chain, roots = (read_text(self.directory / name).encode() for name in FILES)
        return key, chain, roots

    async def _from_ca(self) -> None:
        """Ask the CA, then wait until the certificate is to be renewed."""
        environment = self._settings.inputs.environment
        identity = spiffe_id(
            environment.get("TRUST_DOMAIN", "") or "cluster.local",
            environment.get("POD_NAMESPACE", ""),
            environment.get("SERVICE_ACCOUNT", "") or "default",
        )
        self._counters.add("num_outgoing_requests")
        try:
            workload = await create_certificate(
                self._ca, identity, lifetime=self._lifetime, elliptic=self._elliptic, rsa_bits=self._bits
            )
        except (AgentError, ConfigError):
            self._counters.add("num_failed_outgoing_requests")
            raise
        self._take(workload)
        self._write_out(workload)
        now = datetime.now(UTC)
        await asyncio.sleep(max(SHORTEST, (workload.renewal(self._ratio, now) - now).total_seconds()))

    def _take(self, workload: Workload) -> None:
        if workload == self._workload:
            return
        self._workload = workload
        ends = workload.certificate().not_valid_after_utc
        self._log.info("new certificate for the workload", ends=ends.isoformat())
        self._ready.set()
        self._changed()

    def _write_out(self, workload: Workload) -> None:
        """OUTPUT_CERTS: the same as files, for others in the pod."""
        directory = self._settings.inputs.environment.get("OUTPUT_CERTS", "")
        if directory:
            for name, data in zip(FILES, (workload.key, workload.chain, workload.roots), strict=True):
                write_atomically(data, self._settings.root / directory / name)


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio < 1:
        raise ParseError(f"a share between 0 and 1 is expected, not {text!r}", path="SECRET_GRACE_PERIOD_RATIO")
    return ratio


def _bits(text: str) -> int:
    if text not in ("2048", "3072", "4096"):
        raise ParseError(f"2048, 3072 or 4096 is expected, not {text!r}", path="WORKLOAD_RSA_KEY_SIZE")
    return int(text)
