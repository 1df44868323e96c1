"""From options to rules: what Istio's program generates, in its order.

    PREROUTING → ISTIO_INBOUND → ISTIO_IN_REDIRECT → Envoy's inbound port
    OUTPUT → ISTIO_OUTPUT → ISTIO_IN_REDIRECT | RETURN | ISTIO_REDIRECT → Envoy's outbound port

For each uid and then each gid of the proxy, three rules: the proxy calling its own pod by another address than
loopback goes back in through the inbound port; somebody else talking over loopback is left alone (not when the
ranges include loopback); everything else of the proxy is left alone, or it would loop for ever.

Differences of the profiles:

| | 1.8 | current |
|---|---|---|
| port 22 inbound | never redirected | as any other |
| OUTPUT jump | TCP | all; UDP meets only what is about UDP |
| rest after included ranges | RETURN | falls off the end |
| excluded outbound ports | TCP | TCP and UDP |
| the proxy's own calls | all | TCP, not to the tunnel port |
| TPROXY port | the outbound one | the inbound one, with marks kept per connection |
| DNS | in ISTIO_REDIRECT and OUTPUT, DNAT to 127.0.0.1 | own chains, and conntrack zones in raw |
| IPv6 and TPROXY | REDIRECT | TPROXY |

Decision: Istio 1.8 let IPv6 traffic of virtual interfaces pass where it redirects IPv4's; both are redirected here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from fastroute.pilot.iptables import dns, tproxy
from fastroute.pilot.iptables.family import IPV4, IPV6, Family
from fastroute.pilot.iptables.options import Options, has_loopback, ranges, split
from fastroute.pilot.iptables.rules import Rule
from fastroute.pilot.iptables.writer import Writer
from fastroute.pilot.profiles import Profile

INBOUND, OUTPUT = "ISTIO_INBOUND", "ISTIO_OUTPUT"
REDIRECT, IN_REDIRECT = "ISTIO_REDIRECT", "ISTIO_IN_REDIRECT"
DROP = "ISTIO_DROP"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything to do, in order: `before` (commands of `ip`), then the rules of both families."""

    v4: tuple[Rule, ...]
    v6: tuple[Rule, ...] = ()
    before: tuple[tuple[str, ...], ...] = field(default=())


def generate(options: Options, profile: Profile) -> Plan:
    """The rules for `options`; IPv6 ones only when `options.ipv6`."""
    old = profile.name == "1.8"
    before: list[tuple[str, ...]] = []
    if options.ipv6:
        before.append(("ip", "-6", "addr", "add", IPV6.passthrough, "dev", "lo"))
    if options.transparent and options.inbound_ports:
        before += tproxy.routing(options, with_ipv6=options.ipv6 and not old)
    v4 = _Generator(options, IPV4, old).rules()
    v6 = _Generator(options, IPV6, old).rules() if options.ipv6 else ()
    return Plan(v4, v6, tuple(before))


