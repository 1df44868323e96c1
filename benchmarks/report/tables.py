"""The tables of a run: a suite as it was measured, and those that docs/performance.md shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from report.goals import MATCHING
from report.run import OURS, At, Run, digits, grouped, shown

Pick = Callable[[At, str], bool]
FORMS = {"pb": "binary", "json": "JSON", "yaml": "YAML"}


def suite(run: Run, name: str, want: Pick = lambda _at, _who: True) -> Iterator[str]:
    """A line for each (kind, where, who), a column for each size."""
    chosen = {(at, who): figure for (at, who), figure in run.figures.items() if at.suite == name and want(at, who)}
    sizes = sorted({at.size for at, _ in chosen})
    rows = dict.fromkeys((at.kind, at.where, who) for at, who in chosen)
    yield "| what | who | " + (" | ".join(map(grouped, sizes)) if sizes != [1] else "median") + " |"
    yield "|---|---|" + "---|" * len(sizes)
    for kind, where, who in rows:
        figures = [chosen.get((At(name, kind, size, where), who)) for size in sizes]
        cells = ("" if figure is None else shown(figure.median) for figure in figures)
        what = kind if where in ("alone", "all") else f"{kind}, {where}"
        yield f"| {what} | {who} | " + " | ".join(cells) + " |"


def flat(run: Run) -> Iterator[str]:
    """Routing and domains, ours."""
    yield from suite(run, "route", lambda at, who: who == OURS and (at.where == "last" or at.kind == "prefix"))
    yield ""
    yield from suite(run, "domains")
    yield ""
    yield from suite(run, "connect")


def rivals(run: Run) -> Iterator[str]:
    """All who were asked for the last of N prefixes."""
    yield from suite(run, "route", lambda at, _who: at.kind == "prefix" and at.where == "last")


def envoy(run: Run) -> Iterator[str]:
    """Envoy's matching beside the whole of our decision, by turns."""
    pairs = {at: (figures[MATCHING], figures[OURS]) for at, figures in run.turns if MATCHING in figures}
    yield "| routes | asked for | Envoy's matching | fastroute's decision | times cheaper |"
    yield "|---|---|---|---|---|"
    for at, (theirs, ours) in pairs.items():
        times = digits(theirs.median / ours.median)
        row = f"{grouped(at.size)} {at.kind} | {at.where} | {shown(theirs.median)} | {shown(ours.median)} | {times}"
        yield f"| {row} |"


def loading(run: Run) -> Iterator[str]:
    """Loads beside Envoy's, memory and the first answer."""
    yield "| what | form | ours | Envoy | ratio |"
    yield "|---|---|---|---|---|"
    for name, what in (("prefix_routes", "prefix routes"), ("mixed_routes", "mixed routes"), ("clusters", "clusters")):
        for form, spelled in FORMS.items():
            told = run.told.get(f"test_{name}[{form}]")
            if told is not None:
                ours, theirs = digits(told["ours_us_per_item"]), digits(told["envoy_us_per_item"])
                what_of = f"{grouped(told['items'])} {what}"
                yield f"| {what_of}, each | {spelled} | {ours} µs | {theirs} µs | {told['ratio']} |"
    told = run.told.get("test_first_answer")
    if told is not None:
        ours, theirs = f"{told['ours_ms']:.0f} ms", f"{told['envoy_ms']:.0f} ms"
        yield f"| process start to first answer | JSON | {ours} | {theirs} | {told['ratio']} |"
    for item in ("routes", "clusters"):
        told = run.told.get(f"test_memory[{item}]")
        if told is not None:
            message, tables = told["message_bytes_per_item"], grouped(told["table_bytes_per_item"])
            yield f"| memory of one of {grouped(told['items'])} {item} | | {tables} B, its message {message} B | | |"


def instructions(run: Run) -> Iterator[str]:
    """What callgrind counted."""
    yield "| a call | instructions |"
    yield "|---|---|"
    for name, value in run.counts.items():
        yield f"| {name} | {grouped(value)} |"


def rest(run: Run) -> Iterator[str]:
    """Benchmarks that belong to no suite and load nothing."""
    yield "| benchmark | median | told |"
    yield "|---|---|---|"
    for name, told in run.told.items():
        if not told.keys() & {"suite", "items", "envoy_ms"}:
            more = ", ".join(f"{key} {value}" for key, value in told.items() if key not in ("median", "least"))
            yield f"| {name} | {shown(told['median'] * 1e9)} | {more} |"


def left_out(run: Run) -> Iterator[str]:
    """What was not measured, and why."""
    for reason in dict.fromkeys(run.left_out.values()):
        tests = [name for name, given in run.left_out.items() if given == reason]
        more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
        yield f"- {tests[0]}{more}: {reason}"
