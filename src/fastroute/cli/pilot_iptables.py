"""`fastroute pilot iptables`: redirect a pod's traffic to its Envoy, explain a packet, take the rules out again.

The flags are those of `istio-iptables`, with their short forms and environment variables (S-010, S-011). A boolean
flag takes a value in Go's way: `-f`, `-f=false`, `--restore-format=false`.
"""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from fastroute.errors import ParseError
from fastroute.pilot.agent.addresses import interface_addresses
from fastroute.pilot.agent.proxy_config import seconds
from fastroute.pilot.iptables.apply import ApplyError, apply, clean, clean_commands, describe
from fastroute.pilot.iptables.generate import Plan, generate
from fastroute.pilot.iptables.interpret import interpret
from fastroute.pilot.iptables.options import ENVOY_UID, FLAGS, Options
from fastroute.pilot.iptables.packet import Packet
from fastroute.pilot.iptables.validate import EXIT_CODE, validate
from fastroute.pilot.profiles import PROFILES

SHORT = {
    "envoy_port": "-p",
    "inbound_port": "-z",
    "tunnel_port": "-e",
    "uids": "-u",
    "gids": "-g",
    "mode": "-m",
    "mark": "-t",
    "route_table": "-r",
    "inbound_ports": "-b",
    "inbound_exclude": "-d",
    "outbound_ports": "-q",
    "outbound_exclude": "-o",
    "outbound_ranges": "-i",
    "outbound_ranges_exclude": "-x",
    "virtual_interfaces": "-k",
    "excluded_interfaces": "-c",
}
HELP = {
    "envoy_port": "Port of Envoy that all outbound TCP goes to.",
    "inbound_port": "Port that all inbound TCP goes to.",
    "tunnel_port": "Port of the tunnel, never redirected.",
    "probe_port": "Port that the validation connects to.",
    "uids": "Users whose traffic is not redirected [default: the uid of $ENVOY_USER, else 1337].",
    "gids": "Groups whose traffic is not redirected [default: as -u].",
    "mode": "REDIRECT or TPROXY.",
    "mark": "Mark of TPROXY.",
    "route_table": "Routing table of TPROXY.",
    "inbound_ports": "Inbound ports to redirect; * is all, empty is none.",
    "inbound_exclude": "Inbound ports not to redirect, with -b '*'.",
    "outbound_ports": "Outbound ports to redirect whatever their address.",
    "outbound_exclude": "Outbound ports not to redirect.",
    "outbound_ranges": "Outbound ranges to redirect; * is all, empty is none.",
    "outbound_ranges_exclude": "Outbound ranges not to redirect, with -i '*'.",
    "virtual_interfaces": "Interfaces whose inbound traffic counts as outbound.",
    "excluded_interfaces": "Interfaces left alone.",
    "owner_groups": "Groups whose outbound traffic is redirected.",
    "owner_groups_exclude": "Groups whose outbound traffic is not redirected.",
    "loopback": "What counts as loopback (IPv4).",
    "dns": "Redirect DNS to the agent.",
    "all_dns": "Redirect DNS to every server, not only those of resolv.conf.",
    "drop_invalid": "Drop packets that conntrack calls invalid.",
}


TRUE, FALSE = ("1", "t", "true"), ("0", "f", "false")


class GoFlags(click.Group):
    """A group whose boolean flags also take a value in Go's way: `-f=false`, `--dry-run=true`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        switches = {
            name: parameter
            for parameter in self.params
            if isinstance(parameter, click.Option) and parameter.is_flag
            for name in parameter.opts
        }
        return super().parse_args(ctx, [_switch(arg, switches) for arg in args])


def _switch(arg: str, switches: dict[str, click.Option]) -> str:
    name, given, value = arg.partition("=")
    if not given or name not in switches:
        return arg
    if value.lower() in TRUE:
        return name
    if value.lower() in FALSE:
        return switches[name].secondary_opts[0]
    raise click.BadParameter(f"{value!r} is no boolean", param_hint=name)


def _boolean(name: str, long: str, *short: str, default: bool = False, **more: Any) -> Callable[[Any], Any]:
    return click.option(*short, f"{long}/--no-{long[2:]}", name, default=default, **more)


def _options(command: Callable[..., Any]) -> Any:
    """Every option of Options, and which profile and writing."""
    decorated: Any = command
    for field in reversed(fields(Options)):
        if field.name not in FLAGS:
            continue
        flag, variable = FLAGS[field.name]
        names = [*([SHORT[field.name]] if field.name in SHORT else []), flag, field.name]
        more: dict[str, Any] = {"envvar": variable, "help": HELP[field.name]}
        if isinstance(field.default, bool):
            decorated = _boolean(field.name, flag, **more)(decorated)
        else:
            default = "" if field.name in ("uids", "gids") else field.default
            decorated = click.option(*names, default=default, **more)(decorated)
    decorated = _boolean("nft", "--native-nftables", help="Write nftables (profile current).")(decorated)
    decorated = click.option(
        "--ipv6/--no-ipv6", default=None, help="IPv6 rules too [default: by the pod's addresses]."
    )(decorated)
    return click.option("--profile", type=click.Choice(sorted(PROFILES)), default="current", show_default=True)(
        decorated
    )


def _plan(profile: str, nft: bool, ipv6: bool | None, values: dict[str, Any]) -> tuple[Options, Plan]:
    if nft and profile == "1.8":
        raise click.UsageError("--native-nftables needs --profile current")
    values["uids"] = values["uids"] or _envoy_user()
    values["gids"] = values["gids"] or values["uids"]
    options = Options(
        **values,
        dns_servers=_dns_servers() if values["dns"] and not values["all_dns"] else (),
        ipv6=_has_ipv6(profile) if ipv6 is None else ipv6,
    )
    return options, generate(options, PROFILES[profile])


def _envoy_user() -> str:
    name = os.environ.get("ENVOY_USER", "")
    if not name:
        return ENVOY_UID
    try:
        return str(pwd.getpwnam(name).pw_uid)
    except KeyError:
        return ENVOY_UID


def _has_ipv6(profile: str) -> bool:
    """1.8 asks the pod's own address, today any address of the pod counts."""
    given = os.environ.get("INSTANCE_IP", "")
    addresses = [*([given] if given else []), *interface_addresses()]
    considered = addresses[:1] if profile == "1.8" else addresses
    return any(":" in address for address in considered)


