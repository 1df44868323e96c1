"""One connection on its way through the walk: the facts that listener filters find and change."""

from __future__ import annotations

import ipaddress

from fastroute.records import field, record
from fastroute.reference.first_bytes import shown
from fastroute.request import Address, Connection, TlsFacts

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Place = tuple[IP | None, int]
"""An address and a port; None for the address of an internal connection or a Unix socket."""

HTTP_PROTOCOLS = {"http/1.0", "http/1.1", "h2c"}


def place(address: Address) -> Place:
    """An address of the connection; a v4-mapped IPv6 address is the IPv4 one (FC-16)."""
    if address[0].startswith(("envoy://", "/", "@")):
        return None, address[1]
    found = ipaddress.ip_address(address[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found, address[1]


@record(frozen=False)
class Arrival:
    """`data` is what is left of the client's bytes, None where the connection states facts instead."""

    destination: Place
    source: Place
    direct: Place
    original: Place | None = None
    stated: Place | None = None
    restored: bool = False
    data: bytes | None = None
    is_tls: bool = False
    stated_name: str = ""
    stated_protocols: tuple[str, ...] = ()
    transport_protocol: str = ""
    server_name: str = ""
    application_protocols: tuple[str, ...] = ()
    tls: TlsFacts | None = None
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    closed: str = ""

    @classmethod
    def of(cls, connection: Connection, bound: bool) -> Arrival:
        """The connection as the accepting socket has it; `bound`: the listener has a socket of its own."""
        wanted = place(connection.destination)
        peer = place(connection.direct_source or connection.source)
        if wanted[0] is None:
            peer = (None, peer[1])
        accepted = place(connection.accepted) if connection.accepted is not None else wanted
        return cls(
            destination=accepted,
            source=peer,
            direct=peer,
            original=wanted if accepted != wanted else None,
            stated=place(connection.source) if wanted[0] is not None else peer,
            restored=connection.accepted is None and wanted[0] is not None and not bound,
            data=connection.first_bytes,
            is_tls=_is_tls(connection),
            stated_name=_wire(connection.server_name or "", lower=True),
            stated_protocols=tuple(_wire(each) for each in connection.application_protocols),
            tls=connection.tls,
        )

    @property
    def local(self) -> bool:
        """FC-10: the peer has the destination's address, or exactly 127.0.0.1 or ::1."""
        peer = self.source[0]
        return peer is None or peer == self.destination[0] or str(peer) in ("127.0.0.1", "::1")

    def facts(self) -> dict[str, object]:
        """What the explanation's decision tells about the connection."""
        return {
            "destination": _text(self.destination),
            "source": _text(self.source),
            "direct_source": _text(self.direct),
            "original_destination": _text(self.destination) if self.restored else None,
            "transport_protocol": self.transport_protocol,
            "server_name": self.server_name,
            "application_protocols": self.application_protocols,
        }


def _is_tls(connection: Connection) -> bool:
    if connection.transport_protocol is not None:
        return connection.transport_protocol == "tls"
    return bool(connection.server_name) or not HTTP_PROTOCOLS.issuperset(connection.application_protocols)


def _wire(text: str, lower: bool = False) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return (data.lower() if lower else data).decode("latin-1")


def _text(found: Place) -> Address:
    return "" if found[0] is None else shown(found[0]), found[1]
