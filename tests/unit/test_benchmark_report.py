"""The report of the benchmarks: what it reads out of a run, when a goal is reached, what it puts into the documents."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from report import chart, document, goals
from report.__main__ import DOCS, sections
from report.run import At, Figure, Run, digits, grouped, read, shown

TURNS = {"fastroute": {"ns": 500.0, "least_ns": 400.0}, "Envoy, matching": {"ns": 40_000.0, "least_ns": 20_000.0}}


def benchmark(name: str, median: float, **told: Any) -> dict[str, Any]:
    return {"name": name, "stats": {"median": median, "min": median / 2}, "extra_info": told}


def route(size: int, **more: Any) -> dict[str, Any]:
    return {"suite": "route", "who": "fastroute", "kind": "prefix", "size": size, "where": "last", **more}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    benchmarks = [
        benchmark("test_route[last-1000-prefix]", 1e-6, **route(1_000)),
        benchmark("test_random", 1e-3, **route(1_000, where="random", per=1_000)),
        benchmark("test_last[prefix-1000]", 1.0, **route(1_000, turns=TURNS)),
        benchmark("test_full_cds", 0.002, pushes=7),
        benchmark(
            "test_prefix_routes[pb]", 1.0, items=10, ours_us_per_item=3.0, envoy_us_per_item=12.0, ratio=0.25,
            ratio_of_least=0.24,
        ),
        benchmark(
            "test_pushes_beside_a_bare_echo[50]", 1.0,
            **{"pushes a second": 2_800, "the echo's": 4_000, "in times of the echo's": 0.7, "µs of CPU a push": 300,
               "the echo's µs": 180, "in times of the echo's, by CPU": 0.6},
        ),
        benchmark("test_pushes_beside_sovereign", 1.0,
                  **{"pushes a second": 425, "its responses a second": 16.0, "times as many": 27}),
        benchmark("test_memory_of_a_large_mesh", 1.0, **{"MB alone": 94, "MB in all": 201}),
        benchmark("test_memory[routes]", 1.0, items=10, table_bytes_per_item=301, message_bytes_per_item=40),
    ]  # fmt: skip
    content = {
        "benchmarks": benchmarks,
        "machine_info": {
            "python_version": "3.11.7",
            "system": "Linux",
            "cpu": {"brand_raw": "a processor", "count": 2},
        },
        "datetime": "2026-01-02T03:04:05",
        "left_out": {"test_rival[1]": "not installed", "test_rival[2]": "not installed"},
    }
    path = tmp_path / "benchmarks.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    counts = {"route, last of 10 prefixes, 12 headers": 1_901}
    path.with_name("instructions.json").write_text(json.dumps(counts), encoding="utf-8")
    return read(path)


def test_figures_are_for_one_call_and_turns_do_not_replace_them(run: Run):
    at = At("route", "prefix", 1_000, "last")
    assert run.figures[at, "fastroute"] == Figure(1_000.0, 500.0)
    assert run.figures[at._replace(where="random"), "fastroute"].median == pytest.approx(1_000)
    assert run.figures[at, "Envoy, matching"] == Figure(40_000.0, 20_000.0)
    assert run.together(at, "fastroute", "pymatchit") is None


def row(run: Run, beginning: str) -> str:
    (found,) = [line for line in goals.table(run) if line.startswith(f"| {beginning}")]
    return found


def test_a_goal_compares_what_was_measured_by_turns(run: Run):
    found = row(run, "last of 1 000 prefix routes")
    assert found.endswith("| ≥ 60 | 80.0 (40.0 µs / 500 ns) | 50.0 | yes |")


def test_a_goal_that_is_missed_says_so(run: Run):
    assert row(run, "10 prefix routes, 12 headers: instructions").endswith("| ≤ 1 900 | 1 901 |  | **no** |")
    assert row(run, "memory of a prefix route").endswith("| ≤ 300 | 301 |  | **no** |")
    assert row(run, "load a prefix route, binary").endswith("| ≤ 1 | 0.25 (3.00 µs / 12.0 µs) | 0.24 | yes |")


def test_what_a_benchmark_tells_of_itself_can_be_a_goal(run: Run):
    pushes = "pushes to 100 clients, 50 services, "
    assert row(run, f"{pushes}in").endswith("| ≥ 0.7 | 0.70 (2 800 / 4 000 a second) |  | yes |")
    assert row(run, f"{pushes}the").endswith("| ≥ 0.7 | 0.60 (300 µs / 180 µs) |  | **no** |")
    assert row(run, "pushes of 1 000 clusters").endswith("| ≥ 20 | 27.0 (425 / 16.0 a second) |  | yes |")
    assert row(run, "memory of 1 000 services").endswith("| ≤ 200 | 201 (94 MB without proxies) |  | **no** |")
    assert row(run, "pushes to 100 clients, 1 000 services, in").endswith("| ≥ 0.7 | not measured | | |")


def test_what_was_not_measured_is_not_called_reached(run: Run):
    assert row(run, "1 000 regexes").endswith("| ≥ 150 | not measured | | |")


def test_left_out_once_a_reason(run: Run):
    assert sections(run)["left out"] == "- test_rival[1] and 1 more: not installed"


def test_benchmarks_of_no_suite_tell_what_they_found(run: Run):
    assert "| test_full_cds | 2.00 ms | pushes 7 |" in sections(run)["rest"]


def test_the_chart_is_xml_and_names_who_was_measured(run: Run):
    texts = "".join(ElementTree.fromstring(chart.svg(run)).itertext())
    assert "fastroute, whole decision · 1.00 µs" in texts
    assert "pymatchit" not in texts


@pytest.mark.parametrize("heights", [[10.0, 11.0, 12.0], [5.0], [30.0, 10.0, 12.0, 29.0, 11.0]])
def test_names_are_moved_apart_in_their_order(heights: list[float]):
    placed = chart.spread(heights)
    order = sorted(range(len(heights)), key=heights.__getitem__)
    gaps = [placed[lower] - placed[upper] for upper, lower in pairwise(order)]
    assert all(gap >= chart.NAME_HEIGHT - 0.1 for gap in gaps)


def test_sections_are_replaced_and_the_rest_is_kept():
    text = "before\n<!-- figures: goals -->\nold\n<!-- end -->\nafter\n<!-- figures: flat -->\n<!-- end -->\n"
    filled = document.fill(text, {"goals": "| new |\n", "flat": "| flat |"})
    assert filled == text.replace("old", "| new |").replace("flat -->\n", "flat -->\n| flat |\n")
    assert document.fill(filled, {"goals": "| new |", "flat": "| flat |"}) == filled


def test_an_unknown_section_is_an_error():
    with pytest.raises(LookupError, match="no figures 'other'"):
        document.fill("<!-- figures: other -->\n<!-- end -->\n", {"goals": ""})


def test_the_documentation_has_no_section_that_the_report_lacks(run: Run):
    text = (DOCS / "performance.md").read_text(encoding="utf-8")
    document.fill(text, sections(run))
    assert (
        text.count("<!-- figures: ") == text.count("<!-- end -->") == len(re.findall(r"<!-- figures: [^>]+? -->", text))
    )


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0.4, "0 ns"), (999.4, "999 ns"), (999.6, "1.00 µs"), (12_345, "12.3 µs"), (1e6, "1.00 ms"), (2.5e9, "2.50 s")],
)
def test_times(ns: float, text: str):
    assert shown(ns) == text


def test_numbers():
    assert (digits(0.256), digits(9.996), digits(12_345.6), grouped(100_000)) == ("0.26", "10.0", "12 346", "100 000")
