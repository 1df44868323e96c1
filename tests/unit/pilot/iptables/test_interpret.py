"""The interpreter of rules: S-012, S-066, S-090 and the meaning that D1 gives the seed's rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fastroute.errors import UnsupportedError
from fastroute.pilot.iptables.generate import generate
from fastroute.pilot.iptables.interpret import interpret
from fastroute.pilot.iptables.options import Options
from fastroute.pilot.iptables.packet import Packet
from fastroute.pilot.iptables.rules import Rule
from fastroute.pilot.profiles import PROFILES

SEED = Options(inbound_ports="*", outbound_ranges="*", inbound_exclude="15090,15021,15020")
RULES = generate(SEED, PROFILES["1.8"]).v4
POD = "10.240.2.38"
APP = Packet("outbound", "10.231.20.47", 9080, source=POD, uid=0, gid=0, out_interface="eth0")
ENVOY = replace(APP, uid=1337, gid=1337)
IN = Packet("inbound", POD, 9080, source="10.240.2.74", in_interface="eth0")


@pytest.mark.parametrize(
    ("packet", "action", "port", "rule"),
    [
        (APP, "redirect", 15001, "-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001"),
        (ENVOY, "pass", 9080, "-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN"),
        (replace(APP, gid=1337), "pass", 9080, "-A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN"),
        (IN, "redirect", 15006, "-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006"),
        (replace(IN, port=15020), "pass", 15020, "-A ISTIO_INBOUND -p tcp --dport 15020 -j RETURN"),
        (replace(IN, protocol="udp"), "pass", 9080, None),
        (
            replace(APP, destination="127.0.0.1", source="127.0.0.1", out_interface="lo"),
            "pass",
            9080,
            "-A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN",
        ),
        (
            replace(ENVOY, destination=POD, out_interface="lo"),
            "redirect",
            15006,
            "-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006",
        ),
        (
            replace(ENVOY, source="127.0.0.6", destination=POD, out_interface="lo"),
            "pass",
            9080,
            "-A ISTIO_OUTPUT -o lo -s 127.0.0.6/32 -j RETURN",
        ),
        (replace(IN, state="ESTABLISHED"), "pass", 9080, None),
    ],
    ids=["app", "envoy", "gid", "inbound", "excluded", "udp", "loopback", "own-vip", "passthrough", "established"],
)
def test_the_seed_rules_decide(packet: Packet, action: str, port: int, rule: str | None) -> None:
    verdict = interpret(RULES, packet, own_address=POD)
    assert (verdict.action, verdict.port) == (action, port)
    assert (None if verdict.rule is None else str(verdict.rule)) == rule


def test_s066_envoy_to_the_application_over_loopback_passes() -> None:
    packet = replace(ENVOY, destination="127.0.0.1", source="127.0.0.1", out_interface="lo")
    assert interpret(RULES, packet).action == "pass"


def test_steps_go_chain_by_chain_and_say_why() -> None:
    steps = interpret(RULES, APP).steps
    assert [step.chain for step in steps if step.acted] == ["OUTPUT", "ISTIO_OUTPUT", "ISTIO_REDIRECT"]
    assert next(step for step in steps if not step.acted).reason == "out interface lo does not hold"
    assert interpret(RULES, APP).text().endswith("(nat: -A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001)")


def test_transparent_interception_keeps_the_address() -> None:
    rules = generate(replace(SEED, mode="TPROXY"), PROFILES["current"]).v4
    verdict = interpret(rules, IN)
    assert (verdict.action, verdict.address, verdict.port, verdict.mark) == ("tproxy", POD, 15006, 1337)
    known = interpret(rules, replace(IN, state="ESTABLISHED"))
    assert (known.action, known.mark) == ("pass", 1337)


def test_the_proxy_calling_its_own_pod_is_marked_and_captured_in_tproxy_mode() -> None:
    rules = generate(replace(SEED, mode="TPROXY"), PROFILES["current"]).v4
    verdict = interpret(rules, replace(IN, in_interface="lo", mark=1338))
    assert verdict.action == "tproxy"
    assert interpret(rules, replace(IN, in_interface="lo")).action == "pass"


def test_invalid_packets_are_dropped() -> None:
    rules = generate(replace(SEED, drop_invalid=True), PROFILES["current"]).v4
    assert interpret(rules, replace(IN, state="INVALID")).action == "drop"


def test_dns_of_1_8_goes_to_the_agent() -> None:
    rules = generate(replace(SEED, dns=True), PROFILES["1.8"]).v4
    question = replace(APP, protocol="udp", port=53)
    verdict = interpret(rules, question)
    assert (verdict.action, verdict.address, verdict.port) == ("dnat", "127.0.0.1", 15053)
    assert interpret(rules, replace(question, uid=1337)).action == "pass"
    assert interpret(rules, replace(question, protocol="tcp")).port == 15053


def test_dns_of_today_is_kept_apart_by_zones() -> None:
    rules = generate(replace(SEED, dns=True, all_dns=True), PROFILES["current"]).v4
    question = replace(APP, protocol="udp", port=53)
    assert (interpret(rules, question).port, interpret(rules, question).zone) == (15053, 2)
    assert interpret(rules, replace(IN, protocol="udp", source_port=53)).zone == 1


def test_virtual_interfaces_are_outbound() -> None:
    rules = generate(replace(SEED, virtual_interfaces="kv1"), PROFILES["1.8"]).v4
    assert interpret(rules, replace(IN, in_interface="kv1", destination="1.2.3.4")).port == 15001


def test_a_word_that_is_not_understood_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="--string"):
        interpret([Rule("nat", "OUTPUT", ("-m", "udp", "--string", "x", "-j", "DROP"))], APP)
    with pytest.raises(UnsupportedError, match="no chain 'NOWHERE'"):
        interpret([Rule("nat", "OUTPUT", ("-j", "NOWHERE"))], APP)
    with pytest.raises(UnsupportedError, match="without end"):
        interpret([Rule("nat", "OUTPUT", ("-j", "A")), Rule("nat", "A", ("-j", "A"))], APP)
