"""A network namespace: commands and connections inside it."""

from __future__ import annotations

import ctypes
import http.client
import os
import socket
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastroute.lab.failure import LabError
from fastroute.lab.run import FILES, NETNS

CLONE_NEWNET: Final = 0x40000000


@dataclass(frozen=True, slots=True)
class Space:
    """A namespace by its name; `make` it first."""

    name: str

    def make(self, hosts: str) -> None:
        """Create it; `hosts` is what /etc/hosts says to the commands inside (`ip netns exec` mounts it over ours).

        No name server is to be had inside: a question to one is refused at once instead of waiting for an answer.
        """
        files = FILES / self.name
        files.mkdir(parents=True)
        (files / "hosts").write_text(hosts, encoding="utf-8")
        (files / "resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")
        command("ip", "netns", "add", self.name)
        self.run("ip", "link", "set", "lo", "up")

    def inside(self, *words: str) -> list[str]:
        """The command that runs `words` inside."""
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, *words: str, input: str | None = None, environment: dict[str, str] | None = None) -> str:
        """Run a command inside; its output. LabError with its words when it fails."""
        return command(*self.inside(*words), input=input, environment=environment)

    def connect(self, port: int, timeout: float = 5.0) -> socket.socket:
        """A connection to a port of the namespace's loopback, usable from outside."""
        made: list[socket.socket | OSError] = []
        thread = threading.Thread(target=self._connect, args=(port, timeout, made))
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def _connect(self, port: int, timeout: float, made: list[socket.socket | OSError]) -> None:
        """In a thread of its own: a socket belongs to the namespace that its thread was in when it was made."""
        try:
            with (NETNS / self.name).open() as place:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(place.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            made.append(socket.create_connection(("127.0.0.1", port), timeout))
        except OSError as error:
            made.append(error)

    def get(self, port: int, path: str) -> bytes:
        """GET from a server on the namespace's loopback; OSError when none answers, LabError unless it says 200."""
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.sock = self.connect(port)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"no answer: {error!r}") from None
        finally:
            connection.close()
        if answer.status != 200:
            raise LabError(f"{self.name}:{port}{path} answers {answer.status}: {body[:200].decode(errors='replace')}")
        return body


def command(*words: str, input: str | None = None, environment: dict[str, str] | None = None) -> str:
    """Run a command; its output. LabError with its words when it fails."""
    done = subprocess.run(words, input=input, capture_output=True, text=True, check=False, timeout=60, env=environment)
    if done.returncode != 0:
        raise LabError(f"{shown(words)} fails: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def shown(words: Sequence[str]) -> str:
    """A command as one reads it."""
    return " ".join(words)
