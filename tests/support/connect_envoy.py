"""A live Envoy whose listeners are swapped, and the answers that connections get from it.

Every filter chain of the tests answers with its own name and closes, so that the bytes read until the
end are the name of the chain that took the connection, and none mean that the connection was closed.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fastroute.api import names
from support.envoy import Envoy, ResourceFile

PATIENCE = 10.0
GLIMPSE = 0.03
STRANGER = "127.0.0.99"


class ConnectEnvoy:
    """An Envoy with listeners from a watched file and clusters from its bootstrap."""

    def __init__(self, clusters: Sequence[Mapping[str, Any]] = (), static: Sequence[Mapping[str, Any]] = ()) -> None:
        self.directory = tempfile.TemporaryDirectory(prefix="fastroute-connect-")
        self.listeners = ResourceFile(Path(self.directory.name) / "lds.pb", names.LISTENER, "listener_manager.lds.")
        self.listeners.write([])
        bootstrap = {
            "dynamic_resources": {"lds_config": self.listeners.config_source},
            "static_resources": {"clusters": list(clusters), "listeners": list(static)},
        }
        self.envoy = Envoy(bootstrap, args=["--drain-time-s", "1", "--file-flush-interval-msec", "2"])

    def __enter__(self) -> Self:
        self.envoy.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.envoy.stop()
        self.directory.cleanup()

    def swap(self, listeners: Sequence[Mapping[str, Any]]) -> None:
        """Replace all listeners; SwapRefusedError when Envoy refuses them.

        The first listener has a socket of its own. A connection to it is made and ended: a worker that
        finds the new listeners and a connection in one round may serve the connection first. It comes from
        an address that no client has, so that its line in an access log is told from theirs.
        """
        self.listeners.swap(self.envoy, listeners)
        port = listeners[0]["address"]["socket_address"]["port_value"]
        with dial(port, b"", source=STRANGER) as connection:
            connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                connection.recv(1)


def dial(port: int, data: bytes, source: str = "127.0.0.1", address: str = "127.0.0.1") -> socket.socket:
    """Connect and send."""
    connection = socket.create_connection((address, port), PATIENCE, source_address=(source, 0))
    with contextlib.suppress(OSError):  # Envoy may have closed already; `answer` reads what it sent
        connection.sendall(data)
    return connection


def answer(connection: socket.socket) -> str:
    """All that Envoy sends until it closes: the name of the filter chain, or nothing."""
    found = b""
    with connection:
        while True:
            try:
                part = connection.recv(4096)
            except ConnectionResetError:
                break
            if not part:
                break
            found += part
    return found.decode()


def is_silent(connection: socket.socket) -> bool:
    """Whether Envoy neither answers nor closes for a moment: it waits for more bytes."""
    with connection:
        connection.settimeout(GLIMPSE)
        try:
            connection.recv(1)
        except TimeoutError:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return True
        except ConnectionResetError:
            return False
    return False
