"""What both variants of the protocol share: kinds of resource, what a proxy is sent, what it said about it.

Rules:
- A push goes out in the order clusters, endpoints, listeners, routes, so that nothing is named before
  it is there.
- A proxy that gets clusters anew waits for their endpoints, and one that gets listeners anew for their
  routes: those follow even if they are what they were.
- A refusal (error_detail) is remembered and answered with nothing; the next change is sent as usual.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from fastroute.api.names import url
from fastroute.errors import RequestError
from fastroute.pilot.discovery.generated import TYPES, Generated
from fastroute.pilot.discovery.model.proxy import TPROXY, Proxy

KINDS: Final[Mapping[str, str]] = {url(name): kind for kind, name in TYPES.items()}
"""Kind by type URL."""
URLS: Final[Mapping[str, str]] = {kind: type_url for type_url, kind in KINDS.items()}
ORDER: Final = ("clusters", "endpoints", "listeners", "routes")
WILDCARD: Final = ("clusters", "listeners")
"""Kinds of which a proxy is sent everything, without asking by name."""
FOLLOWS: Final[Mapping[str, str]] = {"clusters": "endpoints", "listeners": "routes"}
MOST_NAMES: Final = 100_000
"""Names that one request may hold."""


@dataclass(slots=True)
class Watch:
    """What one proxy watches of one kind, and what it was sent and said."""

    kind: str
    names: frozenset[str] = frozenset()
    sent_nonce: str = ""
    sent_version: str = ""
    acked_version: str = ""
    acked_nonce: str = ""
    error: str = ""
    """Why the last response was refused; empty when it was not."""
    rejections: int = 0
    responses: int = 0
    must_answer: bool = False
    """A response of another kind went out which makes the proxy wait for this one."""

    @property
    def status(self) -> str:
        """As `proxy-status` shows it."""
        if not self.sent_nonce:
            return "NOT SENT"
        if self.error:
            return "ERROR"
        if self.sent_nonce == self.acked_nonce:
            return "SYNCED"
        return "STALE" if self.acked_nonce else "STALE (Never Acknowledged)"

    def heard(self, nonce: str, error: str) -> bool:
        """Note what the proxy says about a response; whether it speaks of the last one."""
        if nonce != self.sent_nonce:
            return False
        if error:
            self.error, self.rejections = error, self.rejections + 1
        else:
            self.error, self.acked_nonce, self.acked_version = "", nonce, self.sent_version
        return True


class Session(Protocol):
    """One stream of one proxy, without the wire."""

    watches: dict[str, Watch]

    def request(self, request: Any) -> list[Any]:
        """Responses to a request; RequestError if no proxy may send such."""
        ...

    def push(self, generated: Generated) -> list[Any]:
        """Responses that a new state makes necessary."""
        ...


@dataclass(slots=True)
class Nonces:
    """Nonces of one stream: a counter."""

    _counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def next(self, version: str) -> str:
        """The next one; it begins with the version that it goes with."""
        return f"{version}.{next(self._counter)}"


def version_of(data: bytes) -> str:
    """The content hash of one resource."""
    return hashlib.sha256(data).hexdigest()[:16]


def proxy_of(node: Any) -> Proxy:
    """The proxy that a node says it is; RequestError if its id is not `sidecar~IP~NAME.NS~DOMAIN`."""
    parts = str(node.id).split("~")
    if len(parts) != 4 or parts[0] != "sidecar":
        raise RequestError(f"the node id {node.id!r} is not sidecar~IP~NAME.NAMESPACE~DOMAIN")
    name, _, namespace = parts[2].rpartition(".")
    fields = node.metadata.fields
    labels = (
        {key: value.string_value for key, value in fields["LABELS"].struct_value.fields.items()}
        if "LABELS" in fields
        else {}
    )
    account = account_of(node) or "default"
    domain = parts[3].partition(".svc.")[2] or "cluster.local"
    transparent = "INTERCEPTION_MODE" in fields and fields["INTERCEPTION_MODE"].string_value == TPROXY
    return Proxy(name, namespace, parts[1], labels, account, domain=domain, transparent=transparent)


def account_of(node: Any) -> str:
    """The service account that a node names; empty if it names none."""
    fields = node.metadata.fields
    return str(fields["SERVICE_ACCOUNT"].string_value) if "SERVICE_ACCOUNT" in fields else ""


def check_names(names: Any) -> None:
    """RequestError for a request with more names than any proxy can need."""
    if len(names) > MOST_NAMES:
        raise RequestError(f"{len(names)} names in one request; at most {MOST_NAMES} are taken")
