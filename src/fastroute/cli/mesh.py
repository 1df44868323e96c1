"""`fastroute mesh`: a real mesh on this machine, twelve steps with real packets, and changes while it runs."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from fastroute.cli.examples import find_example

if TYPE_CHECKING:
    from fastroute.lab.mesh import Lab

URL = "http://reviews:9080/reviews/0"
CLIENT = "productpage-v1"


@click.command()
@click.option("--mode", type=click.Choice(["REDIRECT", "TPROXY"]), default="REDIRECT", show_default=True,
              help="How inbound connections are redirected.")  # fmt: skip
@click.option("--hold", is_flag=True, help="Keep the mesh running afterwards, until Ctrl-C.")
def mesh(mode: str, hold: bool) -> None:
    """Run bookinfo in network namespaces, each pod with its rules, agent and Envoy, and compare it with Router.

    Needs root. Everything that it makes it removes again; what a killed run left, the next one removes.
    """
    try:
        from fastroute.lab import needs, start
    except ImportError as missing:
        raise click.ClickException(f"this needs the extras `pilot` and `xds`: {missing}") from None
    if lacking := needs.missing():
        raise click.ClickException(f"no mesh can run here; it needs {lacking}")
    source = find_example("bookinfo")
    with start.mesh(source, mode=mode, say=click.echo) as running:
        equal = _walk(running) & _changes(running) & _not_restarted(running)
        if hold:
            _hold(running)
    click.echo("\nEverything was removed.")
    sys.exit(0 if equal else 1)


def _walk(running: Lab) -> bool:
    from fastroute.lab import show
    from fastroute.lab.steps import steps
    from fastroute.lab.walk import walk

    click.echo(f"\nOne request, twelve steps. Shown is what was seen; {show.SAME}: fastroute says the same.\n")
    walked = walk(running, running.pod(CLIENT), URL)
    equal = show.show_steps(steps(walked))
    click.echo(f"\n   It took {walked.answer.seconds:.2f} s. What the two Envoys wrote:\n")
    for pod, line in ((walked.client, walked.outbound), (walked.server, walked.inbound)):
        show.show_line(pod, line)
    return equal


def _changes(running: Lab) -> bool:
    from fastroute.lab import show
    from fastroute.lab.bookinfo import changes
    from fastroute.lab.changes import carry_out

    click.echo("\nChanges while it runs. Every request is compared with Router, line by line of every Envoy's log.")
    holds = True
    for change in changes():
        show.show_change(change)
        outcome = carry_out(running, change)
        show.show_outcome(outcome)
        holds &= outcome.holds
    return holds


def _not_restarted(running: Lab) -> bool:
    from fastroute.lab import show

    click.echo("")
    facts = [pod.restarts() for pod in running.pods.values()]
    for name, seen in zip(running.pods, facts, strict=True):
        click.echo(f"   {show.SAME if seen == 0 else show.OTHER} {name}: its Envoy was started anew {seen} times")
    return not any(facts)


def _hold(running: Lab) -> None:
    click.echo("\nThe mesh runs until Ctrl-C. A look inside, and the manifests that may be changed:\n")
    click.echo(f"   ip netns exec {running.pod(CLIENT).space.name} curl -si {URL}")
    click.echo(f"   {running.manifests.directory}")
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("")
