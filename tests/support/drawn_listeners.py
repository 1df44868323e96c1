"""Listeners and connections drawn so that criteria collide: few values, each a near miss of another.

A listener's chains give few criteria each, so that the most specific entry at an early level often has
nothing at a later one: there the search without backtracking differs from the best overall match.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Connection
from support.connections import chain, listener_filter, tcp
from support.first_bytes import HTTP2_PREFACE, Address, client_hello, proxy_v2

PORTS = (21005, 21006)
IPS = ("10.0.0.1", "10.1.2.3", "10.1.2.4", "11.0.0.1", "127.0.0.1", "2001:db8::1", "2001:db9::1", "::1")
SOURCES = (*IPS, "127.0.0.9")
PREFIXES = (
    ("10.0.0.0", 8),
    ("10.1.0.0", 16),
    ("10.1.2.3", 32),
    ("10.1.2.2", 31),
    ("0.0.0.0", 0),
    ("127.0.0.1", 33),
    ("2001:db8::", 32),
    ("::", 0),
    ("::1", 128),
)
NAMES = ("a.com", "*.a.com", "*.com", "b.a.com", "*.b.a.com", "A.com", ".a.com", "com")
SNIS = (
    None,
    "a.com",
    "A.COM",
    "b.a.com",
    "c.b.a.com",
    "x.com",
    "com",
    "aa.com",
    ".a.com",
    "a.com.",
    "b.a.com.",
    "a..com",
)
PROTOCOLS = ("h2", "http/1.1", "h2c", "http/1.0", "foo")
SOURCE_PORTS = (7, 8, 9)
ADDRESSES = (
    ("10.0.0.1", 21005),
    ("10.1.2.3", 21005),
    ("0.0.0.0", 21005),
    ("0.0.0.0", 21006),
    ("::", 21006),
    ("2001:db8::1", 21005),
)


def some(values: Any, most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def cidrs() -> st.SearchStrategy[list[dict[str, Any]]]:
    return some(PREFIXES).map(
        lambda found: [{"address_prefix": address, "prefix_len": length} for address, length in found]
    )


CRITERIA: dict[str, st.SearchStrategy[Any]] = {
    "destination_port": st.sampled_from(PORTS),
    "prefix_ranges": cidrs(),
    "server_names": some(NAMES),
    "transport_protocol": st.sampled_from(("tls", "raw_buffer", "odd")),
    "application_protocols": some(PROTOCOLS),
    "direct_source_prefix_ranges": cidrs(),
    "source_type": st.sampled_from(("ANY", "SAME_IP_OR_LOOPBACK", "EXTERNAL")),
    "source_prefix_ranges": cidrs(),
    "source_ports": some(SOURCE_PORTS),
}


@st.composite
def matches(draw: st.DrawFn) -> dict[str, Any]:
    wanted = draw(st.lists(st.sampled_from(sorted(CRITERIA)), max_size=4, unique=True))
    return {name: draw(CRITERIA[name]) for name in wanted}


@st.composite
def filter_chains(draw: st.DrawFn, owner: str) -> dict[str, Any]:
    """`filter_chains` and perhaps a default chain of a Listener; every chain says its own name."""
    found = [
        chain(f"{owner}/{at}", match)
        for at, match in enumerate(
            draw(st.lists(matches(), min_size=1, max_size=7, unique_by=draw(st.sampled_from((str, str, str, id)))))
        )
    ]
    part: dict[str, Any] = {"filter_chains": found}
    if draw(st.booleans()):
        part["default_filter_chain"] = chain(f"{owner}/default")
    return part


@st.composite
def worlds(draw: st.DrawFn, port: int) -> list[dict[str, Any]]:
    """A listener on `port` that reads PROXY headers, and listeners without a socket to hand on to."""
    inspectors = draw(st.permutations(("tls_inspector", "http_inspector")))
    kept = inspectors[: draw(st.sampled_from((2, 2, 2, 1, 0)))]
    receiving = {
        "name": "recv",
        "address": tcp("127.0.0.1", port),
        "use_original_dst": draw(st.booleans()),
        "listener_filters": [listener_filter(name) for name in ("proxy_protocol", *kept)],
        "listener_filters_timeout": "0s",
        **draw(filter_chains("recv")),
    }
    found = [receiving]
    for address, number in draw(st.lists(st.sampled_from(ADDRESSES), max_size=3, unique=True)):
        name = f"{address}_{number}"  # one name for one address: Envoy adds listeners before it removes others
        found.append(
            {
                "name": name,
                "address": tcp(address, number),
                "bind_to_port": False,
                "listener_filters": [listener_filter(each) for each in draw(st.permutations(inspectors))[:2]],
                "listener_filters_timeout": "0s",
                **draw(filter_chains(name)),
            }
        )
    return found


@dataclass(frozen=True)
class Client:
    """What a client does; `direct` is the address that it really connects from."""

    destination: Address
    source: Address
    direct: str
    name: str | None
    protocols: tuple[str, ...]
    payload: str

    @property
    def first_bytes(self) -> bytes:
        """PROXY header and first payload."""
        plain = {
            "h2c": HTTP2_PREFACE,
            "http/1.1": b"GET / HTTP/1.1\r\n",
            "http/1.0": b"GET / HTTP/1.0\r\n",
            "junk": b"\x01\x02 junk\r\n",
        }
        payload = client_hello(self.name, self.protocols) if self.payload == "tls" else plain[self.payload]
        return proxy_v2(self.source, self.destination) + payload

    def as_bytes(self, port: int) -> Connection:
        """The connection as the listener's socket sees it."""
        return Connection(destination=("127.0.0.1", port), source=(self.direct, 50000), first_bytes=self.first_bytes)

    def as_facts(self, port: int) -> Connection:
        """The same connection by what listener filters would find."""
        tls = self.payload == "tls"
        plain = (self.payload,) if self.payload != "junk" else ()
        return Connection(
            destination=self.destination,
            source=self.source,
            direct_source=(self.direct, 50000),
            accepted=("127.0.0.1", port),
            transport_protocol="tls" if tls else "raw_buffer",
            server_name=self.name if tls else None,
            application_protocols=self.protocols if tls else plain,
        )


def batch(seed: int, size: int) -> list[Client]:
    """Clients by a seed: drawing each value on its own would take longer than asking Envoy."""
    random = Random(seed)
    return [client(random) for _ in range(size)]


def client(random: Random) -> Client:
    """One client."""
    destination = random.choice(IPS)
    family = [each for each in SOURCES if (":" in each) == (":" in destination)]
    return Client(
        destination=(destination, random.choice((*PORTS, 21007))),
        source=(random.choice(family), random.choice((*SOURCE_PORTS, 40000))),
        direct=random.choice(("127.0.0.1", "127.0.0.2")),
        name=random.choice(SNIS),
        protocols=tuple(random.choices(PROTOCOLS, k=random.randrange(4))),
        payload=random.choice(("tls", "tls", "tls", "http/1.1", "http/1.0", "h2c", "junk")),
    )


def batches(size: int) -> st.SearchStrategy[list[Client]]:
    """Batches of clients."""
    return st.integers(0, 2**32).map(lambda seed: batch(seed, size))
