"""The chart: what one request costs against the size of the table, everyone's last of N prefix routes.

Both axes are logarithmic. Every line has its name beside its end; colours come in a light and a dark set.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape

from report.goals import MATCHING
from report.run import OURS, At, Run, grouped, shown

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 980, 580, 72, 96, 276, 58
MOST_ROUTES = 5
"""As a power of ten, as are the ends of the axis of times."""
LEAST_NS, MOST_NS = 2, 8
NAME_HEIGHT = 17
WHOLE, ONE = "Envoy, whole request", "Envoy, whole request on one route"


class Line(NamedTuple):
    """Whose figures, the name that is shown, its colour on light and on dark ground, and where the name stands."""

    who: str
    name: str
    light: str
    dark: str
    main: bool = False
    side: str = "right"


LINES = (
    Line(OURS, "fastroute, whole decision", "#0969da", "#58a6ff", main=True),
    Line(WHOLE, "Envoy, whole request", "#e16f24", "#ffa657"),
    Line(MATCHING, "Envoy, matching alone", "#cf222e", "#ff7b72", main=True),
    Line("linear Python loop", "linear loop in Python", "#6e7781", "#9198a1"),
    Line("starlette", "starlette", "#8250df", "#bc8cff", side="above"),
    Line("werkzeug", "werkzeug", "#9a6700", "#e3b341"),
    Line("falcon", "falcon", "#bf3989", "#f778ba"),
    Line("xrtr", "xrtr (Cython)", "#1a7f37", "#56d364", side="above"),
    Line("pymatchit", "pymatchit (Rust)", "#0e7c86", "#39c5cf"),
    Line("dict (floor)", "one look-up in a dict", "#6e7781", "#9198a1"),
)
UNDER = (
    "The last of N prefix routes is asked for. fastroute decides host, route and action of a request with 12 headers;",
    "other Python routers match the path alone. Both axes are logarithmic.",
)
PLAIN = """
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; font-size: 13px }
  .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round }
  .main .line { stroke-width: 3.2 } .main text { font-weight: 600 }
  .leader { fill: none; stroke-width: .8; opacity: .6 } .title { font-size: 19px; font-weight: 600 }
"""


def _colours(*, dark: bool) -> str:
    ground, grid, faint, strong = (
        ("#0d1117", "#272d37", "#9198a1", "#f0f6fc") if dark else ("#ffffff", "#e2e6ea", "#57606a", "#1f2328")
    )
    rules = [f".ground {{ fill: {ground} }} .grid {{ stroke: {grid} }} .faint {{ fill: {faint} }}"]
    rules += [f".title {{ fill: {strong} }} .halo {{ stroke: {ground}; stroke-width: 4; stroke-linejoin: round }}"]
    for number, line in enumerate(LINES):
        colour = line.dark if dark else line.light
        rules.append(
            f".l{number} .line, .l{number} .leader {{ stroke: {colour} }} .l{number} .fill {{ fill: {colour} }}"
        )
    return "\n  ".join(rules)


def points(run: Run, who: str) -> list[tuple[int, float]]:
    """(routes, nanoseconds) of the last of N prefix routes."""
    found = []
    for power in range(MOST_ROUTES + 1):
        at = At("route", "prefix", 10**power, "last")
        figure = run.figures.get((at, who))
        if figure is not None and figure.median > 0:
            found.append((10**power, figure.median))
    if who == WHOLE and found:
        alone = run.figures.get((At("route", "prefix", found[0][0], "last"), ONE))
        found = found if alone is None else [(1, alone.median), *found]
    return found


def place(size: int, ns: float) -> tuple[float, float]:
    """Where a figure lies on the chart."""
    x = LEFT + (WIDTH - LEFT - RIGHT) * math.log10(size) / MOST_ROUTES
    height = (math.log10(ns) - LEAST_NS) / (MOST_NS - LEAST_NS)
    return x, HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * height


def axes() -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for power in range(MOST_ROUTES + 1):
        x, _ = place(10**power, 10.0**LEAST_NS)
        yield f'<line class="grid" x1="{x:.0f}" y1="{TOP}" x2="{x:.0f}" y2="{bottom}"/>'
        yield f'<text class="faint" x="{x:.0f}" y="{bottom + 20}" text-anchor="middle">{grouped(10**power)}</text>'
    for power in range(LEAST_NS, MOST_NS + 1):
        _, y = place(1, 10.0**power)
        yield f'<line class="grid" x1="{LEFT}" y1="{y:.0f}" x2="{right}" y2="{y:.0f}"/>'
        label = shown(10.0**power).replace(".00", "").replace(".0", "")
        yield f'<text class="faint" x="{LEFT - 9}" y="{y + 4:.0f}" text-anchor="end">{label}</text>'
    middle = (LEFT + right) / 2
    yield f'<text class="faint" x="{middle:.0f}" y="{HEIGHT - 14}" text-anchor="middle">routes in the table</text>'


def spread(heights: list[float]) -> list[float]:
    """Heights of names, in the order of `heights`, moved apart so that none covers another."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    placed = list(heights)
    for _ in range(200):
        moved = False
        for upper, lower in pairwise(order):
            short = NAME_HEIGHT - (placed[lower] - placed[upper])
            if short > 0.01:
                placed[upper] -= short / 2
                placed[lower] += short / 2
                moved = True
        if not moved:
            break
    return placed


