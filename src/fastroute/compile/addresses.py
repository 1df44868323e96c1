"""Addresses of listeners.

LS-04  `ipv4_compat` lets an IPv6 socket take IPv4 connections too.
LS-08  An internal listener is found by its name, spelt `envoy://NAME` in a connection; so is a Unix
       socket by its path.
"""

from __future__ import annotations

from fastroute.core.cidr import format_address
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

INTERNAL = "envoy://"


@record
class Bound:
    """An IP address that a listener is bound to."""

    ip: str
    port: int
    compat: bool

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if ":" in self.ip else f"{self.ip}:{self.port}"


def compile_address(address: Any, ctx: Context, path: str) -> Bound | str:
    """An IP address and port, or the name of an internal or Unix-socket listener."""
    kind = address.WhichOneof("address")
    if kind == "pipe":
        ctx.only(address.pipe, f"{path}.pipe", ("path",), ("mode",))
        return str(address.pipe.path)
    if kind == "envoy_internal_address":
        return INTERNAL + str(address.envoy_internal_address.server_listener_name)
    if kind is None:
        raise ctx.reject(path, "address is necessary")
    socket = address.socket_address
    ctx.only(socket, f"{path}.socket_address", ("protocol", "address", "port_value", "ipv4_compat"))
    return Bound(_ip(socket.address, ctx, f"{path}.socket_address.address"), socket.port_value, socket.ipv4_compat)


def _ip(text: str, ctx: Context, path: str) -> str:
    try:
        if ":" not in text:
            return format_address(text)
        from ipaddress import ip_address

        return str(ip_address(text))
    except ValueError as error:
        raise ctx.reject(path, f"malformed IP address: {text}") from error


def is_udp(address: Any) -> bool:
    """Whether the address is that of a UDP socket, which never takes a connection of this kind."""
    return bool(address.socket_address.protocol == 1)
