"""Redirection of DNS to the agent.

1.8: TCP to port 53 in ISTIO_REDIRECT; UDP in OUTPUT by DNAT to 127.0.0.1, the proxy's own excepted, with the source
rewritten so that the answer finds its way back.

current: chain ISTIO_OUTPUT_DNS, for the servers of resolv.conf or for all; in table raw, conntrack zones keep the
agent's questions (zone 1) apart from the application's (zone 2).
"""

from __future__ import annotations

from fastroute.pilot.iptables.family import Family
from fastroute.pilot.iptables.options import Options, split
from fastroute.pilot.iptables.writer import Writer

CHAIN = "ISTIO_OUTPUT_DNS"
UDP = ("-p", "udp", "--dport", "53")
TCP = ("-p", "tcp", "--dport", "53")


def old_tcp(out: Writer, options: Options, chain: str) -> None:
    """1.8: TCP in the chain that redirects outbound connections."""
    out.append(chain, *TCP, "-j", "REDIRECT", "--to-ports", options.dns_port)


def old_udp(out: Writer, options: Options) -> None:
    """1.8: UDP of everybody but the proxy."""
    for flag, identity in _owners(options):
        out.append("OUTPUT", *UDP, "-m", "owner", flag, identity, "-j", "RETURN")
    out.append("OUTPUT", *UDP, "-j", "DNAT", "--to-destination", f"127.0.0.1:{options.dns_port}")
    # POSTROUTING sees the packet after DNAT, so the port is the agent's.
    out.append("POSTROUTING", "-p", "udp", "--dport", options.dns_port, "-j", "SNAT", "--to-source", "127.0.0.1")


def current(out: Writer, options: Options, family: Family) -> None:
    """The chains of today; nothing in nat for a family without servers."""
    servers = _servers(options, family)
    out.append("OUTPUT", "-j", CHAIN, table="raw")
    if servers:
        out.append("ISTIO_OUTPUT", "-j", CHAIN)
    for target, match in (("--to-ports", TCP), ("--to-port", UDP)):
        for server in servers:
            out.append(CHAIN, *match, *_address("-d", server), "-j", "REDIRECT", target, options.dns_port)
    for flag, identity in _owners(options):
        owner = ("-m", "owner", flag, identity)
        out.append(CHAIN, *UDP, *owner, "-j", "CT", "--zone", "1", table="raw")
        out.append(CHAIN, "-p", "udp", "--sport", options.dns_port, *owner, "-j", "CT", "--zone", "2", table="raw")
    if servers:
        out.append("PREROUTING", "-j", "ISTIO_INBOUND", table="raw")
    for server in servers:
        answer = ("-p", "udp", "--sport", "53")
        out.append(CHAIN, *UDP, *_address("-d", server), "-j", "CT", "--zone", "2", table="raw")
        out.append("ISTIO_INBOUND", *answer, *_address("-s", server), "-j", "CT", "--zone", "1", table="raw")


def _servers(options: Options, family: Family) -> list[str]:
    """The servers as ranges; one empty range stands for all."""
    if options.all_dns:
        return [""]
    return [server + family.host_prefix for server in options.dns_servers if (":" in server) == (family.version == 6)]


def _address(flag: str, network: str) -> tuple[str, ...]:
    return (flag, network) if network else ()


def _owners(options: Options) -> list[tuple[str, str]]:
    uids = [("--uid-owner", uid) for uid in split(options.uids)]
    return uids + [("--gid-owner", gid) for gid in split(options.gids)]
