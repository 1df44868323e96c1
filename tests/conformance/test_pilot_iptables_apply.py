"""The command in a real network namespace: apply, apply again, validate, inspect (S-013), clean."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.netns import PodNetwork, require_root
from support.shared import ROOT

from fastroute.pilot.iptables.generate import generate
from fastroute.pilot.iptables.nft import nft_text
from fastroute.pilot.iptables.options import Options
from fastroute.pilot.iptables.rules import restore_text
from fastroute.pilot.profiles import PROFILES

pytestmark = pytest.mark.root

SCRIPT = """
import sys
from fastroute.cli.pilot_iptables import iptables
from fastroute.errors import FastrouteError
try:
    iptables.main(sys.argv[1:], standalone_mode=False)
except FastrouteError as error:
    sys.exit(f"fastroute: {error}")
"""
SEED = [
    "-p",
    "15001",
    "-z",
    "15006",
    "-u",
    "1337",
    "-m",
    "REDIRECT",
    "-i",
    "*",
    "-x",
    "",
    "-b",
    "*",
    "-d",
    "15090,15021,15020",
]


def drawn(chance: random.Random) -> Options:
    """Options with a bit of everything."""

    def some(*values: str) -> str:
        return ",".join(chance.sample(values, chance.randint(0, len(values))))

    return Options(
        mode=chance.choice(("REDIRECT", "TPROXY")),
        uids=some("1337", "7") or "1337",
        gids=some("1337", "8") or "1337",
        inbound_ports=chance.choice(("*", some("80", "443", "1000:2000"))),
        inbound_exclude=some("81", "82:83"),
        outbound_ports=some("84", "85:86"),
        outbound_exclude=some("87", "88:89"),
        outbound_ranges=chance.choice(("*", some("10.0.0.0/8", "127.0.0.0/8", "fd00::/8"))),
        outbound_ranges_exclude=some("10.1.0.0/16", "fd01::/16"),
        virtual_interfaces=some("kv1", "kv+"),
        excluded_interfaces=some("eth9"),
        owner_groups=chance.choice(("*", some("5", "6"))),
        owner_groups_exclude=some("55", "56"),
        dns=chance.random() < 0.5,
        all_dns=chance.random() < 0.5,
        dns_servers=chance.choice(((), ("10.0.0.10", "fd00::a"))),
        drop_invalid=chance.random() < 0.5,
        ipv6=True,
    )


@pytest.fixture
def network() -> Iterator[PodNetwork]:
    require_root()
    with PodNetwork(probes=False) as built:
        yield built


def fastroute(network: PodNetwork, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["ip", "netns", "exec", network.pod, sys.executable, "-c", SCRIPT, *arguments]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


def own_rules(network: PodNetwork) -> list[str]:
    lines = "".join(network.run(f"{program}-save") for program in ("iptables", "ip6tables")).splitlines()
    return [line for line in lines if line.startswith(("-A", ":ISTIO"))]


@pytest.mark.parametrize("profile", ["1.8", "current"])
@pytest.mark.parametrize("how", [[], ["-f=false"], ["-m", "TPROXY"]], ids=["restore", "commands", "tproxy"])
def test_apply_validate_clean(network: PodNetwork, profile: str, how: list[str]) -> None:
    arguments = ["--profile", profile, "--ipv6", *SEED, *how]
    assert own_rules(network) == []
    applied = fastroute(network, *arguments, "--run-validation")
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout.count("validated: ") == 2
    once = own_rules(network)
    assert any("ISTIO_REDIRECT" in rule for rule in once)
    again = fastroute(network, *arguments)
    assert again.returncode == 0, again.stderr
    assert own_rules(network) == once
    cleaned = fastroute(network, *arguments, "clean")
    assert cleaned.returncode == 0, cleaned.stderr
    assert own_rules(network) == []
    assert "lookup 133" not in network.run("ip", "rule")


def test_s013_the_rules_are_seen_in_the_namespace(network: PodNetwork) -> None:
    fastroute(network, "--profile", "1.8", "--no-ipv6", *SEED)
    listed = network.run("iptables", "-t", "nat", "-S")
    assert "-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001" in listed.splitlines()


def test_nftables(network: PodNetwork) -> None:
    arguments = ["--native-nftables", "--ipv6", *SEED]
    for _ in range(2):
        applied = fastroute(network, *arguments, "--run-validation")
        assert applied.returncode == 0, applied.stderr
    assert network.run("nft", "list", "tables").splitlines() == [
        "table ip istio-proxy-nat",
        "table ip6 istio-proxy-nat",
    ]
    fastroute(network, *arguments, "clean")
    assert network.run("nft", "list", "tables") == ""


def test_validation_without_rules_fails_with_126(network: PodNetwork) -> None:
    failed = fastroute(network, *SEED, "--skip-rule-apply", "--run-validation", "--probe-timeout", "300ms", "--no-ipv6")
    assert failed.returncode == 126
    assert failed.stderr.startswith("fastroute: validation failed: the connection to 127.0.0.6 port 15002 did not")


def test_a_user_that_the_kernel_refuses_leaves_no_rule(network: PodNetwork) -> None:
    refused = fastroute(network, "--no-ipv6", "--istio-outbound-owner-groups", "no-such-group", *SEED)
    assert refused.returncode == 1
    assert refused.stderr.startswith("fastroute: iptables-restore --noflush: ")
    assert len(refused.stderr.splitlines()) == 1
    assert own_rules(network) == []


@pytest.mark.parametrize("profile", ["1.8", "current"])
def test_the_kernel_takes_whatever_is_generated(network: PodNetwork, profile: str) -> None:
    chance = random.Random(profile)
    for _ in range(20):
        plan = generate(drawn(chance), PROFILES[profile])
        for program, rules in (("iptables-restore", plan.v4), ("ip6tables-restore", plan.v6)):
            network.run(program, "--test", "--noflush", input=restore_text(rules))
        network.run("nft", "-c", "-f", "-", input=nft_text(plan))
