"""What the rules do to a packet: a walk through the chains, as the kernel walks them.

- An inbound packet meets PREROUTING of raw, mangle and nat. An outbound one meets OUTPUT of raw, mangle and nat, then
  POSTROUTING of nat; when it leaves through `lo` it comes back in and meets PREROUTING of raw and mangle, but not of
  nat: a connection is translated once.
- Table nat is asked about the first packet of a connection only.
- In a chain the first rule whose conditions all hold acts. RETURN goes back to the calling chain; ACCEPT ends the
  table; DROP ends everything; MARK, CONNMARK and CT go on with the next rule. A built-in chain that ends accepts.
- REDIRECT changes the destination to this machine: outbound to loopback (and the packet now leaves through `lo`),
  inbound to the address of the interface it came in by. TPROXY hands the packet over as it is.
- Group names are compared as the kernel does after resolving them; numbers only, here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from fastroute.errors import UnsupportedError
from fastroute.pilot.iptables.conditions import Parsed, parse
from fastroute.pilot.iptables.packet import Packet, holds
from fastroute.pilot.iptables.rules import Rule, in_effect

Action = Literal["pass", "redirect", "tproxy", "dnat", "drop"]
HOOKS = {"inbound": ("PREROUTING", ("raw", "mangle", "nat")), "outbound": ("OUTPUT", ("raw", "mangle", "nat"))}


@dataclass(frozen=True, slots=True)
class RuleStep:
    """One rule that was looked at: whether it acted, and why (the first condition that failed, or the target)."""

    table: str
    chain: str
    rule: str
    acted: bool
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.table:<7} {self.chain:<18} {'acts' if self.acted else 'passed over':<12} {self.rule}: {self.reason}"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the packet.

    `address` and `port` are where it goes now; `rule` is the rule that decided, None when no rule did and the packet
    passes unchanged. `mark` and `zone` are what the rules left on it.
    """

    action: Action
    address: str
    port: int
    rule: Rule | None
    mark: int = 0
    zone: int = 0
    steps: tuple[RuleStep, ...] = field(default=())

    def text(self) -> str:
        """One line a step, then the verdict."""
        lines = [str(step) for step in self.steps]
        because = "no rule changes it" if self.rule is None else f"{self.rule.table}: {self.rule}"
        return "\n".join([*lines, f"{self.action} to {self.address}:{self.port} ({because})"])


def interpret(rules: Sequence[Rule], packet: Packet, *, own_address: str = "") -> Verdict:
    """What `rules` do to `packet`. `own_address` is the pod's, where an inbound REDIRECT leads."""
    walk = _Walk(rules, packet, own_address)
    hook, tables = HOOKS[packet.direction]
    walk.hook(hook, tables)
    if packet.direction == "outbound":
        walk.hook("POSTROUTING", ("nat",))
        if walk.packet.out_interface == "lo":
            walk.packet = replace(walk.packet, in_interface="lo", out_interface="", uid=None, gid=None)
            walk.hook("PREROUTING", ("raw", "mangle"))
    return walk.verdict()


