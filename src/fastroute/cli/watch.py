"""`fastroute watch BOOTSTRAP`: follow a control plane, and say what changes and how each subscription does.

One line for each thing that happens, with the time in front; what changed in a resource is told below it. With
`-o json` each is an object on a line of its own: `event` is `ready`, `feed`, `resource` or `change`.

Exit codes: 0 ended (Ctrl-C, or --seconds are over), 1 it was never ready, 2 wrong usage.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime

import click

from fastroute.analysis.diff import diff
from fastroute.cli.source import source
from fastroute.snapshot import Snapshot
from fastroute.xds import FollowingRouter, Status, connect

_LOOK = 0.25
"""Seconds between looks at the status."""


@click.command()
@click.argument("bootstrap", callback=source)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--seconds", type=float, default=None, help="End after so many seconds; without it, at Ctrl-C.")
@click.option("--lenient", is_flag=True, help="Take what Envoy refuses but can be left out, as of Istio's own proxy.")
def watch(bootstrap: str, output: str, seconds: float | None, lenient: bool) -> None:
    """Follow the control plane that BOOTSTRAP names, and print what changes."""
    end = None if seconds is None else time.monotonic() + seconds
    with connect(bootstrap, strict=not lenient) as router:
        told = Told(as_json=output == "json")
        news = threading.Event()
        router.on_update(lambda *_: news.set())
        try:
            while end is None or time.monotonic() < end:
                news.clear()
                told.look(router)
                news.wait(_LOOK)
            told.look(router, last=True)
        except KeyboardInterrupt:
            pass
    sys.exit(0 if told.ready else 1)


class Told:
    """What was printed so far."""

    def __init__(self, *, as_json: bool) -> None:
        self.ready = False
        self._json = as_json
        self._snapshot: Snapshot | None = None
        self._feeds: dict[str, tuple[bool, str]] = {}
        self._resources: dict[tuple[str, str], str] = {}

    def look(self, router: FollowingRouter, *, last: bool = False) -> None:
        """Print what is new; the last time also what was not connected all the while."""
        status, snapshot = router.status(), router.snapshot
        self._look_at_feeds(status, last=last)
        self._look_at_resources(status)
        if self._snapshot is not None and snapshot is not self._snapshot:
            before, self._snapshot = self._snapshot, snapshot
            for change in diff(before.resources, snapshot.resources):
                self._say("change", change.text(), change.to_dict())
        if status.ready and not self.ready:
            # What came before is one state, not changes.
            self.ready, self._snapshot = True, snapshot
            counts = f"{len(snapshot.listeners.listeners)} listeners, {len(snapshot.routes)} route configurations, "
            counts += f"{len(snapshot.clusters)} clusters"
            self._say("ready", f"ready: {counts}; version {snapshot.version}", {"version": snapshot.version})

    def _look_at_feeds(self, status: Status, *, last: bool) -> None:
        feeds = {each.name: each for each in status.feeds}
        for name, each in feeds.items():
            state = (each.connected, each.error)
            if self._feeds.get(name, None if last else (False, "")) != state:
                self._feeds[name] = state
                where = f" ({each.address})" if each.address else ""
                words = f"connected{where}" if each.connected else f"not connected{where}"
                fields = {"feed": name, "connected": each.connected, "address": each.address, "error": each.error}
                self._say("feed", f"{name}: {words}{f': {each.error}' if each.error else ''}", fields)
        for name in [name for name in self._feeds if name not in feeds]:
            del self._feeds[name]
            self._say("feed", f"{name}: not needed any more", {"feed": name, "ended": True})

    def _look_at_resources(self, status: Status) -> None:
        found = {(each.kind, each.name): each for each in status.resources}
        for key, each in found.items():
            words = str(each)
            noted = each.state in ("NACKED", "DOES_NOT_EXIST") or each.warming
            if self._resources.get(key, "") != words and (noted or key in self._resources):
                fields = {"kind": each.kind, "name": each.name, "state": each.state}
                self._say("resource", words, {**fields, "warming": each.warming, "error": each.error})
            if noted:
                self._resources[key] = words
            else:
                self._resources.pop(key, None)
        for key in [key for key in self._resources if key not in found]:
            del self._resources[key]

    def _say(self, event: str, text: str, fields: dict[str, object]) -> None:
        now = datetime.now().astimezone()
        if self._json:
            click.echo(json.dumps({"time": now.isoformat(), "event": event, **fields}, ensure_ascii=False))
        else:
            click.echo("\n".join(_stamped(text, now.strftime("%H:%M:%S"))))
        sys.stdout.flush()


def _stamped(text: str, time_of_day: str) -> Iterator[str]:
    first, *others = text.splitlines()
    yield f"{time_of_day} {first}"
    yield from (" " * 9 + each for each in others)
