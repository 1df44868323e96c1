"""The HTTP inspector and the PROXY protocol over the first bytes (LF-05 to LF-08), as the rules read."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from fastroute.reference.client_hello import Verdict

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
MAX_FIRST_LINE = 65536
METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
PATH = rb"[\t\x0c!-~]*"
HOST = rb"(?:[!$%&'()*+,\-.:;=\[\]_~0-9A-Za-z]|@(?!@))*"
ORIGIN = re.compile(rb"[/*]" + PATH)
ABSOLUTE = re.compile(rb"[A-Za-z][0-9A-Za-z+\-.]*://" + HOST + rb"(?:[/?]" + PATH + rb")?")
AUTHORITY = re.compile(HOST + rb"(?:[/?]" + PATH + rb")?")
VERSION = re.compile(rb"HTTP/[0-9]\.[0-9]")
LINE = re.compile(rb"([^\x00-\x20]+)[\x00-\x20]*([^\x00-\x20]*)([\x00-\x20]*)(.*)", re.DOTALL)


def http_inspector(data: bytes) -> tuple[Verdict, str | None]:
    """The verdict, and the protocol found."""
    if PREFACE.startswith(data[:24]):
        return ("found", "h2c") if len(data) >= 24 else ("need more", None)
    seen = data[:MAX_FIRST_LINE]
    if not METHOD.fullmatch(re.split(rb"[ \t-\r]", seen, maxsplit=1)[0]):
        return "not mine", None
    line, newline, _ = seen.partition(b"\n")
    if not newline:
        return ("need more" if len(data) < MAX_FIRST_LINE else "refused"), None
    found = _first_line(line.rstrip(b"\r"))
    return ("found", found) if found else ("not mine", None)


def _first_line(line: bytes) -> str | None:
    parts = LINE.fullmatch(line)
    if parts is None:
        return None
    method, target, gap, version = parts.groups()
    forms = (ORIGIN, AUTHORITY) if method == b"CONNECT" else (ORIGIN, ABSOLUTE)
    if not METHOD.fullmatch(method) or not target or not any(form.fullmatch(target) for form in forms):
        return None
    version = version.rstrip(bytes(range(33)))
    if not version:
        ended = target if not gap.strip(b" \t\r") else b""
        return None if not ended else ("http/1.1" if ended.endswith(b"HTTP/1.1") else "http/1.0")
    if not VERSION.fullmatch(version):
        return None
    return "http/1.1" if version == b"HTTP/1.1" else "http/1.0"


class Header(NamedTuple):
    """A PROXY header: its length and addresses (None for LOCAL and UNKNOWN), and (type, value) pairs."""

    verdict: Verdict
    length: int = 0
    source: tuple[str, int] | None = None
    destination: tuple[str, int] | None = None
    extensions: tuple[tuple[int, bytes], ...] = ()


def proxy_header(data: bytes, *, optional: bool = False, versions: frozenset[int] = frozenset((1, 2))) -> Header:
    """The header at the beginning of `data`."""
    if optional and not _may_begin(data, versions):
        return Header("not mine")
    if len(data) >= 16 and data.startswith(SIGNATURE):
        return _second(data) if 2 in versions else Header("refused")
    if len(data) >= 16 and not data.startswith(b"PROXY "):
        return Header("refused")
    end = data.find(b"\r\n")
    if end == 0:
        return Header("need more")
    if end + 2 > 108 or (end < 0 and len(data) > 108):
        return Header("refused")
    if end < 0:
        return Header("need more")
    return _first(data[: end + 2]) if 1 in versions else Header("refused")


def _may_begin(data: bytes, versions: frozenset[int]) -> bool:
    return any(
        version in versions and magic.startswith(data[: len(magic)])
        for version, magic in ((1, b"PROXY "), (2, SIGNATURE))
    )


def _first(line: bytes) -> Header:
    words = line.rstrip(b" \t\n\v\f\r").split(b" ")
    if len(words) < 2 or words[0] != b"PROXY":
        return Header("refused")
    if words[1] == b"UNKNOWN":
        return Header("found", len(line))
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        return Header("refused")
    version = 4 if words[1] == b"TCP4" else 6
    try:
        source, destination = (_address(word.decode("ascii"), version) for word in words[2:4])
        ports = [_port(word) for word in words[4:6]]
    except ValueError:
        return Header("refused")
    return Header("found", len(line), (source, ports[0]), (destination, ports[1]))


def _port(word: bytes) -> int:
    if not word.isdigit() or int(word) > 65535:
        raise ValueError(word)
    return int(word)


def _address(text: str, version: int) -> str:
    if "%" in text:
        raise ValueError(text)
    address = ipaddress.ip_address(text)
    if address.version != version or not _is_unicast(address):
        raise ValueError(text)
    return shown(address)


def shown(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """The address as inet_ntop writes it."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return f"::ffff:{mapped}" if mapped is not None else str(address)


def _is_unicast(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    first = address.packed[0]
    multicast = first >> 4 == 0xE if address.version == 4 else first == 0xFF
    return not (multicast or address.packed == bytes(len(address.packed)) or str(address) == "255.255.255.255")


def _second(data: bytes) -> Header:
    command, family, transport = data[12], data[13] >> 4, data[13] & 15
    length = int.from_bytes(data[14:16], "big")
    if command >> 4 != 2:
        return Header("refused")
    if command & 15 == 0:
        return Header("found", 16 + length) if len(data) >= 16 + length else Header("need more")
    size = {1: 4, 2: 16}.get(family)
    if command & 15 != 1 or size is None or transport not in (1, 2) or length < 2 * size + 4:
        return Header("refused")
    if len(data) < 16 + length:
        return Header("need more")
    body, rest = data[16 : 20 + 2 * size], data[20 + 2 * size : 16 + length]
    pairs = _pairs(rest)
    places = [ipaddress.ip_address(body[at : at + size]) for at in (0, size)]
    if pairs is None or not all(_is_unicast(each) for each in places):
        return Header("refused")
    ports = [int.from_bytes(body[at : at + 2], "big") for at in (2 * size, 2 * size + 2)]
    return Header("found", 16 + length, (shown(places[0]), ports[0]), (shown(places[1]), ports[1]), pairs)


def _pairs(rest: bytes) -> tuple[tuple[int, bytes], ...] | None:
    found = []
    while rest:
        size = int.from_bytes(rest[1:3], "big")
        if len(rest) < 3 + size:
            return None
        found.append((rest[0], rest[3 : 3 + size]))
        rest = rest[3 + size :]
    return tuple(found)
