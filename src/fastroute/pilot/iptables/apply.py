"""Bringing the rules into the kernel, and out again.

Rules go in by `iptables-restore --noflush` (one transaction a table), by one command a rule when that is asked for,
or by one `nft` transaction. Rules of a former run are taken out first, so that a second run gives the same state; for
that moment new connections are not redirected. A dry run calls nothing and prints what would be called.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

from fastroute.errors import FastrouteError
from fastroute.pilot.iptables.family import IPV4, IPV6, Family
from fastroute.pilot.iptables.generate import Plan
from fastroute.pilot.iptables.nft import nft_clean_text, nft_text
from fastroute.pilot.iptables.rules import BUILT_IN_CHAINS, TABLES, Rule, commands, restore_text

Command = Sequence[str]
PREFIX = "ISTIO_"
ALREADY = ("File exists", "already assigned")


class ApplyError(FastrouteError):
    """A command failed; the text has the command and its last words."""


def run(command: Command, text: str | None = None) -> str:
    """Run a command and return its output; ApplyError when it is missing or fails."""
    try:
        done = subprocess.run(list(command), input=text, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        raise ApplyError(f"{command[0]}: no such program") from None
    except subprocess.TimeoutExpired:
        raise ApplyError(f"{' '.join(command)}: no answer within 60 s") from None
    if done.returncode != 0:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise ApplyError(f"{' '.join(command)}: {reason}")
    return done.stdout


def describe(plan: Plan, *, restore_format: bool, nft: bool) -> str:
    """What applying the plan would do, as text: the commands, and the rules in the form asked for."""
    lines = [" ".join(command) + "\n" for command in plan.before]
    if nft:
        return "".join([*lines, nft_text(plan)])
    for rules, family in ((plan.v4, IPV4), (plan.v6, IPV6)):
        if restore_format:
            lines.append(restore_text(rules))
        else:
            lines += [" ".join(command) + "\n" for command in commands(rules, family.program)]
    return "".join(lines)


def apply(plan: Plan, *, restore_format: bool, nft: bool) -> None:
    """Bring the plan into the kernel; ApplyError names the command that failed."""
    for command in plan.before:
        if "rule" in command:  # the kernel keeps a second equal rule of policy routing beside the first
            _succeeds(_undone(command))
        _tolerating_repetition(command)
    if nft:
        run(("nft", "-f", "-"), nft_text(plan))
        return
    for rules, family in ((plan.v4, IPV4), (plan.v6, IPV6)):
        if not rules:
            continue
        _remove(rules, family)
        if restore_format:
            run((f"{family.program}-restore", "--noflush"), restore_text(rules))
        else:
            for command in commands(rules, family.program):
                run(command)


def clean(plan: Plan, *, nft: bool) -> list[str]:
    """Take out every rule and chain of ours, and the policy routing of `plan`; what was taken out, a line each."""
    if nft:
        run(("nft", "-f", "-"), nft_clean_text())
        return [f"table {name}" for name in ("istio-proxy-nat", "istio-proxy-mangle", "istio-proxy-raw")]
    removed = [*_remove(plan.v4, IPV4), *_remove(plan.v6, IPV6)]
    for command in plan.before:
        undo = _undone(command)
        if _succeeds(undo):
            removed.append(" ".join(undo))
    return removed


def clean_commands(plan: Plan) -> list[str]:
    """What `clean` would try, for a dry run: the plan's own rules and chains."""
    found = []
    for rules, family in ((plan.v4, IPV4), (plan.v6, IPV6)):
        for rule in rules:
            if rule.chain in BUILT_IN_CHAINS:
                found.append(" ".join((family.program, "-t", rule.table, "-D", rule.chain, *rule.words)))
        own = dict.fromkeys((rule.table, rule.chain) for rule in rules if rule.chain not in BUILT_IN_CHAINS)
        for action in ("-F", "-X"):
            found += [f"{family.program} -t {table} {action} {chain}" for table, chain in own]
    return found


def _undone(command: Command) -> Command:
    return tuple({"add": "del"}.get(word, word) for word in command)


def _remove(rules: Sequence[Rule], family: Family) -> list[str]:
    """Take out the jumps to our chains, the plan's other rules in built-in chains, and then our chains."""
    removed = []
    saved = {table: _saved(family.program, table) for table in TABLES}
    for rule in rules:
        delete = (family.program, "-t", rule.table, "-D", rule.chain, *rule.words)
        if rule.chain in BUILT_IN_CHAINS and saved[rule.table] and _succeeds(delete):
            removed.append(" ".join(delete))
    for table, chains in saved.items():
        for words in _jumps(family.program, table) if chains else ():
            delete = (family.program, "-t", table, "-D", *words)
            if _succeeds(delete):
                removed.append(" ".join(delete))
        for action in ("-F", "-X"):
            for chain in chains:
                run((family.program, "-t", table, action, chain))
        removed += [f"{family.program} -t {table} -X {chain}" for chain in chains]
    return removed


def _saved(program: str, table: str) -> list[str]:
    """Our chains in the kernel's table; none when the table cannot be listed."""
    lines = _output((f"{program}-save", "-t", table)).splitlines()
    return [line[1:].split()[0] for line in lines if line.startswith(f":{PREFIX}")]


def _jumps(program: str, table: str) -> list[list[str]]:
    """The rules of built-in chains that go to one of our chains, as words after `-A`."""
    lines = _output((f"{program}-save", "-t", table)).splitlines()
    rules = (line.split()[1:] for line in lines if line.startswith("-A "))
    return [words for words in rules if words[0] in BUILT_IN_CHAINS and words[-1].startswith(PREFIX)]


def _output(command: Command) -> str:
    try:
        return run(command)
    except ApplyError:
        return ""


def _succeeds(command: Command) -> bool:
    return _attempt(run, command) == ""


def _attempt(action: Callable[[Command], object], command: Command) -> str:
    try:
        action(command)
    except ApplyError as error:
        return str(error)
    return ""


def _tolerating_repetition(command: Command) -> None:
    """Run a command of `ip`; that its effect is there already is no failure."""
    reason = _attempt(run, command)
    if reason and not any(words in reason for words in ALREADY):
        raise ApplyError(reason)
