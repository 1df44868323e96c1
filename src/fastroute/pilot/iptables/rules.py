"""Rules of iptables as values, and their two texts.

The restore text of a table is `* TABLE`, `-N CHAIN` for every chain of one's own in order of first use, the rules in
order, `COMMIT` (`iptables-restore --noflush` takes it). The other text is one command a line. Tables are written in
the order nat, mangle, raw: Istio 1.8 left their order to chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BUILT_IN_CHAINS = frozenset({"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"})
TABLES = ("nat", "mangle", "raw", "filter")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `words` are its matches and target. It is appended, or inserted at `position` (from 1)."""

    table: str
    chain: str
    words: tuple[str, ...]
    position: int | None = None

    def __str__(self) -> str:
        place = f"-A {self.chain}" if self.position is None else f"-I {self.chain} {self.position}"
        return f"{place} {' '.join(self.words)}"

    def command(self, program: str) -> tuple[str, ...]:
        """The command that adds this rule."""
        place = ("-A", self.chain) if self.position is None else ("-I", self.chain, str(self.position))
        return (program, "-t", self.table, *place, *self.words)


def chains(rules: Iterable[Rule], table: str) -> list[str]:
    """The chains of one's own in `table`, in order of first use."""
    used = dict.fromkeys(rule.chain for rule in rules if rule.table == table)
    return [chain for chain in used if chain not in BUILT_IN_CHAINS]


def used_tables(rules: Sequence[Rule]) -> list[str]:
    """The tables that `rules` touch, in the order they are written."""
    present = {rule.table for rule in rules}
    return [table for table in TABLES if table in present]


def restore_text(rules: Sequence[Rule]) -> str:
    """The rules for iptables-restore; empty for no rules."""
    blocks = []
    for table in used_tables(rules):
        lines = [f"* {table}"]
        lines += [f"-N {chain}" for chain in chains(rules, table)]
        lines += [str(rule) for rule in rules if rule.table == table]
        blocks.append("\n".join([*lines, "COMMIT", ""]))
    return "".join(blocks)


def commands(rules: Sequence[Rule], program: str) -> list[tuple[str, ...]]:
    """The rules as commands of `program` (iptables or ip6tables), one a rule, new chains first."""
    found: list[tuple[str, ...]] = []
    for table in used_tables(rules):
        found += [(program, "-t", table, "-N", chain) for chain in chains(rules, table)]
        found += [rule.command(program) for rule in rules if rule.table == table]
    return found


def in_effect(rules: Sequence[Rule]) -> dict[tuple[str, str], list[Rule]]:
    """Each chain's rules in the order the kernel walks them, once every append and insert is done."""
    placed: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        chain = placed.setdefault((rule.table, rule.chain), [])
        if rule.position is None:
            chain.append(rule)
        else:
            chain.insert(rule.position - 1, rule)
    return placed
