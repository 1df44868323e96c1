"""The same rules for nftables (`nft -f`): one table of ours for each of nat, mangle and raw, in each family.

A rule is translated word by word from its parsed form, so both writings have one meaning, and the kernel is asked
about both. The script replaces the tables in one transaction; nothing outside them is touched.

TPROXY differs in one point: where no socket listens, iptables drops the packet and nftables lets it pass on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastroute.errors import UnsupportedError
from fastroute.pilot.iptables.conditions import Condition, Parsed, parse
from fastroute.pilot.iptables.generate import Plan
from fastroute.pilot.iptables.rules import BUILT_IN_CHAINS, Rule, in_effect, used_tables

TABLE = "istio-proxy"
PRIORITIES = {
    ("nat", "PREROUTING"): "type nat hook prerouting priority -100",
    ("nat", "OUTPUT"): "type nat hook output priority -100",
    ("nat", "POSTROUTING"): "type nat hook postrouting priority 100",
    ("mangle", "PREROUTING"): "type filter hook prerouting priority -150",
    ("mangle", "OUTPUT"): "type route hook output priority -150",
    ("raw", "PREROUTING"): "type filter hook prerouting priority -300",
    ("raw", "OUTPUT"): "type filter hook output priority -300",
}


def nft_text(plan: Plan) -> str:
    """The script of a plan, both families."""
    return _family(plan.v4, "ip") + _family(plan.v6, "ip6")


def nft_clean_text() -> str:
    """The script that removes every table of ours, whether it is there or not."""
    names = [(family, f"{TABLE}-{table}") for family in ("ip", "ip6") for table in ("nat", "mangle", "raw")]
    return "".join(_fresh(family, name) for family, name in names)


def _fresh(family: str, name: str) -> str:
    """Add before delete: deleting a table that is absent would fail."""
    return f"add table {family} {name}\ndelete table {family} {name}\n"


def _family(rules: Sequence[Rule], family: str) -> str:
    blocks = []
    placed = in_effect(rules)
    for table in used_tables(rules):
        name = f"{TABLE}-{table}"
        used = [chain for of, chain in placed if of == table]
        ordered = sorted(used, key=lambda chain: chain in BUILT_IN_CHAINS)
        body = "".join(_chain(table, chain, placed[table, chain], family) for chain in ordered)
        blocks.append(f"{_fresh(family, name)}table {family} {name} {{\n{body}}}\n")
    return "".join(blocks)


def _chain(table: str, chain: str, rules: Sequence[Rule], family: str) -> str:
    lines = [f"\tchain {chain} {{"]
    if chain in BUILT_IN_CHAINS:
        lines.append(f"\t\t{PRIORITIES[table, chain]}; policy accept;")
    lines += [f"\t\t{nft_rule(rule, family)}" for rule in rules]
    return "\n".join([*lines, "\t}", ""])


def nft_rule(rule: Rule, family: str) -> str:
    """One rule in the words of nftables."""
    parsed = parse(rule)
    protocol = next((condition.value for condition in parsed.conditions if condition.kind == "protocol"), "")
    by_port = any(condition.kind.endswith(("port", "ports")) for condition in parsed.conditions)
    words = [
        _condition(condition, family, protocol)
        for condition in parsed.conditions
        if not (by_port and condition.kind == "protocol")
    ]
    return " ".join([*words, _target(parsed)])


def _condition(condition: Condition, family: str, protocol: str) -> str:
    write = _CONDITIONS[condition.kind]
    return write(condition, "!= " if condition.negated else "", family, protocol)


def _ports(text: str) -> str:
    items = [item.replace(":", "-") for item in text.split(",")]
    return items[0] if len(items) == 1 else "{ " + ", ".join(items) + " }"


def _mark(kind: str, condition: Condition, operator: str) -> str:
    value, _, mask = condition.value.partition("/")
    masked = f"and {mask} " if mask else ""
    return f"{kind} mark {masked}{operator}{value}"


_Write = Callable[[Condition, str, str, str], str]
_CONDITIONS: dict[str, _Write] = {
    "protocol": lambda c, op, _f, _p: f"meta l4proto {op}{c.value}",
    "source": lambda c, op, family, _p: f"{family} saddr {op}{c.value}",
    "destination": lambda c, op, family, _p: f"{family} daddr {op}{c.value}",
    "in_interface": lambda c, op, _f, _p: f'iifname {op}"{c.value.replace("+", "*")}"',
    "out_interface": lambda c, op, _f, _p: f'oifname {op}"{c.value.replace("+", "*")}"',
    "destination_port": lambda c, op, _f, protocol: f"{protocol} dport {op}{_ports(c.value)}",
    "destination_ports": lambda c, op, _f, protocol: f"{protocol} dport {op}{_ports(c.value)}",
    "source_port": lambda c, op, _f, protocol: f"{protocol} sport {op}{_ports(c.value)}",
    "uid": lambda c, op, _f, _p: f"meta skuid {op}{c.value}",
    "gid": lambda c, op, _f, _p: f"meta skgid {op}{c.value}",
    "mark": lambda c, op, _f, _p: _mark("meta", c, op),
    "connmark": lambda c, op, _f, _p: _mark("ct", c, op),
    "state": lambda c, op, _f, _p: f"ct state {op}{c.value.lower()}",
    "socket": lambda _c, _op, _f, _p: "socket wildcard 0",
}
_VERDICTS = {"RETURN": "return", "ACCEPT": "accept", "DROP": "drop"}


def _target(parsed: Parsed) -> str:
    target = parsed.target
    if target.name in _VERDICTS:
        return _VERDICTS[target.name]
    if target.name == "REDIRECT":
        return f"redirect to :{target.option('--to-ports', '--to-port')}"
    if target.name == "TPROXY":
        mark = target.option("--tproxy-mark").partition("/")[0]
        return f"tproxy to :{target.option('--on-port')} meta mark set {mark} accept"
    if target.name == "MARK":
        return f"meta mark set {target.option('--set-mark')}"
    if target.name == "CONNMARK":
        saves = target.options[0][0] == "--save-mark"
        return "ct mark set meta mark" if saves else "meta mark set ct mark"
    if target.name == "CT":
        return f"ct zone set {target.option('--zone')}"
    if target.name == "DNAT":
        return f"dnat to {target.option('--to-destination')}"
    if target.name == "SNAT":
        return f"snat to {target.option('--to-source')}"
    if target.name.startswith("ISTIO_"):
        return f"jump {target.name}"
    raise UnsupportedError(f"nftables writer does not know {target.name!r}", path=str(parsed.rule))
