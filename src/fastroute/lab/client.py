"""The application of a pod as a client: requests that this process asks `caller` to send from inside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from fastroute.lab import caller
from fastroute.lab.failure import LabError
from fastroute.lab.spaces import Space
from fastroute.lab.users import APPLICATION, environment

SCRIPT: Final = Path(caller.__file__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as an application writes it; `host` is what it looks up and connects to."""

    host: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    port: int = 9080

    @property
    def authority(self) -> str:
        """The host header."""
        named = f"{self.host}:{self.port}" if self.port != 80 else self.host
        return next((value for name, value in self.headers if name.lower() == "host"), named)

    @property
    def id(self) -> str:
        """Its x-request-id."""
        return next((value for name, value in self.headers if name.lower() == "x-request-id"), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `error` instead of a status when nothing did. `source` is the client's own address."""

    address: str = ""
    source: tuple[str, int] = ("", 0)
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    error: str = ""

    @property
    def served_by(self) -> str:
        """The application that answered; empty when an Envoy did."""
        return self.headers.get("x-served-by", "")

    def json(self) -> dict[str, Any]:
        """The body of an application's answer."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Client:
    """A process inside a pod, as the application's user."""

    def __init__(self, space: Space) -> None:
        self.name = space.name
        self._process = subprocess.Popen(
            space.inside(*APPLICATION.command(sys.executable, str(SCRIPT))),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(), start_new_session=True,
        )  # fmt: skip
        self._read()

    def ask(self, asked: Asked) -> Answer:
        """Send a request and wait for its end."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(asked)) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._read())
        return Answer(**{**found, "source": tuple(found.get("source", ("", 0)))})

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise LabError(f"{self.name}: the client ended with {self._process.wait()}")
        return line

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
