"""Names and places of one run, and what killed runs left behind.

Everything outside the run's own memory carries its name: namespaces `NAME-POD`, their files `/etc/netns/NAME-POD`, and
the directory `NAME` for the rest. The name says which process made them (its id, and when it started; then the number
of the run), so that a later run can tell what belongs to a process that is gone, and removes only that.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PREFIX: Final = "fastroute-mesh"
NETNS: Final = Path("/run/netns")
FILES: Final = Path("/etc/netns")
_numbers = itertools.count(1)
_NAME: Final = re.compile(rf"{PREFIX}-(\d+)-(\d+)(?:-.*)?")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one process."""

    name: str

    @classmethod
    def of_this_process(cls) -> Run:
        """A new run of the calling process."""
        return cls(f"{PREFIX}-{os.getpid()}-{_started(os.getpid())}-{next(_numbers)}")

    @property
    def home(self) -> Path:
        """Where its files are."""
        return Path(tempfile.gettempdir(), self.name)

    def space(self, what: str) -> str:
        """The name of a namespace."""
        return f"{self.name}-{what}"


def _started(pid: int) -> str:
    """When a process started, in clock ticks since boot; empty when there is none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return status.rpartition(")")[2].split()[19]


def _left(path: Path) -> Iterator[Path]:
    """The entries of a directory that runs of processes which are gone made."""
    for entry in sorted(path.iterdir()) if path.is_dir() else ():
        found = _NAME.fullmatch(entry.name)
        if found and _started(int(found[1])) != found[2]:
            yield entry


def remove_leftovers() -> list[str]:
    """Remove what killed runs left; the names of what was removed."""
    removed = [entry.name for entry in _left(NETNS)]
    for name in removed:
        remove_space(name)
    for place in (FILES, Path(tempfile.gettempdir())):
        for entry in _left(place):
            shutil.rmtree(entry, ignore_errors=True)
            removed.append(str(entry))
    _remove_when_empty(FILES)
    return removed


def remove_space(name: str) -> None:
    """End what still runs in a namespace, and remove it with its files; nothing happens when it is not there."""
    listed = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False, timeout=30)
    for pid in listed.stdout.split() if listed.returncode == 0 else ():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False, timeout=30)
    shutil.rmtree(FILES / name, ignore_errors=True)


def remove(run: Run) -> None:
    """Remove everything of a run, whatever state it is in."""
    names = [entry.name for entry in NETNS.iterdir()] if NETNS.is_dir() else []
    for name in names:
        if name.startswith(f"{run.name}-"):
            remove_space(name)
    shutil.rmtree(run.home, ignore_errors=True)
    _remove_when_empty(FILES)


def _remove_when_empty(directory: Path) -> None:
    with contextlib.suppress(OSError):
        directory.rmdir()
