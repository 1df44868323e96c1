"""Unix sockets of the agent: short enough, in a closed directory, not in use, for the owner only."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from fastroute.pilot.agent.failure import AgentError
from fastroute.pilot.agent.settings import SOCKET_PATH_LIMIT


def prepare(path: Path) -> None:
    """Make the directory (mode 0700) and remove a socket that nobody serves; AgentError names the path."""
    if len(str(path).encode()) > SOCKET_PATH_LIMIT:
        raise AgentError(f"{path}: longer than the {SOCKET_PATH_LIMIT} bytes of a socket path")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.is_symlink() and not path.exists():
            return
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise AgentError(f"{path}: there is something that is no socket")
        if _served(path):
            raise AgentError(f"{path}: another process serves this socket")
        path.unlink()
    except OSError as error:
        raise AgentError(f"{path}: {error.strerror}") from None


@contextlib.contextmanager
def owner_only() -> Iterator[None]:
    """Sockets made inside have mode 0600."""
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)


def _served(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def refuse_used_port(address: str, port: int, what: str) -> None:
    """AgentError when `port` is taken: Envoy's own complaint comes late and names a listener."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise AgentError(f"{what}: cannot listen on port {port}: {error.strerror}") from None
