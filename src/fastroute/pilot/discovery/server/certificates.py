"""istio.v1.auth.IstioCertificateService, and the certificates that the server itself shows.

A certificate is signed for whom the caller has shown to be, never for whom it says it is. The server's own is made
anew at half of its lifetime, and whenever the authority is another; connections that come later get it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError

from fastroute.pilot.ca.authority import Authority, Pair
from fastroute.pilot.ca.failure import CallerError
from fastroute.pilot.ca.messages import NAME, SERVICE, message_classes
from fastroute.pilot.ca.store import Store
from fastroute.pilot.discovery.server.callers import Callers, status


class CertificateService:
    """Signs requests."""

    def __init__(self, store: Store, callers: Callers) -> None:
        self._store, self._callers = store, callers
        self.counters: Counter[str] = Counter()
        """`csr_count`, `success_cert_issuance_count`, `authentication_failure_count`, `csr_sign_err_count`."""

    def handler(self) -> Any:
        """The service for a gRPC server."""
        method = grpc.unary_unary_rpc_method_handler(self._create, bytes, bytes)
        return grpc.method_handlers_generic_handler(SERVICE, {NAME: method})

    async def _create(self, data: bytes, context: Any) -> bytes:
        self.counters["csr_count"] += 1
        asked_class, given_class = message_classes()
        try:
            asked: Any = asked_class.FromString(data)
        except DecodeError:
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "not an IstioCertificateRequest")
        try:
            identity = self._callers.identify(context)
        except CallerError as refused:
            self.counters["authentication_failure_count"] += 1
            await _abort(context, status(refused), str(refused))
        authority = self._store.authority
        lifetime = timedelta(seconds=min(max(asked.validity_duration, 0), 1 << 31))
        try:
            chain = await asyncio.to_thread(authority.sign, asked.csr.encode(), identity, lifetime)
        except CallerError as refused:
            self.counters["csr_sign_err_count"] += 1
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(refused))
        self.counters["success_cert_issuance_count"] += 1
        given: Any = given_class(cert_chain=[*_texts(chain), authority.roots.decode()])
        return bytes(given.SerializeToString())


async def _abort(context: Any, code: grpc.StatusCode, text: str) -> NoReturn:
    await context.abort(code, text)
    raise AssertionError("abort raises")


def _texts(chain: bytes) -> list[str]:
    """The certificates of a chain, each as a text of its own."""
    end = "-----END CERTIFICATE-----\n"
    return [text + end for text in chain.decode().split(end) if text.strip()]


class ServerCredentials:
    """TLS for a port: the server's certificate, and with `mutual` the demand for one of the mesh."""

    def __init__(self, store: Store, names: tuple[str, ...], *, mutual: bool) -> None:
        self._store, self._names, self._mutual = store, names, mutual
        self._authority: Authority | None = None
        self._pair: Pair | None = None

    def credentials(self) -> Any:
        """For `add_secure_port`."""
        return grpc.dynamic_ssl_server_credentials(
            self._fetch(), self._fetch_if_new, require_client_authentication=self._mutual
        )

    def _fetch(self) -> Any:
        authority = self._store.authority
        self._authority, self._pair = authority, authority.server(self._names)
        roots = authority.roots if self._mutual else None
        return grpc.ssl_server_certificate_configuration([(self._pair.key, self._pair.chain)], roots)

    def _fetch_if_new(self) -> Any:
        """Asked at each handshake: None means that nothing changed."""
        due = self._pair is None or datetime.now(UTC) >= self._pair.renewal
        return self._fetch() if due or self._store.authority is not self._authority else None
