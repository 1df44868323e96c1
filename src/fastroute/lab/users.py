"""A process as another user, with no more privileges than it needs.

A container of the mesh drops every capability. Here the programs that it runs are this machine's own files, which
another user may be forbidden to read (a Python under /root, say). Where that is so the process keeps the one
capability of reading them, CAP_DAC_READ_SEARCH, and nothing else; it still is the other user to the redirection rules.
"""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

READING: Final = "dac_read_search"


@dataclass(frozen=True, slots=True)
class User:
    """User, group and capabilities of a process."""

    uid: int
    gid: int
    capabilities: tuple[str, ...] = ()

    def command(self, *words: str) -> list[str]:
        """The command that runs `words` as this user."""
        kept = [*self.capabilities, *([READING] if self.uid and not can_read(self.uid) else [])]
        sets = ",".join(["-all", *(f"+{name}" for name in kept)])
        plain = ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        ambient = [f"--inh-caps={sets}", f"--ambient-caps={sets}"] if self.uid else []
        return [*plain, f"--bounding-set={sets}", *ambient, *words]


PROXY: Final = User(1337, 1337)
APPLICATION: Final = User(1000, 1000)


@functools.cache
def can_read(uid: int) -> bool:
    """Whether a user without privileges can start this Python with this fastroute."""
    return runs(User(uid, uid), readable=True)


def runs(user: User, *, readable: bool = False) -> bool:
    """Whether `user` can start this Python; with `readable`, without the capability of reading everything."""
    plain = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups", "--bounding-set=-all"]
    before = [*plain, "--inh-caps=-all"] if readable else user.command()
    tried = [*before, sys.executable, "-c", "import fastroute.errors, google.protobuf"]
    try:
        done = subprocess.run(tried, capture_output=True, check=False, timeout=60, env=environment())
    except OSError:
        return False
    return done.returncode == 0


def environment(more: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """The environment of a process: this package where it was found, the usual programs, and `more`."""
    found = {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin",
    }
    return {**found, **dict(more)}
