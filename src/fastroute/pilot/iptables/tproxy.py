"""Inbound redirection that keeps both addresses (mode TPROXY).

Table mangle hands a packet to the listening socket and marks it; policy routing sends marked packets to loopback,
where that socket is. 1.8 diverts packets that have a socket already; today's rules ask conntrack, and keep the mark
per connection: 1337 for Envoy towards the application, 1338 for the proxy calling its own pod.
"""

from __future__ import annotations

from fastroute.pilot.iptables.family import Family
from fastroute.pilot.iptables.options import Options, split
from fastroute.pilot.iptables.writer import Writer

DIVERT, TPROXY = "ISTIO_DIVERT", "ISTIO_TPROXY"
OUTBOUND_MARK = "1338"
ESTABLISHED = ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED")


def routing(options: Options, *, with_ipv6: bool) -> list[tuple[str, ...]]:
    """The commands of policy routing."""
    found: list[tuple[str, ...]] = []
    for name in ("inet", "inet6") if with_ipv6 else ("inet",):
        table = options.route_table
        found.append(("ip", "-f", name, "rule", "add", "fwmark", options.mark, "lookup", table))
        found.append(("ip", "-f", name, "route", "add", "local", "default", "dev", "lo", "table", table))
    return found


def chains(out: Writer, options: Options, loopback: str, port: str) -> None:
    """The chains that divert a packet of a known connection and that hand over a new one."""
    out.append(DIVERT, "-j", "MARK", "--set-mark", options.mark, table="mangle")
    out.append(DIVERT, "-j", "ACCEPT", table="mangle")
    target = ("-j", "TPROXY", "--tproxy-mark", f"{options.mark}/0xffffffff", "--on-port", port)
    out.append(TPROXY, "!", "-d", loopback, "-p", "tcp", *target, table="mangle")


def capture(out: Writer, chain: str, match: tuple[str, ...], old: bool) -> None:
    """Capture what matches: known connections by DIVERT, new ones by TPROXY."""
    known = ("-m", "socket") if old else ESTABLISHED
    out.append(chain, "-p", "tcp", *match, *known, "-j", DIVERT, table="mangle")
    out.append(chain, "-p", "tcp", *match, "-j", TPROXY, table="mangle")


def marks(out: Writer, options: Options, family: Family, loopback: str) -> None:
    """Today's rules about marks, the inserted ones at the head of ISTIO_INBOUND."""
    tcp, mark = ("-p", "tcp"), ("-m", "mark", "--mark", options.mark)
    out.append("PREROUTING", *tcp, *mark, "-j", "CONNMARK", "--save-mark", table="mangle")
    out.append("OUTPUT", *tcp, "-o", "lo", *mark, "-j", "RETURN", table="mangle")
    for flag, identities in (("--uid-owner", options.uids), ("--gid-owner", options.gids)):
        for identity in split(identities):
            match = ("!", "-d", loopback, *tcp, "-o", "lo", "-m", "owner", flag, identity)
            out.append("OUTPUT", *match, "-j", "MARK", "--set-mark", OUTBOUND_MARK, table="mangle")
    known = ("-m", "connmark", "--mark", options.mark)
    out.append("OUTPUT", *tcp, *known, "-j", "CONNMARK", "--restore-mark", table="mangle")
    out.insert("ISTIO_INBOUND", 1, *tcp, *mark, "-j", "RETURN", table="mangle")
    out.insert("ISTIO_INBOUND", 2, *tcp, "-s", family.passthrough, "-i", "lo", "-j", "RETURN", table="mangle")
    unmarked = ("-m", "mark", "!", "--mark", OUTBOUND_MARK)
    out.insert("ISTIO_INBOUND", 3, *tcp, "-i", "lo", *unmarked, "-j", "RETURN", table="mangle")
