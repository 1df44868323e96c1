"""The generated rules in the kernel: real packets end where the interpreter says.

Each set of options gets two network namespaces (pod and peer) of its own, its rules, and drawn packets: TCP connections
and UDP datagrams of different users, ports and addresses, in both directions. Where a packet went is what a listener
received. The draw is from a fixed seed, so a failure repeats.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import pytest
from support.netns import PEER, PEER6, POD, POD6, TCP_PORTS, UDP_PORTS, PodNetwork, require_root

from fastroute.pilot.iptables.generate import Plan, generate
from fastroute.pilot.iptables.interpret import Verdict, interpret
from fastroute.pilot.iptables.nft import nft_text
from fastroute.pilot.iptables.options import Options
from fastroute.pilot.iptables.packet import Packet
from fastroute.pilot.iptables.rules import restore_text
from fastroute.pilot.profiles import PROFILES

pytestmark = pytest.mark.root

PACKETS = 24
SEED = Options(inbound_ports="*", outbound_ranges="*", inbound_exclude="15090,15021,15020")
RANGES = "10.9.0.0/24,1.2.0.0/16,127.0.0.0/8,fd09::/64"


@dataclass(frozen=True, slots=True)
class Case:
    """Options under a profile, written for iptables or nftables."""

    profile: str
    options: Options
    version: int = 4
    nft: bool = False


CASES = {
    "seed": Case("1.8", SEED),
    "listed": Case("1.8", replace(SEED, inbound_ports="80,9080", uids="1337,7", gids="8", outbound_exclude="443")),
    "ranges": Case("1.8", replace(SEED, outbound_ranges="10.9.0.0/24,1.2.0.0/16", outbound_ports="443")),
    "loopback-range": Case("1.8", replace(SEED, outbound_ranges=RANGES)),
    "tproxy": Case("1.8", replace(SEED, mode="TPROXY")),
    "dns": Case("1.8", replace(SEED, dns=True)),
    "ipv6": Case("1.8", replace(SEED, ipv6=True), 6),
    "current": Case("current", replace(SEED, outbound_ranges_exclude="1.2.0.0/16", outbound_exclude="443,53")),
    "current-tproxy": Case("current", replace(SEED, mode="TPROXY")),
    "current-dns": Case("current", replace(SEED, dns=True, all_dns=True)),
    "current-dns-server": Case("current", replace(SEED, dns=True, dns_servers=("10.9.0.1",))),
    "current-groups": Case("current", replace(SEED, owner_groups="8,9")),
    "current-ipv6-tproxy": Case("current", replace(SEED, mode="TPROXY", ipv6=True), 6),
    "nft": Case("current", replace(SEED, outbound_ranges_exclude="1.2.0.0/16", outbound_exclude="443,53"), nft=True),
    "nft-tproxy": Case("current", replace(SEED, mode="TPROXY"), nft=True),
    "nft-dns": Case("current", replace(SEED, dns=True, all_dns=True), nft=True),
    "nft-ipv6": Case("current", replace(SEED, outbound_ranges=RANGES, ipv6=True), 6, nft=True),
}


def apply(network: PodNetwork, plan: Plan, nft: bool) -> None:
    for command in plan.before:
        network.run(*command)
    if nft:
        network.run("nft", "-f", "-", input=nft_text(plan))
        return
    network.run("iptables-restore", "--noflush", input=restore_text(plan.v4))
    if plan.v6:
        network.run("ip6tables-restore", "--noflush", input=restore_text(plan.v6))


def draw(chance: random.Random, version: int) -> Packet:
    """A packet near the rules' own values."""
    own, peer = (POD, PEER) if version == 4 else (POD6, PEER6)
    protocol = "udp" if chance.random() < 0.25 else "tcp"
    port = chance.choice(TCP_PORTS if protocol == "tcp" else UDP_PORTS)
    identity = {"uid": chance.choice((0, 7, 1337, 1338)), "gid": chance.choice((0, 8, 1337))}
    if chance.random() < 0.35:
        return Packet("inbound", own, port, source=peer, protocol=protocol, in_interface="eth0")
    loopback = ("127.0.0.1", "127.0.0.2") if version == 4 else ("::1",)
    remote = (peer, "1.2.3.4", "10.20.30.40") if version == 4 else (peer, "fd10::1")
    destination = chance.choice((own, *loopback, *remote, *remote))
    local = destination in (own, *loopback)
    source = own if destination == own or not local else loopback[0]
    if local and chance.random() < 0.25:
        source = "127.0.0.6" if version == 4 else "::6"
    out = "lo" if local else "eth0"
    return Packet("outbound", destination, port, source=source, protocol=protocol, out_interface=out, **identity)


def expected(verdict: Verdict, packet: Packet) -> tuple[str, int]:
    if verdict.action == "drop":
        return "nowhere", 0
    if verdict.action == "pass" and packet.direction == "outbound" and packet.out_interface != "lo":
        return "peer", 0
    return "pod", verdict.port


@pytest.mark.parametrize("name", CASES)
def test_packets_end_where_the_interpreter_says(name: str) -> None:
    require_root()
    case = CASES[name]
    plan = generate(case.options, PROFILES[case.profile])
    rules = plan.v4 if case.version == 4 else plan.v6
    chance = random.Random(name)
    port = 15001 if case.profile == "1.8" else 15006
    with PodNetwork(transparent=(port,) if case.options.transparent else ()) as network:
        apply(network, plan, case.nft)
        for _ in range(PACKETS):
            packet = draw(chance, case.version)
            verdict = interpret(rules, packet, own_address=POD if case.version == 4 else POD6)
            source = packet.source if packet.source in ("127.0.0.6", "::6") else ""
            who = (packet.uid or 0, packet.gid or 0)
            found = network.outcome(packet.direction, packet.protocol, source, packet.destination, packet.port, *who)
            assert found == expected(verdict, packet), f"{packet}\n{verdict.text()}"
