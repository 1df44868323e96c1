"""Turn the benchmarks' JSON into a Markdown page with tables and goals, and a chart of cost against table size.

    python tools/bench_report.py out/benchmarks.json     writes benchmarks.md and benchmarks.svg beside it

Every benchmark says in its `extra_info` what it measured: suite, who, kind, size, where; `per`, how many calls one
timed round makes; or `ns`, where it measured by itself (the CPU of another process, a loop in C).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Key = tuple[str, str, str, int, str]


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of two measured figures, and the bound on it. `least`: the ratio must reach it, not stay below it."""

    what: str
    over: Key
    under: Key
    bound: float
    least: bool = False


def route(who: str, kind: str, size: int, where: str = "last") -> Key:
    return ("route", who, kind, size, where)


OURS, ENVOY = "fastroute", "Envoy, matching"
GOALS = (
    Goal("last of 1 000 prefixes, times cheaper than Envoy's matching", route(ENVOY, "prefix", 1000),
         route(OURS, "prefix", 1000), 60, least=True),
    Goal("random of 10 000 prefixes, times cheaper than Envoy's matching (last)", route(ENVOY, "prefix", 10000),
         route(OURS, "prefix", 10000, "random"), 500, least=True),
    Goal("random of 100 000 prefixes, times cheaper than Envoy's matching (last)", route(ENVOY, "prefix", 100000),
         route(OURS, "prefix", 100000, "random"), 5000, least=True),
    Goal("10 prefixes, against the path-only match of pymatchit", route(OURS, "prefix", 10),
         route("pymatchit", "prefix", 10), 1),
    Goal("1 000 regexes, last, times cheaper than Envoy's matching", route(ENVOY, "regex", 1000),
         route(OURS, "regex", 1000), 150, least=True),
    Goal("1 000 header-only routes, last, times cheaper than Envoy's matching", route(ENVOY, "header", 1000),
         route(OURS, "header", 1000), 80, least=True),
    Goal("1 000 hostile regexes, against an ordered scan", route(OURS, "hostile regex", 1000),
         route("ordered scan in RE2", "hostile regex", 1000), 1.1),
    Goal("10 000 exact domains, against one", ("domains", OURS, "exact", 10000, "last"),
         ("domains", OURS, "exact", 1, "last"), 1.3),
    Goal("10 000 suffix domains, against one", ("domains", OURS, "suffix", 10000, "last"),
         ("domains", OURS, "suffix", 1, "last"), 1.3),
    Goal("10 000 prefix domains, against one", ("domains", OURS, "prefix", 10000, "last"),
         ("domains", OURS, "prefix", 1, "last"), 1.3),
    Goal("filter chain by server name among 5 000, against 5", ("connect", OURS, "sni", 5000, "last"),
         ("connect", OURS, "sni", 5, "last"), 2),
    Goal("filter chain by source range among 5 000, against 5", ("connect", OURS, "cidr", 5000, "last"),
         ("connect", OURS, "cidr", 5, "last"), 2),
    Goal("Maglev pick, times faster than uhashring", ("pick", "uhashring", "ring hash", 100, "random"),
         ("pick", OURS, "maglev", 100, "random"), 15, least=True),
    Goal("pick of a ring of 65 536, times faster than uhashring", ("pick", "uhashring", "ring hash", 100, "random"),
         ("pick", OURS, "ring hash 65536", 100, "random"), 15, least=True),
    Goal("building a ring of 65 536, against plain C", ("build", OURS, "ring 65536", 100, "build"),
         ("build", "plain C", "ring 65536", 100, "build"), 1.5),
    Goal("building a Maglev table of 65 537, against plain C", ("build", OURS, "maglev 65537", 100, "build"),
         ("build", "plain C", "maglev 65537", 100, "build"), 1.5),
    Goal("from C through the capsule among 1 000, against the bare descent", ("from C", OURS, "prefix", 1000, "random"),
         ("from C", "bare descent", "prefix", 1000, "random"), 3),
)  # fmt: skip


def read(path: Path) -> dict[Key, float]:
    """Nanoseconds a call, by what was measured."""
    found: dict[Key, float] = {}
    for each in json.loads(path.read_text(encoding="utf-8"))["benchmarks"]:
        told = each["extra_info"]
        if "suite" not in told:
            continue
        key = (told["suite"], told["who"], told["kind"], told["size"], told["where"])
        found[key] = told.get("ns", each["stats"]["median"] * 1e9 / told.get("per", 1))
        if "bare_ns" in told:
            found[("from C", "bare descent", *key[2:])] = told["bare_ns"]
        if "whole_ns" in told:
            found[("route", "Envoy, whole request", *key[2:])] = told["whole_ns"]
    return found


def shown(ns: float | None) -> str:
    """A time in the unit that reads best."""
    if ns is None:
        return ""
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.{0 if ns >= 100 * size else 1 if ns >= 10 * size else 2}f} {unit}"
    return f"{ns:.0f} ns"


