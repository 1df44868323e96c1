"""Ports for servers of the tests.

A port that the kernel gave for `bind(0)` may be taken by any client's connection as soon as it is closed.
These lie below the range that clients' ports are drawn from, so only another server can take them.
"""

from __future__ import annotations

import random
import socket

LOWEST, HIGHEST = 10_240, 32_000
_draw = random.SystemRandom()


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Different ports on 127.0.0.1 that nobody listens on now."""
    found: set[int] = set()
    while len(found) < count:
        port = _draw.randrange(LOWEST, HIGHEST)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                found.add(port)
    return list(found)
