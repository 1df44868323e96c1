"""The goals, and what a run measured of each: a ratio by turns, a count of instructions, or what a benchmark told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from report.run import OURS, At, Run, digits, grouped, shown

MATCHING = "Envoy, matching"


class Measured(NamedTuple):
    """The value that the bound is on, the same of the least rounds where there are any, and what it is made of."""

    value: float
    least: float | None
    made_of: str


@dataclass(frozen=True)
class Goal:
    """`at_least`: the value must reach the bound; otherwise it must not exceed it."""

    what: str
    bound: float
    measure: Callable[[Run], Measured | None]
    at_least: bool = False

    def reached(self, measured: Measured) -> bool:
        """Whether it is, by the medians."""
        return measured.value >= self.bound if self.at_least else measured.value <= self.bound


def ratio(at: At, over: str, under: str) -> Callable[[Run], Measured | None]:
    """What `over` takes, in times of what `under` takes, both measured by turns."""

    def measure(run: Run) -> Measured | None:
        pair = run.together(at, over, under)
        if pair is None:
            return None
        one, other = pair
        least = one.least / other.least if other.least > 0 else None
        return Measured(one.median / other.median, least, f"{shown(one.median)} / {shown(other.median)}")

    return measure


def count(scenario: str) -> Callable[[Run], Measured | None]:
    """The instructions of a call of the driver."""

    def measure(run: Run) -> Measured | None:
        found = run.counts.get(scenario)
        return None if found is None else Measured(found, None, "instructions")

    return measure


def load(test: str) -> Callable[[Run], Measured | None]:
    """Our CPU time of a load, in times of Envoy's."""

    def measure(run: Run) -> Measured | None:
        told = run.told.get(test)
        if told is None or told.get("ratio") is None:
            return None
        made_of = f"{digits(told['ours_us_per_item'])} µs / {digits(told['envoy_us_per_item'])} µs"
        return Measured(told["ratio"], told.get("ratio_of_least"), made_of)

    return measure


def memory(run: Run) -> Measured | None:
    told = run.told.get("test_memory[routes]")
    return None if told is None else Measured(told["table_bytes_per_item"], None, "bytes")


def first_answer(run: Run) -> Measured | None:
    told = run.told.get("test_first_answer")
    if told is None:
        return None
    return Measured(told["ratio"], told.get("ratio_of_least"), f"{told['ours_ms']:.0f} ms / {told['envoy_ms']:.0f} ms")


def told(test: str, key: str, made_of: Callable[[dict[str, Any]], str]) -> Callable[[Run], Measured | None]:
    """What a benchmark says of itself."""

    def measure(run: Run) -> Measured | None:
        found = run.told.get(test)
        return None if found is None or key not in found else Measured(found[key], None, made_of(found))

    return measure


def _echo(found: dict[str, Any]) -> str:
    ours, bare = found["pushes a second"], found["the echo's"]
    return f"{grouped(ours)} / {grouped(bare)} a second"


def _echo_cpu(found: dict[str, Any]) -> str:
    ours, bare = found["µs of CPU a push"], found["the echo's µs"]
    return f"{ours} µs / {bare} µs"


def _sovereign(found: dict[str, Any]) -> str:
    return f"{grouped(found['pushes a second'])} / {digits(found['its responses a second'])} a second"


def _discovery() -> Iterator[Goal]:
    for size in (50, 1_000):
        test, what = f"test_pushes_beside_a_bare_echo[{size}]", f"pushes to 100 clients, {grouped(size)} services"
        wall, cpu = "in times of the echo's", "in times of the echo's, by CPU"
        yield Goal(f"{what}, in times of a bare echo's", 0.7, told(test, wall, _echo), at_least=True)
        yield Goal(f"{what}, the same by CPU time", 0.7, told(test, cpu, _echo_cpu), at_least=True)
    measure = told("test_pushes_beside_sovereign", "times as many", _sovereign)
    yield Goal("pushes of 1 000 clusters, in times of sovereign's responses", 20, measure, at_least=True)
    what = "memory of 1 000 services and 200 proxies, MB"
    measure = told("test_memory_of_a_large_mesh", "MB in all", lambda found: f"{found['MB alone']} MB without proxies")
    yield Goal(what, 200, measure)


