"""Contestants on the same work, measured by turns, so that what disturbs one disturbs all of them.

    turns = Turns("route", "prefix", 1_000, "last")
    turns.add(OURS, calls(partial(route, …), then=index), expect=999)
    turns.add("rival", calls(partial(rival, …)), expect=999)
    turns.run(benchmark, rounds=15)

Each contestant answers once a round, and its answer is asserted. What is taken is the CPU time of this process; a
contestant that lives elsewhere measures itself. `extra_info["turns"]` gets the median and the least of the rounds, in
nanoseconds a call; the times that pytest-benchmark shows are of the first contestant's rounds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from itertools import repeat
from operator import attrgetter
from time import process_time_ns
from typing import Any

from rigs.scale import rounds as scaled

OURS = "fastroute"
Round = Callable[[], tuple[float, Any]]


def calls(call: Callable[[], Any], count: int = 1_000, then: Callable[[Any], Any] = lambda answer: answer) -> Round:
    """A round of `count` calls: nanoseconds a call, and what `then` reads out of the answer of the last.

    Arguments are bound with `functools.partial`, which costs less than a function around the call.
    """

    def once() -> tuple[float, Any]:
        answer = None
        began = process_time_ns()
        for _ in repeat(None, count):
            answer = call()
        return (process_time_ns() - began) / count, then(answer)

    return once


def work(run: Callable[[Any], Any], count: int = 1, make: Callable[[], Any] = lambda: None) -> Round:
    """A round that is one call of `run`, which does something `count` times with what `make` made beforehand."""

    def once() -> tuple[float, Any]:
        given = make()
        began = process_time_ns()
        answer = run(given)
        return (process_time_ns() - began) / count, answer

    return once


index = attrgetter("index")


class Turns:
    """The contestants of one benchmark; the first is the one it is about."""

    def __init__(self, suite: str, kind: str, size: int, where: str) -> None:
        self.about = {"suite": suite, "kind": kind, "size": size, "where": where}
        self.contestants: dict[str, tuple[Round, Any]] = {}
        self.taken: dict[str, list[float]] = {}

    def add(self, who: str, once: Round, expect: Any) -> None:
        """Another contestant, and what it must answer; the first round of each is not taken, so that all are warm."""
        self.contestants[who] = once, expect
        self.taken[who] = []
        self._ask(who)
        self.taken[who].clear()

    def run(self, benchmark: Any, rounds: int) -> None:
        """All of them by turns."""
        first, *others = self.contestants

        def turn() -> tuple[tuple[()], dict[str, Any]]:
            for who in others:
                self._ask(who)
            return (), {}

        benchmark.pedantic(lambda: self._ask(first), setup=turn, rounds=scaled(rounds))
        told = {
            who: {"ns": max(statistics.median(taken), 0.0), "least_ns": max(min(taken), 0.0)}
            for who, taken in self.taken.items()
        }
        benchmark.extra_info.update(self.about, who=first, turns=told)

    def _ask(self, who: str) -> None:
        once, expect = self.contestants[who]
        taken, answer = once()
        assert answer == expect, f"{who} answers {answer!r}, not {expect!r}"
        self.taken[who].append(taken)
