"""What a run measured, read out of its JSON.

Every benchmark says in its `extra_info` what it is about: suite, who, kind, size, where; `per`, how many calls one
timed round makes; and `turns`, what each contestant took a call where several were measured by turns.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

OURS = "fastroute"


class At(NamedTuple):
    """What was measured, whoever did it."""

    suite: str
    kind: str
    size: int
    where: str


class Figure(NamedTuple):
    """Nanoseconds a call: the median of the rounds, and the least."""

    median: float
    least: float


@dataclass(frozen=True)
class Run:
    """One run. `figures` by what and who; `turns` as they were measured together; `told` by the name of the test."""

    figures: dict[tuple[At, str], Figure]
    turns: list[tuple[At, dict[str, Figure]]]
    told: dict[str, dict[str, Any]]
    counts: dict[str, int]
    left_out: dict[str, str]
    machine: dict[str, Any]
    when: str
    mode: str
    load_average: float

    def together(self, at: At, one: str, other: str) -> tuple[Figure, Figure] | None:
        """The figures of two contestants that were measured by turns."""
        for where, figures in self.turns:
            if where == at and one in figures and other in figures:
                return figures[one], figures[other]
        return None


def read(path: Path) -> Run:
    """A run; instruction counts are taken from `instructions.json` beside it, where that is there."""
    content = json.loads(path.read_text(encoding="utf-8"))
    counted = path.with_name("instructions.json")
    figures: dict[tuple[At, str], Figure] = {}
    turns: list[tuple[At, dict[str, Figure]]] = []
    told: dict[str, dict[str, Any]] = {}
    for each in content["benchmarks"]:
        about, stats = each["extra_info"], each["stats"]
        told[each["name"]] = {**about, "median": stats["median"], "least": stats["min"]}
        if "suite" not in about:
            continue
        at = At(about["suite"], about["kind"], about["size"], about["where"])
        if "turns" in about:
            taken = {who: Figure(one["ns"], one["least_ns"]) for who, one in about["turns"].items()}
            turns.append((at, taken))
        else:
            per = about.get("per", 1)
            figures[at, about["who"]] = Figure(stats["median"] * 1e9 / per, stats["min"] * 1e9 / per)
    for at, taken in turns:
        for who, figure in taken.items():
            figures.setdefault((at, who), figure)
    return Run(
        figures,
        turns,
        told,
        json.loads(counted.read_text(encoding="utf-8")) if counted.exists() else {},
        content.get("left_out", {}),
        content["machine_info"],
        content["datetime"],
        content.get("mode", ""),
        content.get("load_average", 0.0),
    )


def shown(ns: float) -> str:
    """A time with three digits, in the unit that reads best."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= 0.9995 * size:
            return f"{digits(ns / size)} {unit}"
    return f"{ns:.0f} ns"


def digits(value: float) -> str:
    """A number with about three digits."""
    if value >= 99.95:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def grouped(number: int) -> str:
    """A whole number in groups of three digits."""
    return f"{number:,}".replace(",", " ")
