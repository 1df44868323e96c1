"""How a walk and the changes are printed."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable
from dataclasses import asdict

import click

from fastroute.lab.access_log import Line
from fastroute.lab.changes import Change, Measured, Outcome
from fastroute.lab.pods import Pod
from fastroute.lab.steps import Fact, Step

SAME, OTHER = "✓", "≠"


def show_steps(shown: Iterable[Step]) -> bool:
    """Print steps with their facts; whether everything is equal."""
    equal = True
    for number, step in enumerate(shown, 1):
        click.echo(f"{number:>2}. {click.style(step.title, bold=True)}   ({step.source})")
        for fact in step.facts:
            show_fact(fact)
            equal &= fact.equal
    return equal


def show_fact(fact: Fact) -> None:
    """Print what was seen, whether fastroute says the same, and what it says where it does not."""
    click.echo(f"      {_mark(fact.equal)} {fact.name}: {fact.seen or '(nothing)'}")
    if not fact.equal:
        click.echo(f"        fastroute says: {fact.said or '(nothing)'}")


def show_line(pod: Pod, line: Line) -> None:
    """Print a line of an access log as its Envoy wrote it, without what is empty."""
    click.echo(f"   {pod.short}: {json.dumps({name: value for name, value in asdict(line).items() if value})}")


def show_change(change: Change) -> None:
    """Print what is about to be written."""
    click.echo(f"\n{click.style(change.title, bold=True)}\n")
    click.echo(textwrap.indent(change.text.rstrip(), "      "))


def show_outcome(outcome: Outcome) -> None:
    """Print how long a change took, what requests met then, and the comparison."""
    after = f"after {outcome.seconds:.2f} s" if outcome.seconds else "already"
    click.echo(f"   in force in every Envoy {after}")
    for one in outcome.measured:
        show_measured(one)
    click.echo(f"   {_mark(not outcome.report.differences)} {outcome.report.text()}")
    for difference in outcome.report.differences:
        click.echo(f"        {difference}")


def show_measured(one: Measured) -> None:
    """Print one measurement."""
    click.echo(f"   {_mark(one.holds)} {one.what}: {one.seen}   (must be: {one.wanted})")


def _mark(holds: bool) -> str:
    return click.style(SAME, fg="green") if holds else click.style(OTHER, fg="red", bold=True)
