"""Properties of the redirection rules for drawn options, in both profiles."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastroute.pilot.iptables.generate import generate
from fastroute.pilot.iptables.interpret import interpret
from fastroute.pilot.iptables.nft import nft_text
from fastroute.pilot.iptables.options import Options
from fastroute.pilot.iptables.packet import Packet
from fastroute.pilot.iptables.rules import chains, restore_text, used_tables
from fastroute.pilot.profiles import PROFILES

PORTS = st.sampled_from(["80", "443", "22", "53", "9080", "1000:2000"])
PORT_LISTS = st.lists(PORTS, max_size=3, unique=True).map(",".join)
RANGES = st.lists(
    st.sampled_from(["10.0.0.0/8", "1.2.3.4/32", "127.0.0.0/8", "0.0.0.0/0", "fd00::/8"]), max_size=3, unique=True
).map(",".join)
IDENTITIES = st.lists(st.sampled_from(["1337", "7", "0"]), min_size=1, max_size=2, unique=True).map(",".join)
OPTIONS = st.builds(
    Options,
    mode=st.sampled_from(["", "REDIRECT", "TPROXY"]),
    uids=IDENTITIES,
    gids=IDENTITIES,
    inbound_ports=st.just("*") | PORT_LISTS,
    inbound_exclude=PORT_LISTS,
    outbound_ports=PORT_LISTS,
    outbound_exclude=PORT_LISTS,
    outbound_ranges=st.just("*") | RANGES,
    outbound_ranges_exclude=RANGES,
    virtual_interfaces=st.sampled_from(["", "kv1", "kv1,kv2"]),
    excluded_interfaces=st.sampled_from(["", "eth9"]),
    owner_groups_exclude=st.sampled_from(["", "55"]),
    dns=st.booleans(),
    all_dns=st.booleans(),
    dns_servers=st.sampled_from([(), ("10.0.0.10",), ("10.0.0.10", "fd00::a")]),
    drop_invalid=st.booleans(),
    ipv6=st.booleans(),
)
PACKETS = st.builds(
    Packet,
    direction=st.just("outbound"),
    destination=st.sampled_from(["10.1.2.3", "1.2.3.4", "8.8.8.8", "10.0.0.10"]),
    port=st.sampled_from([80, 443, 53, 9080, 15008, 1500]),
    source=st.just("10.9.0.2"),
    protocol=st.sampled_from(["tcp", "udp"]),
    uid=st.sampled_from([0, 7, 1337, 99]),
    gid=st.sampled_from([0, 7, 1337, 99]),
    out_interface=st.just("eth0"),
)


@pytest.mark.parametrize("profile", PROFILES)
@given(options=OPTIONS, packet=PACKETS)
def test_s012_what_the_proxy_sends_is_never_redirected(profile: str, options: Options, packet: Packet) -> None:
    """No infinite loop, whatever else is asked for."""
    for uid in options.uids.split(","):
        verdict = interpret(generate(options, PROFILES[profile]).v4, replace(packet, uid=int(uid)))
        assert verdict.action in ("pass", "drop"), verdict.text()


@pytest.mark.parametrize("profile", PROFILES)
@given(options=OPTIONS, port=st.sampled_from([80, 15001, 15006, 9080]))
def test_loopback_of_the_application_is_left_alone(profile: str, options: Options, port: int) -> None:
    own = replace(options, outbound_ranges="*", outbound_ports="", mode="REDIRECT", uids="1337", gids="1337")
    packet = Packet("outbound", "127.0.0.1", port, source="127.0.0.1", uid=99, gid=99, out_interface="lo")
    assert interpret(generate(own, PROFILES[profile]).v4, packet).action == "pass"


@pytest.mark.parametrize("profile", PROFILES)
@given(options=OPTIONS, packet=PACKETS)
def test_every_target_exists_and_both_writings_are_whole(profile: str, options: Options, packet: Packet) -> None:
    plan = generate(options, PROFILES[profile])
    for rules in (plan.v4, plan.v6):
        for table in used_tables(rules):
            own = set(chains(rules, table))
            targets = {rule.words[rule.words.index("-j") + 1] for rule in rules if rule.table == table}
            assert {target for target in targets if target.startswith("ISTIO_")} <= own
    assert restore_text(plan.v4).count("COMMIT") == len(used_tables(plan.v4))
    assert nft_text(plan).count("{") == nft_text(plan).count("}")
    interpret(plan.v4, packet)


@settings(max_examples=50)
@given(options=OPTIONS)
def test_the_same_options_give_the_same_rules(options: Options) -> None:
    for profile in PROFILES.values():
        assert generate(options, profile) == generate(options, profile)
