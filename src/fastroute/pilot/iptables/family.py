"""The two families of addresses, with the addresses that the rules name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """`passthrough` is the address that Envoy's inbound passthrough binds to."""

    version: int
    loopback: str
    passthrough: str
    host_prefix: str
    ip: str
    """What `ip -f` and nftables call it."""
    program: str


IPV4 = Family(4, "127.0.0.1/32", "127.0.0.6/32", "/32", "inet", "iptables")
IPV6 = Family(6, "::1/128", "::6/128", "/128", "inet6", "ip6tables")
