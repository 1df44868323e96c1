"""The trie and the address parser against the standard library."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastroute.core.cidr import CidrTrie, format_address, parse_address
from fastroute.core.deciding import route
from fastroute.core.hcm import HttpManager
from fastroute.core.processing import HeaderProcessing
from fastroute.core.request import Context
from fastroute.core.table import RouteTable

V4 = st.one_of(
    st.integers(0, 2**32 - 1),
    st.builds(lambda a, b: (10 << 24) | (a << 8) | b, st.integers(0, 3), st.integers(0, 3)),
).map(ipaddress.IPv4Address)
V6 = st.one_of(
    st.integers(0, 2**128 - 1),
    st.builds(lambda a, b: (0x20010DB8 << 96) | (a << 62) | b, st.integers(0, 7), st.integers(0, 7)),
    st.integers(0, 2**32 - 1).map(lambda low: (0xFFFF << 32) | low),
).map(ipaddress.IPv6Address)
ADDRESS = st.one_of(V4, V6)


@st.composite
def networks(draw: st.DrawFn) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    address = draw(ADDRESS)
    length = draw(st.integers(0, address.max_prefixlen))
    return ipaddress.ip_network((address, length), strict=False)


@given(st.lists(networks(), unique=True, max_size=30), st.lists(ADDRESS, max_size=20))
def test_longest_prefix(prefixes: list, probes: list) -> None:
    trie = CidrTrie((str(net.network_address), net.prefixlen, value) for value, net in enumerate(prefixes))
    assert len(trie) == len(prefixes)
    for probe in [*probes, *(net.network_address for net in prefixes), *(net.broadcast_address for net in prefixes)]:
        covering = [(net.prefixlen, value) for value, net in enumerate(prefixes) if probe in net]
        assert trie.get(str(probe)) == (max(covering)[1] if covering else None)


@given(networks(), st.integers(0, 2**32 - 1))
def test_host_bits_do_not_count(net: ipaddress.IPv4Network, noise: int) -> None:
    host = ipaddress.ip_address(int(net.network_address) | noise & int(net.hostmask))
    if host.version == net.version:
        assert CidrTrie([(str(host), net.prefixlen, 0)]).get(str(net.network_address)) == 0


def test_a_length_beyond_the_width_is_the_width() -> None:
    trie = CidrTrie([("10.0.0.1", 33, 4), ("::1", 200, 6)])
    assert (trie.get("10.0.0.1"), trie.get("10.0.0.0"), trie.get("::1"), trie.get("::")) == (4, None, 6, None)


def test_the_same_prefix_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        CidrTrie([("10.0.0.0", 8, 0), ("10.0.0.1", 8, 1)])


def pton(text: str) -> tuple[int, int] | None:
    for family, version in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        try:
            return version, int.from_bytes(socket.inet_pton(family, text), "big")
        except (OSError, ValueError):
            continue
    return None


@given(
    st.one_of(
        ADDRESS.map(str),
        st.text("0123456789abcdefF:.", max_size=24),
        st.from_regex(r"[0-9a-f:]{0,5}::[0-9a-f:.]{0,12}\Z"),
    )
)
def test_addresses_as_the_system_reads_them(text: str) -> None:
    expected = pton(text)
    if expected is None:
        with pytest.raises(ValueError, match="not an IP address"):
            parse_address(text)
        return
    assert parse_address(text) == expected
    family = socket.AF_INET if expected[0] == 4 else socket.AF_INET6
    written = socket.inet_ntop(family, socket.inet_pton(family, text))
    assert parse_address(format_address(text)) == expected
    if not written.startswith("::") or "." not in written:
        assert format_address(text) == written


@given(st.one_of(st.integers(0, 2**128 - 1), st.integers(0, 2**50), st.integers(0xFFFF << 32, 2**48 - 1)))
def test_addresses_as_the_system_writes_them(number: int) -> None:
    """Mapped and compatible ones end in four decimal numbers, which Python's `ipaddress` writes from 3.13 on."""
    text = socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))
    assert format_address(text) == text


@pytest.mark.parametrize(
    "peer", ["::ffff:10.1.2.3", "::10.1.2.3", "::0.1.0.0", "2001:db8::5", "fe80::a%eth0", "10.1.2.3"]
)
def test_forwarded_addresses_are_written_so_by_every_python(peer: str) -> None:
    managed = HttpManager(processing=HeaderProcessing(use_remote_address=True))
    table = RouteTable("r", ())
    decision = route(table, "h", "/", manager=managed, context=Context(source=(peer, 1)))
    assert dict(decision.processed_headers())[b"x-forwarded-for"] == peer.encode()
