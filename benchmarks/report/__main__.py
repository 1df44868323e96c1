"""Tables, goals and the chart of a run.

python -m report out/benchmarks.json            writes benchmarks.md and benchmarks.svg beside it
python -m report out/benchmarks.json --docs     puts the same figures into docs/performance.md and .svg
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from report import chart, document, goals, tables
from report.run import Run, read

DOCS = Path(__file__).resolve().parents[2] / "docs"
SUITES = {
    "route": "Routing",
    "domains": "Domains",
    "connect": "Connections",
    "end to end": "End to end: the bookinfo sidecar",
    "reading": "Reading a decision",
    "pick": "Picking a host",
    "hashing": "Hashing",
    "build": "Building tables",
    "update": "Updates",
    "threads": "Threads",
    "from C": "From C",
}


def machine(run: Run) -> str:
    """Where, when and how the run was made."""
    cpu = run.machine.get("cpu", {})
    name, cores = cpu.get("brand_raw", "an unknown processor"), cpu.get("count", "?")
    mode = f" A {run.mode} run: not to be quoted." if run.mode in ("quick", "smoke") else ""
    return (
        f"Python {run.machine['python_version']}, {name}, {cores} cores of a {run.machine['system']} machine,"
        f" {run.when[:10]}; medians of one run, at whose end the machine's load was {run.load_average:.1f}.{mode}"
    )


def sections(run: Run) -> dict[str, str]:
    """Every part of the report, by name."""
    made = {
        "machine": iter([machine(run)]),
        "goals": goals.table(run),
        "flat": tables.flat(run),
        "rivals": tables.rivals(run),
        "envoy": tables.envoy(run),
        "loading": tables.loading(run),
        "instructions": tables.instructions(run),
        "rest": tables.rest(run),
        "left out": tables.left_out(run),
        **{name: tables.suite(run, name) for name in SUITES},
    }
    return {name: "\n".join(lines) for name, lines in made.items()}


def page(run: Run) -> Iterator[str]:
    """The whole report."""
    found = sections(run)
    yield from ("# Benchmarks", "", found["machine"], "", "![cost against table size](benchmarks.svg)")
    yield from ("", "## Goals", "", found["goals"])
    yield from ("", "## Envoy's matching beside ours, by turns", "", found["envoy"])
    yield from ("", "## Loading, memory and start-up", "", found["loading"])
    for name, title in SUITES.items():
        yield from ("", f"## {title}", "", found[name])
    yield from ("", "## Instructions", "", found["instructions"])
    yield from ("", "## Others", "", found["rest"])
    yield from ("", "## Left out", "", found["left out"] or "Nothing.")


def main(arguments: list[str]) -> int:
    path = Path(arguments[0])
    run = read(path)
    picture = chart.svg(run)
    if "--docs" in arguments:
        document_path = DOCS / "performance.md"
        filled = document.fill(document_path.read_text(encoding="utf-8"), sections(run))
        document_path.write_text(filled, encoding="utf-8")
        document_path.with_suffix(".svg").write_text(picture, encoding="utf-8")
        return 0
    text = "\n".join(page(run)) + "\n"
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    path.with_suffix(".svg").write_text(picture, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