def lines(run: Run) -> Iterator[str]:
    """Every line with its points; names of those that end at the same size are moved apart."""
    drawn = [(number, line, points(run, line.who)) for number, line in enumerate(LINES)]
    drawn = [each for each in drawn if each[2]]
    heights: dict[int, float] = {}
    beside = [each for each in drawn if each[1].side == "right"]
    for size in {found[-1][0] for _, _, found in beside}:
        ending = [(number, place(*found[-1])[1]) for number, _, found in beside if found[-1][0] == size]
        heights |= dict(zip((number for number, _ in ending), spread([y for _, y in ending]), strict=True))
    for number, line, found in reversed(drawn):
        yield from one_line(number, line, found, heights.get(number))


def one_line(number: int, line: Line, found: list[tuple[int, float]], height: float | None) -> Iterator[str]:
    """A line; its name stands at `height` to the right of its end, or above or below it."""
    at = [place(size, ns) for size, ns in found]
    x, y = at[-1]
    yield f'<g class="l{number}{" main" if line.main else ""}">'
    yield f'<polyline class="line" points="{" ".join(f"{left:.1f},{top:.1f}" for left, top in at)}"/>'
    yield from (
        f'<circle class="fill" cx="{left:.1f}" cy="{top:.1f}" r="{4 if line.main else 3}"/>' for left, top in at
    )
    words = f">{escape(line.name)} · {shown(found[-1][1])}</text>"
    if height is None:
        where = f'x="{x:.0f}" y="{y + (20 if line.side == "below" else -11):.0f}" text-anchor="middle"'
    else:
        yield f'<path class="leader" d="M{x + 5:.1f},{y:.1f} L{x + 16:.1f},{height:.1f}"/>'
        where = f'x="{x + 20:.0f}" y="{height + 4:.0f}"'
    yield f'<text class="halo" {where}{words}<text class="fill" {where}{words}</g>'


def svg(run: Run) -> str:
    """The whole chart."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<title>CPU time to route one request, against the number of routes</title>",
        f"<style>{PLAIN}  {_colours(dark=False)}",
        f"  @media (prefers-color-scheme: dark) {{ {_colours(dark=True)} }}</style>",
        f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        '<text class="title" x="20" y="36">CPU time to route one request, against the number of routes</text>',
        *(f'<text class="faint" x="20" y="{59 + 18 * at}">{text}</text>' for at, text in enumerate(UNDER)),
        *axes(),
        *lines(run),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
