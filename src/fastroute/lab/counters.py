"""Which redirection rules real packets met: the kernel's counters, before and after.

Rules are told apart by their table, chain and place, because the kernel spells them its own way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastroute.lab.spaces import Space
from fastroute.pilot.iptables.rules import Rule, in_effect

_LINE: Final = re.compile(r"\[(\d+):\d+\] -A (\S+) (.*)")
Place = tuple[str, str, int]
"""Table, chain, and place in the chain from 0."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A rule as the kernel spells it, and how many packets it met. In table nat these open connections."""

    rule: str
    packets: int


def read(space: Space, tables: Sequence[str] = ("mangle", "nat")) -> dict[Place, Counted]:
    """The counters of a namespace's rules."""
    found: dict[Place, Counted] = {}
    for table in tables:
        number: dict[str, int] = {}
        for line in space.run("iptables-save", "-c", "-t", table).splitlines():
            if match := _LINE.fullmatch(line):
                packets, chain, words = int(match[1]), match[2], match[3]
                place = number[chain] = number.get(chain, -1) + 1
                found[table, chain, place] = Counted(f"-A {chain} {words}", packets)
    return found


def grown(before: dict[Place, Counted], after: dict[Place, Counted]) -> dict[Place, Counted]:
    """The rules that were met in between, and by how many packets."""
    return {
        place: Counted(now.rule, now.packets - before[place].packets)
        for place, now in after.items()
        if now.packets != before[place].packets
    }


def place_of(rules: Sequence[Rule], rule: Rule) -> Place:
    """Where one of our own rules is in force."""
    return rule.table, rule.chain, in_effect(rules)[rule.table, rule.chain].index(rule)
