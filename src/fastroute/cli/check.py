"""`fastroute check`: route tests in the format of Envoy's router_check_tool.

Options, output and exit codes of the tool are kept; see `fastroute.check` for what is compared. Beyond
it: the configuration may be a bootstrap, a listener or a config dump, reports come as JSON and JUnit.

Exit codes: 0 all as expected, 1 a test failed or the coverage is too low, 2 wrong usage or unreadable files.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from fastroute.check import report as reports
from fastroute.check.cases import read_cases
from fastroute.check.coverage import missing_by_match, missing_by_name
from fastroute.check.runner import Report, run
from fastroute.check.tables import deprecated_fields, find
from fastroute.config.load import URLS
from fastroute.errors import ConfigError, ParseError

_LONG = 2000
"""Cases from which on a progress bar is worth its lines."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1)
@click.option("-c", "--config-path", metavar="SOURCE", help="The configuration: a file, a directory or an admin page.")
@click.option("-t", "--test-path", type=click.Path(path_type=Path), help="The test file.")
@click.option("-d", "--details", is_flag=True, help="Print the name of every test.")
@click.option("--only-show-failures", is_flag=True, help="Print failed tests only.")
@click.option("-f", "--fail-under", type=float, default=0.0, help="Fail when the coverage is below this percentage.")
@click.option("--covall", is_flag=True, help="Coverage of every property of a route, and the missing tests.")
@click.option("--detailed-coverage", is_flag=True, help="Name the routes that no test touched.")
@click.option("-p", "--disable-deprecation-check", is_flag=True, help="Do not warn of deprecated fields.")
@click.option("-o", "--output-path", type=click.Path(path_type=Path), help="Write the result as a ValidationResult.")
@click.option("--route-config", help="The name of the route configuration, where there are several.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write a JSON report.")
@click.option("--junit", "junit_path", type=click.Path(path_type=Path), help="Write a JUnit report.")
@click.option("--lenient", is_flag=True, help="Take what Envoy or fastroute would refuse, where it can be left out.")
@click.option("--progress/--no-progress", default=None, help="A progress bar [default: on long runs at a terminal].")
def check(
    files: tuple[str, ...],
    config_path: str | None,
    test_path: Path | None,
    details: bool,
    only_show_failures: bool,
    fail_under: float,
    covall: bool,
    detailed_coverage: bool,
    disable_deprecation_check: bool,
    output_path: Path | None,
    route_config: str | None,
    json_path: Path | None,
    junit_path: Path | None,
    lenient: bool,
    progress: bool | None,
) -> int:
    """Check routes: fastroute check -c SOURCE -t TESTS.

    SOURCE may be the URL of an admin page, such as http://127.0.0.1:15000/config_dump.

    Exit codes: 0 all as expected, 1 a test failed or the coverage is too low, 2 wrong usage or a source that cannot be
    read.
    """
    config, tests = _paths(files, config_path, test_path)
    try:
        tables = find(config, route_config=route_config, strict=not lenient)
        if not disable_deprecation_check:
            for field in deprecated_fields(tables.resource.message):
                click.echo(f"Using deprecated option '{field}'.", err=True)
        cases = read_cases(tests)
        with _bar(progress, len(cases)) as advance:
            report = run(tables, cases, progress=advance)
    except ConfigError as error:
        click.echo(_refusal(error, config), err=True)
        return 2
    _print(report, details=details, only_failures=only_show_failures)
    _write(report, tests, covall, output_path, json_path, junit_path)
    if not report.passed:
        if not details and not only_show_failures:
            failed = sum(not result.passed for result in report.results)
            click.echo(f"{failed} of {len(report.results)} tests failed; --only-show-failures says why", err=True)
        return 1
    return _coverage(report, covall=covall, detailed=detailed_coverage, at_least=fail_under)


def _paths(files: tuple[str, ...], config: str | None, tests: Path | None) -> tuple[str | Path, Path]:
    left = list(files)
    config = config or (left.pop(0) if left else None)
    tests = tests or (Path(left.pop(0)) if left else None)
    if config is None or tests is None or left:
        raise click.UsageError("give a configuration (-c) and a test file (-t)")
    return config if config.startswith(URLS) else Path(config), tests


def _refusal(error: ConfigError, config: str | Path) -> str:
    """The error in Envoy's words where a configuration has an unknown field."""
    text = str(error)
    if isinstance(error, ParseError) and error.where is not None and error.where.file == str(config):
        return f"INVALID_ARGUMENT: envoy.config.route.v3.RouteConfiguration: {text}"
    return text


@contextlib.contextmanager
def _bar(wanted: bool | None, length: int) -> Iterator[Callable[[int, int], None] | None]:
    if wanted is None:
        wanted = length >= _LONG and sys.stderr.isatty()
    if not wanted:
        yield None
        return
    with click.progressbar(length=length, label="Checking routes", file=sys.stderr) as bar:
        yield lambda _done, _total: bar.update(1)


def _print(report: Report, *, details: bool, only_failures: bool) -> None:
    for result in report.results:
        if (details and not only_failures) or (only_failures and not result.passed):
            click.echo(result.case.name)
            for failure in result.failures:
                click.echo(failure.text, err=True)


def _write(
    report: Report, tests: Path, covall: bool, binary: Path | None, json_path: Path | None, junit: Path | None
) -> None:
    if binary is not None:
        binary.write_bytes(reports.to_binary(report))
    if json_path is not None:
        json_path.write_text(json.dumps(reports.to_dict(report, comprehensive=covall), indent=2) + "\n")
    if junit is not None:
        junit.write_text(reports.to_junit(report, tests.name), encoding="utf-8")


def _coverage(report: Report, *, covall: bool, detailed: bool, at_least: float) -> int:
    coverage = report.coverage
    missing = coverage.missing()
    if covall:
        for line in missing_by_match(missing):
            click.echo(line)
    if detailed:
        for line in missing_by_name(missing):
            click.echo(line)
    reached = coverage.comprehensive() if covall else coverage.percentage()
    click.echo(f"Current route coverage: {reached:g}%")
    if at_least and reached < at_least:
        click.echo(f"Failed to meet coverage requirement: {at_least:g}%", err=True)
        return 1
    return 0
