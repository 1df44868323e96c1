"""The command line of redirection: S-010 (flags), S-011 (environment), dry run, and clear refusals."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.shared import shared

from fastroute.cli.pilot_iptables import SHORT, iptables
from fastroute.errors import ParseError
from fastroute.pilot.iptables import apply as application
from fastroute.pilot.iptables.apply import ApplyError
from fastroute.pilot.iptables.generate import generate
from fastroute.pilot.iptables.options import FLAGS, Options
from fastroute.pilot.profiles import PROFILES

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
OLD = ["--profile", "1.8", "--no-ipv6"]


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(iptables, list(arguments), env=environment, catch_exceptions=False)


def test_s020_the_arguments_of_the_init_container() -> None:
    printed = run(*OLD, *SEED, "-n").output
    assert printed == shared("seed/iptables-rules-1.8.txt").read_text()


def test_s010_every_flag_of_the_usage_text_with_its_short_form() -> None:
    usage = shared("seed/blocks/00-istio-iptables-usage.txt").read_text()
    described = re.findall(r"^ +(?:-(\w), )?--([\w-]+)", usage, re.MULTILINE)
    assert len(described) == 20
    parameters = {name: set(parameter.opts) for parameter in iptables.params for name in parameter.opts}
    for short, long in described:
        if long == "help":
            continue
        assert f"--{long}" in parameters
        assert not short or f"-{short}" in parameters[f"--{long}"]
    assert run("-h").exit_code == run("--help").exit_code == 0


def test_s010_the_later_short_forms_are_accepted_too() -> None:
    assert {SHORT["tunnel_port"], SHORT["outbound_ports"], SHORT["excluded_interfaces"]} == {"-e", "-q", "-c"}
    assert "--dport 15009 " in run(*OLD, "-n", "-e", "15009").output


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("ENVOY_PORT", "1501", "REDIRECT --to-ports 1501"),
        ("INBOUND_CAPTURE_PORT", "1506", "REDIRECT --to-ports 1506"),
        ("ISTIO_LOCAL_EXCLUDE_PORTS", "99", "-A ISTIO_INBOUND -p tcp --dport 99 -j RETURN"),
        ("ISTIO_SERVICE_EXCLUDE_CIDR", "10.1.0.0/16", "-A ISTIO_OUTPUT -d 10.1.0.0/16 -j RETURN"),
    ],
)
def test_s011_the_environment_gives_defaults(variable: str, value: str, rule: str) -> None:
    assert rule in run(*OLD, "-n", "-b", "*", "-i", "*", **{variable: value}).output


def test_a_flag_wins_over_the_environment() -> None:
    assert "--to-ports 7 " not in run(*OLD, "-n", "-p", "8", ENVOY_PORT="7").output + " "


def test_gid_defaults_to_uid() -> None:
    assert "--gid-owner 5 " in run(*OLD, "-n", "-u", "5").output
    assert "--uid-owner 0 " in run(*OLD, "-n", "-u", "", ENVOY_USER="root").output
    assert "--uid-owner 1337 " in run(*OLD, "-n", "-u", "", ENVOY_USER="no such user").output


@pytest.mark.parametrize("spelling", ["-f=false", "--restore-format=false", "--no-restore-format", "-f=0"])
def test_restore_format_off(spelling: str) -> None:
    lines = run(*OLD, *SEED, "-n", spelling).output.splitlines()
    assert lines[0] == "iptables -t nat -N ISTIO_INBOUND"
    assert len(lines) == 4 + 19


def test_skip_rule_apply_prints_and_calls_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a program was called")

    monkeypatch.setattr(subprocess, "run", refuse)
    assert run(*OLD, *SEED, "--skip-rule-apply").output == ""
    assert run(*OLD, *SEED, "-n", "--run-validation").exit_code == 0


def test_native_nftables_is_of_the_current_profile() -> None:
    assert "type nat hook output" in run("-n", "--native-nftables", "--no-ipv6", "-i", "*").output
    assert run(*OLD, "-n", "--native-nftables").exit_code == 2


def test_dry_run_of_clean() -> None:
    lines = run(*OLD, *SEED, "-n", "clean").output.splitlines()
    assert lines[0] == "iptables -t nat -D PREROUTING -p tcp -j ISTIO_INBOUND"
    assert lines[-1] == "iptables -t nat -X ISTIO_OUTPUT"


def test_s013_explain_names_the_rule() -> None:
    printed = run(*OLD, *SEED, "explain", "outbound", "10.231.20.47", "9080", "--uid", "1000").output
    assert printed.splitlines()[-1].startswith("redirect to 127.0.0.1:15001 (nat: -A ISTIO_REDIRECT")


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        (["-p", "x"], "--envoy-port"),
        (["-i", "10.0.0.0/99"], "--istio-service-cidr"),
        (["--probe-timeout", "x"], "--probe-timeout"),
    ],
)
def test_a_bad_value_is_refused_by_its_flag(arguments: list[str], flag: str) -> None:
    with pytest.raises(ParseError) as refused:
        run("-n", *arguments)
    assert refused.value.path == flag


def test_a_bad_boolean_is_refused() -> None:
    assert run("-f=perhaps").exit_code == 2


def test_a_missing_program_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ApplyError, match=r"^iptables-restore: no such program$"):
        application.apply(generate(Options(), PROFILES["1.8"]), restore_format=True, nft=False)


def test_every_option_has_help_and_a_variable() -> None:
    assert all(flag.startswith("--") and variable.isupper() for flag, variable in FLAGS.values())
