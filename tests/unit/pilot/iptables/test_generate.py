"""The rules for each option: S-010 to S-013, D1, D2, D4."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.shared import shared

from fastroute.errors import ParseError
from fastroute.pilot.iptables.generate import generate
from fastroute.pilot.iptables.options import Options
from fastroute.pilot.iptables.rules import Rule, commands, restore_text
from fastroute.pilot.profiles import PROFILES

OLD, CURRENT = PROFILES["1.8"], PROFILES["current"]
SEED = Options(inbound_ports="*", outbound_ranges="*", inbound_exclude="15090,15021,15020")


def texts(rules: tuple[Rule, ...], chain: str, table: str = "nat") -> list[str]:
    return [str(rule) for rule in rules if (rule.chain, rule.table) == (chain, table)]


def test_d1_the_seed_arguments_give_the_seed_rules() -> None:
    assert restore_text(generate(SEED, OLD).v4) == shared("seed/iptables-rules-1.8.txt").read_text()


def test_s012_the_proxy_is_never_redirected_again() -> None:
    rules = texts(generate(replace(SEED, uids="7", gids="8"), OLD).v4, "ISTIO_OUTPUT")
    assert "-A ISTIO_OUTPUT -m owner --uid-owner 7 -j RETURN" in rules
    assert "-A ISTIO_OUTPUT -m owner --gid-owner 8 -j RETURN" in rules


def test_lists_of_uids_and_gids_are_triples_in_order() -> None:
    rules = texts(generate(replace(SEED, uids="1,2", gids="3"), OLD).v4, "ISTIO_OUTPUT")
    owners = [rule.split("-owner ")[1].split()[0] for rule in rules if "-owner " in rule]
    assert owners == ["1", "1", "1", "2", "2", "2", "3", "3", "3"]


def test_no_inbound_ports_means_no_jump() -> None:
    rules = generate(replace(SEED, inbound_ports=""), OLD).v4
    assert texts(rules, "PREROUTING") == []
    assert texts(rules, "ISTIO_INBOUND") == ["-A ISTIO_INBOUND -p tcp --dport 15008 -j RETURN"]


def test_listed_inbound_ports_ignore_the_exclusions() -> None:
    rules = texts(generate(replace(SEED, inbound_ports="80,443"), OLD).v4, "ISTIO_INBOUND")
    assert rules[1:] == [f"-A ISTIO_INBOUND -p tcp --dport {port} -j ISTIO_IN_REDIRECT" for port in (80, 443)]


def test_port_22_only_in_1_8() -> None:
    assert any("--dport 22 " in rule for rule in texts(generate(SEED, OLD).v4, "ISTIO_INBOUND"))
    assert not any("--dport 22 " in rule for rule in texts(generate(SEED, CURRENT).v4, "ISTIO_INBOUND"))


def test_tproxy_of_1_8() -> None:
    plan = generate(replace(SEED, mode="TPROXY", mark="5", route_table="6"), OLD)
    assert texts(plan.v4, "ISTIO_TPROXY", "mangle") == [
        "-A ISTIO_TPROXY ! -d 127.0.0.1/32 -p tcp -j TPROXY --tproxy-mark 5/0xffffffff --on-port 15001"
    ]
    assert texts(plan.v4, "ISTIO_INBOUND", "mangle")[-2:] == [
        "-A ISTIO_INBOUND -p tcp -m socket -j ISTIO_DIVERT",
        "-A ISTIO_INBOUND -p tcp -j ISTIO_TPROXY",
    ]
    assert [" ".join(command) for command in plan.before] == [
        "ip -f inet rule add fwmark 5 lookup 6",
        "ip -f inet route add local default dev lo table 6",
    ]


def test_tproxy_of_today() -> None:
    plan = generate(replace(SEED, mode="TPROXY", ipv6=True), CURRENT)
    assert texts(plan.v4, "ISTIO_TPROXY", "mangle")[0].endswith("--on-port 15006")
    assert texts(plan.v6, "ISTIO_TPROXY", "mangle")[0].startswith("-A ISTIO_TPROXY ! -d ::1/128")
    assert len(plan.before) == 5


def test_tproxy_of_listed_ports() -> None:
    plan = generate(replace(SEED, mode="TPROXY", inbound_ports="80"), CURRENT)
    captured = [rule for rule in texts(plan.v4, "ISTIO_INBOUND", "mangle") if "--dport 80" in rule]
    assert [rule.rpartition(" ")[2] for rule in captured] == ["ISTIO_DIVERT", "ISTIO_TPROXY"]


def test_outbound_ranges() -> None:
    options = replace(SEED, outbound_ranges="10.0.0.1/8,fd00::/8", outbound_ranges_exclude="10.1.0.0/16", ipv6=True)
    old, current = generate(options, OLD), generate(options, CURRENT)
    ending = ["-A ISTIO_OUTPUT -d 10.1.0.0/16 -j RETURN", "-A ISTIO_OUTPUT -d 10.0.0.0/8 -j ISTIO_REDIRECT"]
    assert texts(old.v4, "ISTIO_OUTPUT")[-3:] == [*ending, "-A ISTIO_OUTPUT -j RETURN"]
    assert texts(current.v4, "ISTIO_OUTPUT")[-2:] == ending
    assert texts(current.v6, "ISTIO_OUTPUT")[-1] == "-A ISTIO_OUTPUT -d fd00::/8 -j ISTIO_REDIRECT"


def test_no_outbound_ranges_means_no_redirect() -> None:
    rules = texts(generate(replace(SEED, outbound_ranges=""), OLD).v4, "ISTIO_OUTPUT")
    assert rules[-1] == "-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN"


def test_outbound_ports() -> None:
    options = replace(SEED, outbound_exclude="81", outbound_ports="82", outbound_ranges="")
    old = texts(generate(options, OLD).v4, "ISTIO_OUTPUT")
    assert old[0] == "-A ISTIO_OUTPUT -p tcp --dport 81 -j RETURN"
    assert old[-1] == "-A ISTIO_OUTPUT -p tcp --dport 82 -j ISTIO_REDIRECT"
    current = texts(generate(options, CURRENT).v4, "ISTIO_OUTPUT")
    assert current[1] == "-A ISTIO_OUTPUT -p udp --dport 81 -j RETURN"


def test_virtual_interfaces() -> None:
    rules = texts(generate(replace(SEED, virtual_interfaces="kv1"), OLD).v4, "PREROUTING")
    assert rules == [
        "-I PREROUTING 1 -i kv1 -j RETURN",
        "-A PREROUTING -p tcp -j ISTIO_INBOUND",
        "-I PREROUTING 1 -i kv1 -j ISTIO_REDIRECT",
    ]
    by_range = replace(SEED, virtual_interfaces="kv1", outbound_ranges="10.0.0.0/8")
    assert "-I PREROUTING 1 -i kv1 -d 10.0.0.0/8 -j ISTIO_REDIRECT" in texts(generate(by_range, OLD).v4, "PREROUTING")


def test_virtual_interfaces_are_redirected_in_both_families() -> None:
    """Decision: Istio 1.8 returned the IPv6 traffic of virtual interfaces where it redirected IPv4's."""
    plan = generate(replace(SEED, virtual_interfaces="kv1", ipv6=True), OLD)
    assert texts(plan.v6, "PREROUTING")[-1] == "-I PREROUTING 1 -i kv1 -j ISTIO_REDIRECT"


