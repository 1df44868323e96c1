"""Running cases: the report of a whole test file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from fastroute.check.cases import Case, read_cases
from fastroute.check.compare import Failure, compare, covers
from fastroute.check.coverage import Coverage
from fastroute.check.outcome import outcome
from fastroute.check.tables import Route, Tables, find
from fastroute.config.load import Source
from fastroute.records import record


@record
class CaseResult:
    """One case and its failures; none when it passed."""

    case: Case
    failures: tuple[Failure, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


@record
class Report:
    """The results in the order of the file, and what they covered."""

    results: tuple[CaseResult, ...]
    coverage: Coverage

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return all(result.passed for result in self.results)

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        """The cases that did not pass."""
        return tuple(result for result in self.results if not result.passed)


def run(
    config: Source | Tables,
    tests: str | os.PathLike[str] | Iterable[Case],
    *,
    route_config: str | None = None,
    strict: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check `tests` (a test file, or cases) against the route configuration in `config`.

    `route_config` names one of several; `progress` is told how many cases of how many are done.
    Raises ConfigError when either cannot be read.
    """
    tables = config if isinstance(config, Tables) else find(config, route_config=route_config, strict=strict)
    tables.table("")
    cases = read_cases(tests) if isinstance(tests, str | os.PathLike) else tuple(tests)
    routes = tables.routes
    coverage = Coverage(routes)
    results = []
    for number, case in enumerate(cases, 1):
        results.append(check(case, tables, routes, coverage))
        if progress is not None:
            progress(number, len(cases))
    return Report(tuple(results), coverage)


def check(case: Case, tables: Tables, routes: list[Route], coverage: Coverage) -> CaseResult:
    """Check one case; marks what it covers."""
    found = outcome(case, tables, routes)
    failures = []
    for name, failure in compare(case, found):
        if failure is not None:
            failures.append(failure)
        elif found.covered is not None and covers(name, found):
            coverage.mark(found.covered, name)
    return CaseResult(case, tuple(failures))