def _route(kind: str, size: int, where: str = "last") -> At:
    return At("route", kind, size, where)


def _goals() -> Iterator[Goal]:
    yield Goal("10 prefix routes, 12 headers: instructions", 1_900, count("route, last of 10 prefixes, 12 headers"))
    yield Goal(
        "10 prefix routes, 12 headers, against the path-only match of pymatchit",
        1,
        ratio(_route("prefix", 10), OURS, "pymatchit"),
    )
    yield Goal(
        "1 000 prefix routes, last, 12 headers: instructions", 2_500, count("route, last of 1000 prefixes, 12 headers")
    )
    for size, where, bound in ((1_000, "last", 60), (10_000, "random", 500), (100_000, "random", 5_000)):
        what = f"{where} of {grouped(size)} prefix routes, times cheaper than Envoy's matching"
        yield Goal(what, bound, ratio(_route("prefix", size, where), MATCHING, OURS), at_least=True)
    for kind, name, bound in (("regex", "1 000 regexes", 150), ("header", "1 000 header-only routes", 80)):
        what = f"{name}, last, times cheaper than Envoy's matching"
        yield Goal(what, bound, ratio(_route(kind, 1_000), MATCHING, OURS), at_least=True)
    for size in (100, 1_000):
        what = f"{grouped(size)} hostile regexes, last, against an ordered scan"
        yield Goal(what, 1.1, ratio(_route("hostile regex", size), OURS, "ordered scan in RE2"))
    for kind in ("exact", "suffix", "prefix"):
        measure = ratio(At("domains", kind, 10_000, "last"), OURS, "one domain")
        yield Goal(f"10 000 {kind} domains, last, cached, against one", 1.3, measure)
    for kind, name in (("sni", "server name"), ("cidr", "source range"), ("ports", "destination port")):
        measure = ratio(At("connect", kind, 5_000, "last"), OURS, "five chains")
        yield Goal(f"filter chain by {name} among 5 000, against among 5", 2, measure)
    for kind, name in (("maglev", "Maglev pick"), ("ring hash 65536", "pick of a ring of 65 536")):
        measure = ratio(At("pick", kind, 100, "by hash"), "uhashring", OURS)
        yield Goal(f"{name}, times faster than uhashring", 15, measure, at_least=True)
    for kind in ("ring of 65 536", "Maglev table of 65 537"):
        measure = ratio(At("build", kind, 100, "all"), OURS, "plain C")
        yield Goal(f"building a {kind}, against plain C", 1.5, measure)
    for test, name in (("prefix_routes", "prefix route"), ("mixed_routes", "mixed route"), ("clusters", "cluster")):
        for form, spelled in (("pb", "binary"), ("json", "JSON"), ("yaml", "YAML")):
            yield Goal(f"load a {name}, {spelled}, against Envoy", 1, load(f"test_{test}[{form}]"))
    yield Goal("memory of a prefix route in the tables, bytes", 300, memory)
    yield Goal("process start to first answer, 1 000 routes, against a cold Envoy", 1, first_answer)
    measure = ratio(At("from C", "prefix", 1_000, "random"), OURS, "bare descent")
    yield Goal("from C through the capsule, 1 000 routes, against the bare descent", 3, measure)


GOALS = (*_goals(), *_discovery())


def table(run: Run) -> Iterator[str]:
    """Every goal, with what was measured."""
    yield "| goal | bound | measured | of the least rounds | reached |"
    yield "|---|---|---|---|---|"
    for goal in GOALS:
        bound = f"{'≥' if goal.at_least else '≤'} {grouped(round(goal.bound)) if goal.bound >= 10 else goal.bound}"
        measured = goal.measure(run)
        if measured is None:
            yield f"| {goal.what} | {bound} | not measured | | |"
            continue
        value, made_of = digits(measured.value), f" ({measured.made_of})"
        if measured.made_of in ("instructions", "bytes"):
            value, made_of = grouped(round(measured.value)), ""
        least = "" if measured.least is None else digits(measured.least)
        reached = "yes" if goal.reached(measured) else "**no**"
        yield f"| {goal.what} | {bound} | {value}{made_of} | {least} | {reached} |"