def test_excluded_interfaces() -> None:
    rules = generate(replace(SEED, excluded_interfaces="eth9"), CURRENT).v4
    assert texts(rules, "PREROUTING")[0] == "-A PREROUTING -i eth9 -j RETURN"
    assert texts(rules, "OUTPUT")[0] == "-A OUTPUT -o eth9 -j RETURN"


def test_loopback_ranges_skip_the_rule_about_others() -> None:
    rules = texts(generate(replace(SEED, outbound_ranges="127.1.2.3/32"), OLD).v4, "ISTIO_OUTPUT")
    assert not any("! --uid-owner" in rule for rule in rules)


def test_ipv6_has_its_own_addresses() -> None:
    plan = generate(replace(SEED, ipv6=True), OLD)
    assert plan.before == (("ip", "-6", "addr", "add", "::6/128", "dev", "lo"),)
    text = restore_text(plan.v6)
    assert "127.0.0" not in text
    assert "-s ::6/128" in text
    assert "! -d ::1/128" in text
    assert generate(SEED, OLD).v6 == ()


def test_dns_of_1_8() -> None:
    rules = generate(replace(SEED, dns=True), OLD).v4
    assert texts(rules, "ISTIO_REDIRECT")[0] == "-A ISTIO_REDIRECT -p tcp --dport 53 -j REDIRECT --to-ports 15053"
    assert texts(rules, "OUTPUT")[-1] == "-A OUTPUT -p udp --dport 53 -j DNAT --to-destination 127.0.0.1:15053"
    assert texts(rules, "POSTROUTING") == ["-A POSTROUTING -p udp --dport 15053 -j SNAT --to-source 127.0.0.1"]


