"""One Envoy process of an epoch: its bootstrap file, its start, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from fastroute.pilot.agent import bootstrap_file
from fastroute.pilot.agent.envoy_arguments import arguments
from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.inputs import Json
from fastroute.pilot.agent.log import Log
from fastroute.pilot.agent.settings import Settings


class EnvoyProcess:
    """The Envoy of one epoch. `start`, then wait for `ended`."""

    def __init__(self, settings: Settings, bootstrap: Json, epoch: int, log: Log) -> None:
        self.epoch = epoch
        self.bootstrap = bootstrap
        self._settings = settings
        self._log = log
        self._file = Path()
        self._process: asyncio.subprocess.Process | None = None
        self._killed = False

    @property
    def pid(self) -> int:
        """The process id, 0 before the start."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Write the bootstrap and start Envoy; AgentError names the program."""
        refuse_unusable_binary(self._settings.binary)
        directory = self._settings.config_directory
        self._file = directory / bootstrap_file.file_name(self.epoch)
        command = [str(self._settings.binary), *arguments(self._settings, self._file, self.epoch)]
        bootstrap_file.write(self.bootstrap, directory, self.epoch)
        try:
            self._process = await asyncio.create_subprocess_exec(*command, cwd=self._settings.root)
        except OSError as error:
            self._remove_file()
            raise AgentError(f"{self._settings.binary}: cannot be started: {error.strerror}") from None
        self._log.info("Envoy started", epoch=self.epoch, pid=self.pid)

    async def ended(self) -> int:
        """Wait for the end; the exit code, negative for a signal. The bootstrap file is removed."""
        assert self._process is not None
        code = await self._process.wait()
        self._remove_file()
        if self._killed:
            self._log.info("Envoy was ended", epoch=self.epoch)
        elif code == 0:
            self._log.info("Envoy ended by itself", epoch=self.epoch)
        else:
            self._log.error("Envoy failed", epoch=self.epoch, status=_status(code))
            if code == -signal.SIGKILL:
                self._log.warning("Envoy may have run out of memory: look at memory usage and limits")
        return code

    def kill(self) -> None:
        """End it at once."""
        self._killed = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _remove_file(self) -> None:
        with contextlib.suppress(OSError):
            self._file.unlink()


def refuse_unusable_binary(binary: Path) -> None:
    """AgentError when there is no such program."""
    if not binary.is_file():
        raise AgentError(f"{binary}: no such program; name Envoy's in PROXY_CONFIG as binaryPath")
    if not os.access(binary, os.X_OK):
        raise AgentError(f"{binary}: may not be executed (binaryPath)")


def _status(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