class _Generator:
    """The rules of one family; the methods run in the order of the rules."""

    def __init__(self, options: Options, family: Family, old: bool) -> None:
        self.options = options
        self.family = family
        self.old = old
        self.loopback = options.loopback if family is IPV4 else family.loopback
        self.transparent = options.transparent and (family is IPV4 or not old)
        self.redirect_dns = options.dns and (family is IPV4 or not old)
        if not old:
            self.redirect_dns = options.dns and (options.all_dns or bool(options.dns_servers))
        self.out = Writer()

    def rules(self) -> tuple[Rule, ...]:
        self._interfaces()
        self._invalid()
        self._targets()
        self._inbound()
        self._output_start()
        for flag, identities in (("--uid-owner", self.options.uids), ("--gid-owner", self.options.gids)):
            for identity in split(identities):
                self._proxy(flag, identity)
        self._owner_groups()
        if self.redirect_dns and not self.old:
            dns.current(self.out, self.options, self.family)
        self._outbound()
        if self.redirect_dns and self.old:
            dns.old_udp(self.out, self.options)
        if self.transparent and not self.old:
            tproxy.marks(self.out, self.options, self.family, self.loopback)
        return tuple(self.out.rules)

    def _interfaces(self) -> None:
        tables = ("nat", "mangle") if self.options.transparent else ("nat",)
        for table in tables:
            for name in split(self.options.excluded_interfaces):
                self.out.append("PREROUTING", "-i", name, "-j", "RETURN", table=table)
                self.out.append("OUTPUT", "-o", name, "-j", "RETURN", table=table)
        for name in split(self.options.virtual_interfaces):
            self.out.insert("PREROUTING", 1, "-i", name, "-j", "RETURN")

    def _invalid(self) -> None:
        if self.options.drop_invalid:
            match = ("-m", "conntrack", "--ctstate", "INVALID")
            self.out.append("PREROUTING", *match, "-j", DROP, table="mangle")
            self.out.append(DROP, "-j", "DROP", table="mangle")

    def _targets(self) -> None:
        self.out.append(INBOUND, "-p", "tcp", "--dport", self.options.tunnel_port, "-j", "RETURN")
        if self.redirect_dns and self.old:
            dns.old_tcp(self.out, self.options, REDIRECT)
        self.out.append(REDIRECT, "-p", "tcp", "-j", "REDIRECT", "--to-ports", self.options.envoy_port)
        self.out.append(IN_REDIRECT, "-p", "tcp", "-j", "REDIRECT", "--to-ports", self.options.inbound_port)

    def _inbound(self) -> None:
        if not self.options.inbound_ports:
            return
        table = "mangle" if self.transparent else "nat"
        if self.transparent:
            port = self.options.envoy_port if self.old else self.options.inbound_port
            tproxy.chains(self.out, self.options, self.loopback, port)
        self.out.append("PREROUTING", "-p", "tcp", "-j", INBOUND, table=table)
        if self.options.inbound_ports == "*":
            excluded = [*(["22"] if self.old else []), *split(self.options.inbound_exclude)]
            for port in excluded:
                self.out.append(INBOUND, "-p", "tcp", "--dport", port, "-j", "RETURN", table=table)
            self._capture(())
        else:
            for port in split(self.options.inbound_ports):
                self._capture(("--dport", port))

    def _capture(self, match: tuple[str, ...]) -> None:
        if self.transparent:
            tproxy.capture(self.out, INBOUND, match, self.old)
        else:
            self.out.append(INBOUND, "-p", "tcp", *match, "-j", IN_REDIRECT)

    def _output_start(self) -> None:
        self.out.append("OUTPUT", *(("-p", "tcp") if self.old else ()), "-j", OUTPUT)
        for port in split(self.options.outbound_exclude):
            for protocol in ("tcp",) if self.old else ("tcp", "udp"):
                self.out.append(OUTPUT, "-p", protocol, "--dport", port, "-j", "RETURN")
        self.out.append(OUTPUT, "-o", "lo", "-s", self.family.passthrough, "-j", "RETURN")

    def _proxy(self, flag: str, identity: str) -> None:
        owner = ("-m", "owner", flag, identity)
        not_owner = ("-m", "owner", "!", flag, identity)
        own_pod = ("-o", "lo", "!", "-d", self.loopback, *self._own_calls(flag))
        self.out.append(OUTPUT, *own_pod, *owner, "-j", IN_REDIRECT)
        if not has_loopback(self.options.outbound_ranges):
            without_dns = ("-p", "tcp", "!", "--dport", "53") if self.redirect_dns else ()
            self.out.append(OUTPUT, "-o", "lo", *without_dns, *not_owner, "-j", "RETURN")
        self.out.append(OUTPUT, *owner, "-j", "RETURN")

    def _own_calls(self, flag: str) -> tuple[str, ...]:
        """Which of the proxy's calls to its own pod go back in; DNS of a uid does not when DNS is redirected."""
        with_dns = self.redirect_dns and flag == "--uid-owner"
        if self.old:
            return ("-p", "tcp", "!", "--dport", "53") if with_dns else ()
        if with_dns:
            return ("-p", "tcp", "-m", "multiport", "!", "--dports", f"53,{self.options.tunnel_port}")
        return ("-p", "tcp", "!", "--dport", self.options.tunnel_port)

    def _owner_groups(self) -> None:
        if self.options.owner_groups in ("", "*"):
            for group in split(self.options.owner_groups_exclude):
                self.out.append(OUTPUT, "-m", "owner", "--gid-owner", group, "-j", "RETURN")
            return
        none_of = [("-m", "owner", "!", "--gid-owner", group) for group in split(self.options.owner_groups)]
        self.out.append(OUTPUT, *(word for words in none_of for word in words), "-j", "RETURN")

    def _outbound(self) -> None:
        version = self.family.version
        self.out.append(OUTPUT, "-d", self.loopback, "-j", "RETURN")
        for network in ranges(self.options.outbound_ranges_exclude, version):
            self.out.append(OUTPUT, "-d", str(network), "-j", "RETURN")
        for port in split(self.options.outbound_ports):
            self.out.append(OUTPUT, "-p", "tcp", "--dport", port, "-j", REDIRECT)
        if self.options.outbound_ranges == "*":
            self.out.append(OUTPUT, "-j", REDIRECT)
            self._virtual(())
            return
        included = ranges(self.options.outbound_ranges, version)
        for network in included:
            self._virtual(("-d", str(network)))
            self.out.append(OUTPUT, "-d", str(network), "-j", REDIRECT)
        if included and self.old:
            self.out.append(OUTPUT, "-j", "RETURN")

    def _virtual(self, match: Iterable[str]) -> None:
        for name in split(self.options.virtual_interfaces):
            self.out.insert("PREROUTING", 1, "-i", name, *match, "-j", REDIRECT)