def test_dns_of_today_needs_servers_or_all() -> None:
    assert "ISTIO_OUTPUT_DNS" not in restore_text(generate(replace(SEED, dns=True), CURRENT).v4)
    by_server = generate(replace(SEED, dns=True, dns_servers=("10.0.0.10", "fd00::a"), ipv6=True), CURRENT)
    assert "-A ISTIO_OUTPUT_DNS -p udp --dport 53 -d 10.0.0.10/32 -j REDIRECT --to-port 15053" in texts(
        by_server.v4, "ISTIO_OUTPUT_DNS"
    )
    assert any("fd00::a/128" in rule for rule in texts(by_server.v6, "ISTIO_OUTPUT_DNS"))
    everywhere = generate(replace(SEED, dns=True, all_dns=True), CURRENT)
    assert "-A ISTIO_OUTPUT_DNS -p udp --dport 53 -j CT --zone 2" in texts(everywhere.v4, "ISTIO_OUTPUT_DNS", "raw")


def test_owner_groups() -> None:
    excluded = generate(replace(SEED, owner_groups_exclude="a,b"), CURRENT).v4
    assert "-A ISTIO_OUTPUT -m owner --gid-owner b -j RETURN" in texts(excluded, "ISTIO_OUTPUT")
    included = generate(replace(SEED, owner_groups="a,b"), CURRENT).v4
    expected = "-A ISTIO_OUTPUT -m owner ! --gid-owner a -m owner ! --gid-owner b -j RETURN"
    assert expected in texts(included, "ISTIO_OUTPUT")


def test_invalid_packets_are_dropped_on_request() -> None:
    rules = generate(replace(SEED, drop_invalid=True), CURRENT).v4
    assert texts(rules, "PREROUTING", "mangle") == ["-A PREROUTING -m conntrack --ctstate INVALID -j ISTIO_DROP"]


def test_restore_format_off_is_one_command_a_line() -> None:
    found = commands(generate(SEED, OLD).v4, "iptables")
    assert found[0] == ("iptables", "-t", "nat", "-N", "ISTIO_INBOUND")
    assert found[-1] == ("iptables", "-t", "nat", "-A", "ISTIO_OUTPUT", "-j", "ISTIO_REDIRECT")


@pytest.mark.parametrize(
    ("option", "value", "flag"),
    [
        ("envoy_port", "0", "--envoy-port"),
        ("envoy_port", "x", "--envoy-port"),
        ("inbound_ports", "80,x", "--istio-inbound-ports"),
        ("inbound_exclude", "*", "--istio-local-exclude-ports"),
        ("outbound_ranges", "10.0.0.0", "--istio-service-cidr"),
        ("outbound_ranges", "10.0.0.0/33", "--istio-service-cidr"),
        ("outbound_ranges_exclude", "*", "--istio-service-exclude-cidr"),
        ("mode", "tproxy", "--istio-inbound-interception-mode"),
        ("uids", "1337;reboot", "--proxy-uid"),
        ("virtual_interfaces", "a b", "--kube-virt-interfaces"),
        ("mark", "-1", "--istio-inbound-tproxy-mark"),
    ],
)
def test_what_iptables_could_not_take_is_refused(option: str, value: str, flag: str) -> None:
    with pytest.raises(ParseError) as refused:
        replace(SEED, **{option: value})
    assert refused.value.path == flag
