"""The command in a real network namespace: apply, apply again, validate, inspect (S-013), clean."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.netns import PodNetwork, require_root
from support.shared import ROOT

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
