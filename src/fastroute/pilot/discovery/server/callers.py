"""Who calls: by the certificate of the connection, or by a token.

- Plain text (as istiod's port 15010): anyone may follow resources; certificates are for those with a token.
- TLS (15012): a token, `authorization: Bearer TOKEN`.
- Mutual TLS (15011): a certificate of the mesh. gRPC for Python cannot ask for a certificate without demanding one,
  hence two ports.

A proxy is what its caller may be: on a secured port the node's namespace, and its service account where the node
names it, must be those of the caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import grpc

from fastroute.errors import ParseError
from fastroute.pilot.ca.failure import CallerError
from fastroute.pilot.ca.identity import Identity
from fastroute.pilot.ca.store import Store
from fastroute.pilot.discovery.model.proxy import Proxy

BEARER: Final = "Bearer "


class Callers:
    """Judges callers. Without a store there are no secured ports, and nobody can show who it is."""

    def __init__(self, store: Store | None, trust_domain: Callable[[], str]) -> None:
        self._store = store
        self._trust_domain = trust_domain

    def identify(self, context: Any) -> Identity:
        """Who calls; CallerError if that is not shown."""
        shown = self._by_certificate(context.auth_context()) or self._by_token(context.invocation_metadata())
        if shown is None:
            raise CallerError("neither a certificate of the mesh nor a token was shown")
        return shown

    def check(self, context: Any, proxy: Proxy, account: str) -> None:
        """CallerError if the caller may not be this proxy. `account` is what the node says, or empty."""
        if not is_secured(context.auth_context()):
            return
        caller = self.identify(context)
        if caller.namespace != proxy.namespace or (account and caller.account != account):
            message = f"{caller.uri} may not be {proxy.name}.{proxy.namespace} of service account {account or '?'}"
            raise CallerError(message, known=True)

    def _by_certificate(self, auth: Any) -> Identity | None:
        for name in auth.get("x509_subject_alternative_name", ()):
            try:
                identity = Identity.of_uri(name.decode())
            except (ParseError, UnicodeDecodeError):
                continue
            if identity.trust_domain == self._trust_domain():
                return identity
        return None

    def _by_token(self, metadata: Any) -> Identity | None:
        for key, value in metadata or ():
            if key == "authorization" and isinstance(value, str) and value.startswith(BEARER):
                if self._store is None:
                    raise CallerError("this server has no authority that could judge tokens")
                return self._store.verifier.verify(value.removeprefix(BEARER), time.time(), self._trust_domain())
        return None


def is_secured(auth: Any) -> bool:
    """Whether a connection came over TLS."""
    return b"ssl" in auth.get("transport_security_type", ())


def status(refused: CallerError) -> grpc.StatusCode:
    """The status that a refusal ends a call with."""
    return grpc.StatusCode.PERMISSION_DENIED if refused.known else grpc.StatusCode.UNAUTHENTICATED
