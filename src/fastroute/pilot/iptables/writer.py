"""Collects rules in order."""

from __future__ import annotations

from fastroute.pilot.iptables.rules import Rule


class Writer:
    """A list of rules under construction; the table is nat unless said otherwise."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def append(self, chain: str, *words: str, table: str = "nat") -> None:
        """Add a rule at the end of `chain`."""
        self.rules.append(Rule(table, chain, words))

    def insert(self, chain: str, position: int, *words: str, table: str = "nat") -> None:
        """Add a rule at `position` (from 1) of `chain`."""
        self.rules.append(Rule(table, chain, words, position))
