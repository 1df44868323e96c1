"""What both variants of the protocol share: kinds of resource, what a proxy is sent, what it said about it.

Rules:
- A push goes out in the order clusters, endpoints, listeners, routes, so that nothing is named before
  it is there.
- A proxy that gets a cluster anew waits for its endpoints: those follow even if they are what they were.
- A refusal (error_detail) is remembered and answered with nothing; what was refused is sent again with the
  next change.
- What is sent is put together from bytes that proxies share; only the nonce is a stream's own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from fastroute.api.encode import delimited
from fastroute.errors import RequestError
from fastroute.pilot.discovery import layers
from fastroute.pilot.discovery.layers import Holding
from fastroute.pilot.discovery.model.proxy import TPROXY, Proxy, placed
from fastroute.pilot.discovery.model.services import Locality

ORDER: Final = tuple(layers.KINDS)
URLS: Final[Mapping[str, str]] = {kind: type_url.decode() for kind, type_url in layers.URLS.items()}
KINDS: Final[Mapping[str, str]] = {type_url: kind for kind, type_url in URLS.items()}
"""Kind by type URL."""
WILDCARD: Final = ("clusters", "listeners")
"""Kinds of which a proxy may be sent everything, without asking by name."""
FOLLOWS: Final[Mapping[str, str]] = {"clusters": "endpoints", "listeners": "routes"}
GRPC: Final = "grpc"
"""The GENERATOR of nodes that are gRPC clients without an Envoy."""
MOST_NAMES: Final = 100_000
"""Names that one request may hold."""
MOST_SHARED: Final = 64
"""Responses that a layer keeps for other proxies."""
_NOBODY: Final[frozenset[str]] = frozenset()
_URL_FIELDS: Final = {kind: delimited(b"\x22", type_url) for kind, type_url in layers.URLS.items()}


@dataclass(slots=True)
class Response:
    """What is sent: a DiscoveryResponse or a DeltaDiscoveryResponse as bytes, and what is in it."""

    kind: str
    version: str
    nonce: str
    data: bytes
    names: frozenset[str]
    """The resources in it; empty for everything of the kind."""
    marks: tuple[bytes, bytes]
    """Its fields of version and nonce; those of a request that acknowledges it are spelled alike."""

    @classmethod
    def of(
        cls,
        kind: str,
        version: str,
        nonce: str,
        parts: Iterable[bytes],
        names: frozenset[str],
        gone: Iterable[str] = (),
    ) -> Response:
        """Put a response together; `parts` are fields of it, `gone` the names of removed resources."""
        unique = f"{version}.{nonce}"
        first, last = delimited(b"\x0a", version.encode()), delimited(b"\x2a", unique.encode())
        removed = [delimited(b"\x32", name.encode()) for name in gone]
        data = b"".join([first, *parts, _URL_FIELDS[kind], last, *removed])
        return cls(kind, version, unique, data, names, (first, last))


@dataclass(slots=True)
class Watch:
    """What one proxy watches of one kind, and what it was sent and said."""

    kind: str
    names: frozenset[str] = _NOBODY
    wild: bool = False
    """Everything of the kind is watched."""
    sent_nonce: str = ""
    sent_version: str = ""
    sent_names: frozenset[str] = _NOBODY
    acked_version: str = ""
    acked_nonce: str = ""
    error: str = ""
    """Why the last response was refused; empty when it was not."""
    rejections: int = 0
    responses: int = 0
    expired: int = 0
    """Requests that spoke of another response than the last."""
    due: frozenset[str] = _NOBODY
    """Names that the proxy may wait for, since a response of another kind went out."""
    refused: frozenset[str] = _NOBODY
    """Names that were in a refused response."""
    marks: tuple[bytes, bytes] = (b"", b"")
    """Those of the last response."""
    said: bytes | None = None
    """What the last acknowledgement said besides them; None if that is not known."""

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
            self.expired += 1
            return False
        if error:
            self.error, self.rejections = error, self.rejections + 1
            self.refused |= self.sent_names
        else:
            self.error, self.acked_nonce, self.acked_version = "", nonce, self.sent_version
            if self.refused:
                self.refused -= self.sent_names
        return True

    def sent(self, response: Response) -> None:
        """Note what is sent."""
        self.sent_version, self.sent_nonce, self.sent_names = response.version, response.nonce, response.names
        self.marks = response.marks
        self.responses += 1
        if self.due:
            self.due -= response.names


class Session(Protocol):
    """One stream of one proxy, without the wire."""

    watches: dict[str, Watch]

    def hears(self, data: bytes) -> bool:
        """Note a request that does no more than acknowledge the last response, if `data` plainly is one.

        Whether it is; what is not goes to `request`.
        """
        ...

    def request(self, request: Any, data: bytes = b"") -> list[Response]:
        """Responses to a request, whose bytes are `data`; RequestError if no proxy may send such."""
        ...

    def push(self, holding: Holding) -> list[Response]:
        """Responses that a new state makes necessary."""
        ...


@dataclass(slots=True)
class Nonces:
    """The part of nonces that makes them unique in one stream: a counter."""

    _counter: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def next(self) -> str:
        """The next one."""
        return str(next(self._counter))


def shared(holding: Holding, kind: str, key: object, make: Callable[[], Response]) -> Response:
    """A response of a push: made once for all proxies that are sent the same of what they share."""
    room = holding.room(kind)
    found: Response | None = room.get(key)
    if found is None:
        if len(room) >= MOST_SHARED:
            room.clear()
        found = room[key] = make()
    return found


def canonical(holding: Holding, kind: str, names: frozenset[str]) -> frozenset[str]:
    """The same names, as the one set that all proxies share which ask for all that there is."""
    for layer in holding.layers[kind]:
        if len(names) == len(layer.items) and names == layer.names:
            return layer.names
    return names


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
    where = Locality(node.locality.region, node.locality.zone, node.locality.sub_zone)
    proxyless = "GENERATOR" in fields and fields["GENERATOR"].string_value == GRPC
    there = placed(labels, _text(fields, "NETWORK"), _text(fields, "NODE_NAME"))
    return Proxy(name, namespace, parts[1], there, account, where, domain, transparent, proxyless)


def _text(fields: Any, name: str) -> str:
    return str(fields[name].string_value) if name in fields else ""


def account_of(node: Any) -> str:
    """The service account that a node names; empty if it names none."""
    return _text(node.metadata.fields, "SERVICE_ACCOUNT")


def check_names(names: Any) -> None:
    """RequestError for a request with more names than any proxy can need."""
    if len(names) > MOST_NAMES:
        raise RequestError(f"{len(names)} names in one request; at most {MOST_NAMES} are taken")


def version_of_node(node: Any) -> str:
    """The version of the mesh's software that a node has."""
    return _text(node.metadata.fields, "ISTIO_VERSION")
