"""Which virtual host of a route configuration.

- VH-01: the key is `:authority`, or the first value of the header `vhost_header` (absent: no virtual
  host); ASCII lower case.
- VH-02: `ignore_port_in_host_matching` cuts ":…" after the last colon outside brackets off the key.
- VH-03: when the only domain of all is `*`, its virtual host is taken without a look at the key.
- VH-04: exact, then suffix wildcards (`*foo`) longest first, then prefix wildcards (`foo*`) longest
  first, then `*`. VH-06: so any suffix wildcard beats any prefix wildcard.
- VH-05: a wildcard stands for one character at least, dots included.
- VH-07: only a first or a last `*` is a wildcard; the first one counts.
- VH-08: "" is an exact domain; IPv6 literals are compared with their brackets.
- VH-09: domains are lower-cased.
"""

from __future__ import annotations

from fastroute.records import field, record
from fastroute.reference.stream import Message, Stream
from fastroute.reference.trace import text


@record(frozen=False)
class Domains:
    """The domains of a route configuration by kind; the text of a wildcard is stored without its star."""

    exact: dict[bytes, Message] = field(default_factory=dict)
    suffix: dict[bytes, Message] = field(default_factory=dict)
    prefix: dict[bytes, Message] = field(default_factory=dict)
    any: Message = None

    @classmethod
    def of(cls, route_configuration: Message) -> Domains:
        """Sort the domains of all virtual hosts by kind."""
        found = cls()
        for host in route_configuration.virtual_hosts:
            for domain in host.domains:
                found._put(domain.encode("utf-8").lower(), host)
        return found

    def _put(self, domain: bytes, host: Message) -> None:
        if domain == b"*":
            self.any = host
        elif domain.startswith(b"*"):
            self.suffix[domain[1:]] = host
        elif domain.endswith(b"*"):
            self.prefix[domain[:-1]] = host
        else:
            self.exact[domain] = host


def choose(route_configuration: Message, stream: Stream) -> Message | None:
    """The virtual host of a request, or None; every candidate is written down."""
    domains = Domains.of(route_configuration)
    if domains.any is not None and not (domains.exact or domains.suffix or domains.prefix):
        return _chosen(stream, domains.any, "it has the only domain there is, '*'", "VH-03")
    key = _key(route_configuration, stream)
    if key is None:
        return None
    if key in domains.exact:
        return _chosen(stream, domains.exact[key], f"domain {text(key)!r} is the host", "VH-04")
    for ending in sorted(domains.suffix, key=len, reverse=True):
        if _looked(stream, "*" + text(ending), key, key.endswith(ending) and len(key) > len(ending)):
            return _chosen(stream, domains.suffix[ending], f"domain '*{text(ending)}' is its longest suffix", "VH-04")
    for start in sorted(domains.prefix, key=len, reverse=True):
        if _looked(stream, text(start) + "*", key, key.startswith(start) and len(key) > len(start)):
            return _chosen(stream, domains.prefix[start], f"domain '{text(start)}*' is its longest prefix", "VH-04")
    if domains.any is not None:
        return _chosen(stream, domains.any, "domain '*' takes what no other domain did", "VH-04")
    stream.trace.add("virtual host", text(key), "answered", "no domain matches the host", "VH-04")
    return None


def _chosen(stream: Stream, host: Message, reason: str, rule: str) -> Message:
    stream.trace.add("virtual host", host.name, "chosen", reason, rule)
    return host


def _looked(stream: Stream, domain: str, key: bytes, holds: bool) -> bool:
    if not holds:
        stream.trace.add("virtual host", f"domain {domain!r}", "passed over", f"{text(key)!r} does not match", "VH-05")
    return holds


def _key(route_configuration: Message, stream: Stream) -> bytes | None:
    name = route_configuration.vhost_header
    value = stream.headers.first(name.encode("utf-8")) if name else stream.authority
    if value is None:
        stream.trace.add("virtual host", name, "answered", "the header that names the host is absent", "VH-01")
        return None
    key = value.lower()
    return without_port(key) if route_configuration.ignore_port_in_host_matching else key


def port_start(host: bytes) -> int | None:
    """Where the port of an authority starts (its colon), or None: the last colon outside brackets."""
    colon = host.rfind(b":")
    return colon if colon >= 0 and host.rfind(b"]") < colon else None


def without_port(host: bytes) -> bytes:
    """The authority without its port."""
    colon = port_start(host)
    return host if colon is None else host[:colon]