class _Walk:
    """The state of one walk: the packet as it is now, and what was seen."""

    def __init__(self, rules: Sequence[Rule], packet: Packet, own_address: str) -> None:
        self.chains = {key: [parse(rule) for rule in chain] for key, chain in in_effect(rules).items()}
        self.packet = packet
        self.own_address = own_address or packet.destination
        self.steps: list[RuleStep] = []
        self.action: Action = "pass"
        self.rule: Rule | None = None
        self.last: Rule | None = None
        self.zone = 0

    def verdict(self) -> Verdict:
        rule = self.rule or self.last
        where = (self.packet.destination, self.packet.port)
        return Verdict(self.action, *where, rule, self.packet.mark, self.zone, tuple(self.steps))

    def hook(self, chain: str, tables: tuple[str, ...]) -> None:
        for table in tables:
            if self.action in ("drop", "tproxy") or (table == "nat" and self.packet.state != "NEW"):
                continue
            self._chain(table, chain, 0)

    def _chain(self, table: str, chain: str, depth: int) -> bool:
        """Walk one chain; whether the table is done with the packet."""
        if depth > 16:
            raise UnsupportedError("chains call each other without end", path=f"{table} {chain}")
        for parsed in self.chains.get((table, chain), ()):
            failed = next((condition for condition in parsed.conditions if not holds(condition, self.packet)), None)
            if failed is not None:
                self._note(parsed, False, f"{failed} does not hold")
                continue
            self._note(parsed, True, f"goes to {parsed.target.name}" if parsed.target.name else "counts only")
            done = self._act(parsed, depth)
            if done is not None:
                return done
        return False

    def _note(self, parsed: Parsed, acted: bool, reason: str) -> None:
        rule = parsed.rule
        self.steps.append(RuleStep(rule.table, rule.chain, str(rule), acted, reason))

    def _act(self, parsed: Parsed, depth: int) -> bool | None:
        """Do what the target says: True ends the table, False returns to the caller, None goes on."""
        target, rule = parsed.target, parsed.rule
        if target.name in ("RETURN", "ACCEPT"):
            if self.last is None or self.last.table != "nat" or rule.table == "nat":
                self.last = rule
            return target.name == "ACCEPT"
        if target.name in _CHANGES:
            return _CHANGES[target.name](self, parsed)
        if (rule.table, target.name) not in self.chains:
            raise UnsupportedError(f"no chain {target.name!r} in table {rule.table}", path=str(rule))
        return True if self._chain(rule.table, target.name, depth + 1) else None

    def redirect(self, parsed: Parsed) -> bool:
        """REDIRECT: to a port of this machine."""
        local = "::1" if ":" in self.packet.destination else "127.0.0.1"
        address = local if self.packet.direction == "outbound" else self.own_address
        port = int(parsed.target.option("--to-ports", "--to-port") or self.packet.port)
        return self._translate("redirect", address, port, parsed.rule)

    def destination(self, parsed: Parsed) -> bool:
        """DNAT: to another address."""
        address, _, port = parsed.target.option("--to-destination").rpartition(":")
        return self._translate("dnat", address.strip("[]"), int(port), parsed.rule)

    def _translate(self, action: Action, address: str, port: int, rule: Rule) -> bool:
        out = "lo" if self.packet.direction == "outbound" and _is_loopback(address) else self.packet.out_interface
        self.packet = replace(self.packet, destination=address, port=port, out_interface=out)
        self.action, self.rule = action, rule
        return True

    def source(self, parsed: Parsed) -> bool:
        """SNAT: from another address; with a loopback source nothing arrives anywhere but through `lo`."""
        self.packet = replace(self.packet, source=parsed.target.option("--to-source"))
        if _is_loopback(self.packet.source) and self.packet.out_interface != "lo":
            self.action, self.rule = "drop", parsed.rule
        return True

    def tproxy(self, parsed: Parsed) -> bool:
        """TPROXY: to the listening socket of a port, unchanged but for the mark."""
        port = int(parsed.target.option("--on-port"))
        mark = _marked(self.packet.mark, parsed.target.option("--tproxy-mark"))
        self.packet = replace(self.packet, port=port, mark=mark)
        self.action, self.rule = "tproxy", parsed.rule
        return True

    def drop(self, parsed: Parsed) -> bool:
        """DROP."""
        self.action, self.rule = "drop", parsed.rule
        return True

    def set_mark(self, parsed: Parsed) -> None:
        """MARK: a mark on the packet."""
        mark = _marked(self.packet.mark, parsed.target.option("--set-mark", "--set-xmark"))
        self.packet = replace(self.packet, mark=mark)

    def connection_mark(self, parsed: Parsed) -> None:
        """CONNMARK: the packet's mark onto the connection, or back."""
        if parsed.target.options[0][0] == "--save-mark":
            self.packet = replace(self.packet, connection_mark=self.packet.mark)
        else:
            self.packet = replace(self.packet, mark=self.packet.connection_mark)

    def connection_zone(self, parsed: Parsed) -> None:
        """CT: the conntrack zone."""
        self.zone = int(parsed.target.option("--zone"))


_CHANGES: dict[str, Callable[[_Walk, Parsed], bool | None]] = {
    "REDIRECT": _Walk.redirect,
    "DNAT": _Walk.destination,
    "SNAT": _Walk.source,
    "TPROXY": _Walk.tproxy,
    "DROP": _Walk.drop,
    "MARK": _Walk.set_mark,
    "CONNMARK": _Walk.connection_mark,
    "CT": _Walk.connection_zone,
}


def _marked(mark: int, text: str) -> int:
    value, _, mask = text.partition("/")
    return (mark & ~int(mask or "0xffffffff", 0)) | int(value, 0)


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")
