"""Where a request of the command line comes in: at a listener, or straight at a route configuration.

- `--to` is the original destination of a connection; what it is accepted at, `--accepted`.
- Else a route configuration that stands by itself answers, the only one or that of `--route-config`, under a
  connection manager with Envoy's defaults.
- Else, as in a bootstrap with its routes inline, the only listener takes the connection at its own address; for an
  any-address it is made to the loopback one.
- A connection for https is TLS and names the host of the URL (SNI) unless that is an address; `--sni` names another,
  and makes any connection TLS. The client offers http/1.1, or what `--alpn` says.
- `tcp://IP:PORT` is a connection alone: what becomes of it is the whole answer.
"""

from __future__ import annotations

from fastroute.cli import urls
from fastroute.records import record, replace
from fastroute.request import Address, Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from fastroute.core.chain import Chain
    from fastroute.router import Router
    from fastroute.snapshot import Snapshot

_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_MANY = 8


class WrongUseError(Exception):
    """What was asked has no answer: `kind` says whether the `url`, the `usage` or the configuration is at fault."""

    def __init__(self, message: str, kind: Literal["url", "usage", "failed"]) -> None:
        super().__init__(message)
        self.kind = kind


@record
class Caller:
    """Who connects, to what, and how, as far as that was said."""

    to: Address | None = None
    accepted: Address | None = None
    peer: Address = ("127.0.0.1", 40000)
    sni: str | None = None
    alpn: tuple[str, ...] = ()

    def connection(self, to: Address, scheme: str, host: str) -> Connection:
        """The connection to an address, for a URL of that scheme and host."""
        tls = scheme == "https" or self.sni is not None
        named = host if scheme == "https" and not _is_address(host) else None
        return Connection(
            destination=to,
            accepted=self.accepted,
            source=self.peer,
            transport_protocol="tls" if tls else "raw_buffer",
            server_name=named if self.sni is None else self.sni,
            application_protocols=self.alpn or (() if scheme == "tcp" else ("http/1.1",)),
        )


def connection(
    snapshot: Snapshot, caller: Caller, scheme: str, host: str, route_config: str | None = None
) -> Connection | None:
    """The connection that the request comes by; None where a route configuration is asked by itself."""
    if caller.to is not None:
        return caller.connection(caller.to, scheme, host)
    if route_config is not None or snapshot.routes or not snapshot.resources.listeners:
        return None
    to = _only_address(snapshot)
    accepting = replace(caller, accepted=caller.accepted or to)
    return accepting.connection((_ANY.get(to[0], to[0]), to[1]), scheme, host)


def request_url(url: str) -> urls.Url:
    """What curl reads there: without a scheme it is http."""
    try:
        parts = urls.split(url)
    except ValueError as error:
        raise WrongUseError(f"{url!r} is no URL: {error}", "url") from None
    if not parts.netloc:
        raise WrongUseError(f"{url!r} names no host; write http://HOST/PATH", "url")
    return parts


def host_of(netloc: str) -> str:
    """The host of a URL's authority, without user and port."""
    host = netloc.rpartition("@")[2]
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _only_address(snapshot: Snapshot) -> Address:
    messages: list[Any] = [each.message for each in snapshot.resources.listeners]
    found = [(each.name, each.address.socket_address) for each in messages]
    if len(found) == 1 and found[0][1].address:
        return found[0][1].address, found[0][1].port_value
    listed = ", ".join(f"{name} {socket.address}:{socket.port_value}" for name, socket in found[:_MANY])
    more = f" and {len(found) - _MANY} more" if len(found) > _MANY else ""
    raise WrongUseError(
        f"say which listener the request comes to, with --to IP:PORT; there are: {listed}{more}", "usage"
    )


def chain_of(router: Router, made: Connection, *, http: bool = True) -> Chain:
    """The filter chain of the connection, which must go on with HTTP unless told otherwise."""
    chain = router.connect(made)
    if chain is None:
        raise WrongUseError(f"no listener takes connections to {made.destination[0]}:{made.destination[1]}", "failed")
    if http and chain.kind != "http":
        where = f"filter chain {chain.filter_chain!r} of listener {chain.listener!r}"
        noticed = "".join(f"\n  notice: {notice.line()}" for notice in chain.notices)
        what = f"{chain.kind} {chain.cluster or chain.reason}"
        raise WrongUseError(f"{where} is no HTTP: {what}{noticed}", "failed")
    return chain
