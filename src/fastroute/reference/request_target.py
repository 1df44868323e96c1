"""The request target (HC-03): origin form, absolute form, authority form, asterisk.

- Absolute form is taken unless `allow_absolute_url` is false; its scheme is http or https.
- User information before "@" is dropped. A host is letters, digits, "." and "-", or an IP address in
  brackets; a port must fit 16 bits. CONNECT takes no user information but an empty one.
- The path of `http://h` is "/"; that of `http://h?q` is "?q" (and answered with 404 later, HC-11).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TypeGuard

from fastroute.records import record
from fastroute.reference.stream import Message
from fastroute.request import Request

_ALLOWED = frozenset(range(0x21, 0x7F))
_HOST = rb"[A-Za-z0-9!$%&'()*+,\-.:;=@\[\]_~]*(?:[/?]|$)"
_AUTHORITY = re.compile(_HOST)
_URL_HOST = re.compile(rb"(?:[A-Za-z0-9.\-]+|\[(?P<literal>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]+))?")
_URL = re.compile(rb"[A-Za-z][A-Za-z0-9+\-.]*://" + _HOST)


@record
class Refused:
    """The codec does not take the target; `details` are Envoy's."""

    details: str


@record
class Target:
    """What the target says: `authority` and `scheme` are None unless the target itself has them."""

    path: bytes | None
    authority: bytes | None = None
    scheme: bytes | None = None

    def pseudo_headers(self) -> list[tuple[bytes, bytes]]:
        """The pseudo-headers that the codec makes of it."""
        pairs = ((b":authority", self.authority), (b":path", self.path), (b":scheme", self.scheme))
        return [(name, value) for name, value in pairs if value is not None]


def line_error(request: Request) -> str | None:
    """What is wrong with the target on the request line itself, before any header is read."""
    target = request.path if request.path is not None else request.authority
    if request.method == b"CONNECT" and not target:
        return "http1.invalid_url"
    if not target or any(byte >= 0x80 or byte == 0x20 for byte in target):
        return "http1.codec_error"
    if any(byte not in _ALLOWED for byte in target):
        return "http1.invalid_characters"
    if target.startswith((b"/", b"*")):
        return None
    shape = _AUTHORITY if request.method == b"CONNECT" else _URL
    return None if shape.match(target) and b"@@" not in target else "http1.codec_error"


def parse(request: Request, manager: Message) -> Target | Refused:
    """The parts of a target that is well formed, or why the codec refuses it once the headers are read."""
    path = request.path
    if request.method == b"CONNECT" or path is None:
        return _connect(request)
    if path.startswith(b"/"):
        return Target(path)
    options = manager.http_protocol_options
    if options.HasField("allow_absolute_url") and not options.allow_absolute_url.value:
        return Target(path)
    if path == b"*":
        return Target(path) if request.method == b"OPTIONS" else Refused("http1.invalid_url")
    return _absolute(path)


def _connect(request: Request) -> Target | Refused:
    if request.path is not None and (request.path.startswith(b"/") or b":" not in request.path):
        return Refused("http1.invalid_url")
    authority = request.path if request.path is not None else request.authority
    authority = authority.removeprefix(b"@")
    _, colon, port = authority.rpartition(b":")
    if not colon or not _is_port(port) or not _is_host(_URL_HOST.fullmatch(authority)):
        return Refused("http1.invalid_url")
    return Target(None, authority)


def _absolute(path: bytes) -> Target | Refused:
    scheme, _, rest = path.partition(b"://")
    end = min((place for mark in (b"/", b"?", b"#") if (place := rest.find(mark)) >= 0), default=len(rest))
    host = rest[:end].rpartition(b"@")[2]
    found = _URL_HOST.fullmatch(host)
    if not _is_host(found) or rest[:end].count(b"@") > 1 or (found["port"] is not None and not _is_port(found["port"])):
        return Refused("http1.invalid_url")
    if scheme.lower() not in (b"http", b"https"):
        return Refused("http1.invalid_scheme")
    return Target(rest[end:] or b"/", host, scheme.lower())


def _is_host(found: re.Match[bytes] | None) -> TypeGuard[re.Match[bytes]]:
    if found is None or found["literal"] is None:
        return found is not None
    try:
        ipaddress.ip_address(found["literal"].decode())
    except ValueError:
        return False
    return True


def _is_port(text: bytes) -> bool:
    return text.isdigit() and int(text) <= 65535
