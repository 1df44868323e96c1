"""A process with its log, ended in order: asked, waited for, then killed."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from fastroute.lab.failure import LabError

LAST_WORDS: Final = 2000


class Process:
    """A running command; its output goes to the file `log`. It is not in our process group, so Ctrl-C is ours alone."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        self.name, self.log = name, log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def words(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-LAST_WORDS:].strip()

    def wait_for(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until `condition()` holds, where OSError means not yet; LabError with its last words otherwise."""
        deadline, last = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise LabError(f"{self.name} ended with {self._process.returncode}: {self.words()}")
            try:
                if condition():
                    return
            except (OSError, LabError) as error:
                last = f" ({error})"
            time.sleep(0.05)
        raise LabError(f"{self.name}: {what} took longer than {seconds:g} s{last}: {self.words()}")

    def ask_to_end(self) -> None:
        """SIGTERM, if it still runs."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self, seconds: float) -> None:
        """Wait for the end, and kill it when it does not come."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def end_all(processes: Sequence[Process], seconds: float = 3.0) -> None:
    """End processes side by side."""
    for one in processes:
        one.ask_to_end()
    deadline = time.monotonic() + seconds
    for one in processes:
        one.end(max(0.0, deadline - time.monotonic()))
