"""Whether the rules are in force: one real connection through them.

A connection as the proxy's user from 127.0.0.1 to 127.0.0.6 (::1 to ::6) leaves through `lo`, not for 127.0.0.1, so
the rules must bring it to the inbound port (rule 16 of the seed's list). The validator listens there, connects, and
asks the kernel for the original destination of what it accepted.
"""

from __future__ import annotations

import os
import socket
import struct

from fastroute.pilot.iptables.apply import ApplyError
from fastroute.pilot.iptables.options import Options, split

SO_ORIGINAL_DST = 80
EXIT_CODE = 126
"""The exit code of a failed validation; repair controllers look for it."""


def validate(options: Options, *, timeout: float, version: int = 4) -> str:
    """Probe the rules of one family; a sentence about what was seen. ApplyError when they are not in force."""
    local, target = ("127.0.0.1", "127.0.0.6") if version == 4 else ("::1", "::6")
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    port = int(options.probe_port)
    with _listener(family, local, int(options.inbound_port)) as listener:
        listener.settimeout(timeout)
        with _as_proxy(family, options) as client:
            client.settimeout(timeout)
            try:
                client.bind((local, 0))
                client.connect((target, port))
                accepted, _ = listener.accept()
            except OSError as error:
                reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
                where = f"{target} port {port}"
                raise ApplyError(
                    f"the connection to {where} did not arrive at port {options.inbound_port}: {reason}"
                ) from None
            with accepted:
                found = original_destination(accepted)
    if found != (target, port):
        raise ApplyError(f"the original destination is {found[0]} port {found[1]}, not {target} port {port}")
    return f"{target} port {port} is redirected to port {options.inbound_port}"


def original_destination(connection: socket.socket) -> tuple[str, int]:
    """Where a redirected connection was going."""
    if connection.family == socket.AF_INET:
        raw = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
        return socket.inet_ntoa(raw[4:8]), struct.unpack_from("!H", raw, 2)[0]
    raw = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
    return socket.inet_ntop(socket.AF_INET6, raw[8:24]), struct.unpack_from("!H", raw, 2)[0]


def _listener(family: int, address: str, port: int) -> socket.socket:
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        raise ApplyError(f"cannot listen on {address} port {port} for the probe: {error.strerror}") from None


def _as_proxy(family: int, options: Options) -> socket.socket:
    """A socket owned by the proxy's user, when we may; the owner of a socket is who makes it."""
    if os.geteuid() != 0 or not options.uids:
        return socket.socket(family, socket.SOCK_STREAM)
    os.seteuid(int(split(options.uids)[0]))
    try:
        return socket.socket(family, socket.SOCK_STREAM)
    finally:
        os.seteuid(0)
