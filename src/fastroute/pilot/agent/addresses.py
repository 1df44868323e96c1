"""The addresses of this machine's interfaces, loopback and link-local ones left out."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

SIOCGIFADDR = 0x8915
IF_INET6 = Path("/proc/net/if_inet6")


def interface_addresses() -> tuple[str, ...]:
    """Every global address, IPv4 first, in the order of the interfaces (Linux)."""
    found = [*_ipv4(), *_ipv6()]
    return tuple(dict.fromkeys(address for address in found if _usable(address)))


def _usable(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local)


def _ipv4() -> list[str]:
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(asker, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue
            found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _ipv6() -> list[str]:
    if not IF_INET6.exists():
        return []
    lines = (line.split()[0] for line in IF_INET6.read_text().splitlines() if line)
    return [str(ipaddress.IPv6Address(bytes.fromhex(digits))) for digits in lines]