def suite_table(figures: dict[Key, float], suite: str) -> Iterator[str]:
    """One table a suite: a line for each (who, kind, where), a column for each size."""
    sizes = sorted({key[3] for key in figures if key[0] == suite})
    rows = sorted({(key[2], key[4], key[1]) for key in figures if key[0] == suite})
    yield f"\n## {suite[:1].upper()}{suite[1:]}\n"
    yield "| what | who | " + " | ".join(f"{size:,}".replace(",", " ") for size in sizes) + " |"
    yield "|---|---|" + "---|" * len(sizes)
    for kind, where, who in rows:
        cells = [shown(figures.get((suite, who, kind, size, where))) for size in sizes]
        yield f"| {kind}, {where} | {who} | " + " | ".join(cells) + " |"


def goal_table(figures: dict[Key, float]) -> Iterator[str]:
    """The goals that are ratios, each with what was measured."""
    yield "\n## Goals\n"
    yield "| goal | bound | measured | reached |"
    yield "|---|---|---|---|"
    for goal in GOALS:
        over, under = figures.get(goal.over), figures.get(goal.under)
        bound = f"≥ {goal.bound:g}" if goal.least else f"≤ {goal.bound:g}"
        if over is None or under is None:
            yield f"| {goal.what} | {bound} | not measured | |"
            continue
        ratio = over / under
        reached = ratio >= goal.bound if goal.least else ratio <= goal.bound
        measured = f"{ratio:.{0 if ratio >= 10 else 2}f} ({shown(over)} / {shown(under)})"
        yield f"| {goal.what} | {bound} | {measured} | {'yes' if reached else 'no'} |"


def page(figures: dict[Key, float], machine: dict[str, Any]) -> str:
    """The whole Markdown page."""
    cpu = machine.get("cpu", {}).get("brand_raw", "an unknown processor")
    lines = [
        "# Benchmarks",
        "",
        f"Python {machine['python_version']}, {cpu}. Medians of one run; compare ratios, not times.",
    ]
    lines += ["", "![cost against table size](benchmarks.svg)"]
    lines += goal_table(figures)
    for suite in dict.fromkeys(key[0] for key in figures):
        lines += suite_table(figures, suite)
    return "\n".join(lines) + "\n"


# The chart.

LINES = (
    ("Envoy's matching", "#c0392b", lambda size: ("route", ENVOY, "prefix", size, "last")),
    ("fastroute, whole decision", "#1f6fb2", lambda size: ("route", OURS, "prefix", size, "last")),
    ("linear Python loop", "#7f8c8d", lambda size: ("route", "linear Python loop", "prefix", size, "last")),
    ("starlette", "#b7950b", lambda size: ("route", "starlette", "prefix", size, "last")),
    ("pymatchit, path only", "#1e8449", lambda size: ("route", "pymatchit", "prefix", size, "last")),
)
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 440, 70, 40, 190, 50
MOST_ROUTES, LEAST_NS, MOST_NS = 5, 1, 8  # powers of ten


def place(size: int, ns: float) -> tuple[float, float]:
    """Where a figure lies on the chart, both axes logarithmic."""
    x = LEFT + (WIDTH - LEFT - RIGHT) * math.log10(size) / MOST_ROUTES
    height = (math.log10(ns) - LEAST_NS) / (MOST_NS - LEAST_NS)
    return x, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * height


def axes() -> Iterator[str]:
    for power in range(MOST_ROUTES + 1):
        x, y = place(10**power, 10.0**LEAST_NS)
        yield f'<line x1="{x:.0f}" y1="{TOP}" x2="{x:.0f}" y2="{y:.0f}" stroke="#ddd"/>'
        label = f"{10**power:,}".replace(",", " ")
        yield f'<text x="{x:.0f}" y="{y + 18:.0f}" text-anchor="middle">{label}</text>'
    for power in range(LEAST_NS, MOST_NS + 1):
        x, y = place(1, 10.0**power)
        right = WIDTH - RIGHT
        yield f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{right}" y2="{y:.0f}" stroke="#ddd"/>'
        label = shown(10.0**power).replace(".00", "").replace(".0", "")
        yield f'<text x="{x - 8:.0f}" y="{y + 4:.0f}" text-anchor="end">{label}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle:.0f}" y="{HEIGHT - 10}" text-anchor="middle">prefix routes, the last one asked for</text>'


def line(figures: dict[Key, float], name: str, colour: str, key: Callable[[int], Key]) -> Iterator[str]:
    """One line with its points; its name stands behind the last one."""
    sizes = [10**power for power in range(MOST_ROUTES + 1) if key(10**power) in figures]
    points = [place(size, figures[key(size)]) for size in sizes]
    if not points:
        return
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
    x, y = points[-1]
    yield f'<text x="{x + 8:.0f}" y="{y + 4:.0f}" fill="{colour}">{name}</text>'


def chart(figures: dict[Key, float]) -> str:
    """The SVG of cost against table size."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">Cost of one request against the size of the table</text>',
        *axes(),
    ]
    for name, colour, key in LINES:
        parts += line(figures, name, colour, key)
    return "\n".join([*parts, "</svg>"]) + "\n"


def main(path: Path) -> int:
    figures = read(path)
    machine = json.loads(path.read_text(encoding="utf-8"))["machine_info"]
    text = page(figures, machine)
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    path.with_suffix(".svg").write_text(chart(figures), encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