def _dns_servers() -> tuple[str, ...]:
    file = Path("/etc/resolv.conf")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    return tuple(words[1] for words in map(str.split, lines) if len(words) > 1 and words[0] == "nameserver")


@click.group(cls=GoFlags, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@_options
@_boolean("dry_run", "--dry-run", "-n", help="Call no program; print what would be done.")
@_boolean("restore_format", "--restore-format", "-f", default=True, help="Rules in the format of iptables-restore.")
@_boolean("skip_apply", "--skip-rule-apply", help="Change no rule.")
@_boolean("run_validation", "--run-validation", help="Probe the rules with a real connection.")
@click.option("--probe-timeout", default="5s", show_default=True, help="Time limit of the validation.")
@click.pass_context
def iptables(
    ctx: click.Context,
    /,
    profile: str,
    nft: bool,
    ipv6: bool | None,
    dry_run: bool,
    restore_format: bool,
    skip_apply: bool,
    run_validation: bool,
    probe_timeout: str,
    **values: Any,
) -> None:
    """Redirect a pod's traffic to its Envoy."""
    if not re.fullmatch(r"(\d+(\.\d+)?(ns|us|ms|s|m|h))+", probe_timeout):
        raise ParseError(f"a duration such as 5s is expected, not {probe_timeout!r}", path="--probe-timeout")
    options, plan = _plan(profile, nft, ipv6, values)
    ctx.obj = plan, nft, dry_run
    if ctx.invoked_subcommand is not None:
        return
    if dry_run and not skip_apply:
        click.echo(describe(plan, restore_format=restore_format, nft=nft), nl=False)
    elif not skip_apply:
        apply(plan, restore_format=restore_format, nft=nft)
    if run_validation and not dry_run:
        _validate(options, seconds(probe_timeout))


def _validate(options: Options, timeout: float) -> None:
    try:
        for version in (4, 6) if options.ipv6 else (4,):
            click.echo(f"validated: {validate(options, timeout=timeout, version=version)}")
    except ApplyError as error:
        click.echo(f"fastroute: validation failed: {error}", err=True)
        sys.exit(EXIT_CODE)


@iptables.command("clean")
@click.pass_obj
def clean_command(state: tuple[Plan, bool, bool]) -> None:
    """Take the rules out again."""
    plan, nft, dry_run = state
    for line in clean_commands(plan) if dry_run else clean(plan, nft=nft):
        click.echo(line)


@iptables.command("explain")
@click.argument("direction", type=click.Choice(["inbound", "outbound"]))
@click.argument("destination")
@click.argument("port", type=int)
@click.option("--source", default="", help="Source address.")
@click.option("--udp", is_flag=True, help="A UDP datagram.")
@click.option("--uid", type=int, default=0, show_default=True, help="User of the sender (outbound).")
@click.option("--gid", type=int, default=0, show_default=True, help="Group of the sender (outbound).")
@click.option("--interface", default="eth0", show_default=True, help="lo for an address of the pod itself.")
@click.pass_obj
def explain(
    state: tuple[Plan, bool, bool],
    direction: str,
    destination: str,
    port: int,
    source: str,
    udp: bool,
    uid: int,
    gid: int,
    interface: str,
) -> None:
    """Say what the rules do to a packet, chain by chain."""
    plan = state[0]
    protocol: Any = "udp" if udp else "tcp"
    if direction == "inbound":
        packet = Packet("inbound", destination, port, source=source, protocol=protocol, in_interface=interface)
    else:
        packet = Packet(
            "outbound", destination, port, source=source, protocol=protocol, uid=uid, gid=gid, out_interface=interface
        )
    click.echo(interpret(plan.v6 if ":" in destination else plan.v4, packet).text())
