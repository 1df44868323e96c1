"""Where a request of the command line comes in: at a listener, or straight at a route configuration.

- `--to` is the original destination of a connection; what it is accepted at, `--accepted`.
- Else a route configuration that stands by itself answers, the only one or that of `--route-config`, under a
  connection manager with Envoy's defaults.
- Else, as in a bootstrap with its routes inline, the only listener takes the connection at its own address; for an
  any-address it is made to the loopback one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from fastroute.request import Address, Connection

if TYPE_CHECKING:
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


def connection(
    snapshot: Snapshot,
    scheme: str,
    *,
    to: Address | None = None,
    accepted: Address | None = None,
    peer: Address = ("127.0.0.1", 40000),
    route_config: str | None = None,
) -> Connection | None:
    """The connection that the request comes by; None where a route configuration is asked by itself."""
    if to is None:
        if route_config is not None or snapshot.routes or not snapshot.resources.listeners:
            return None
        to = _only_address(snapshot)
        accepted, to = accepted or to, (_ANY.get(to[0], to[0]), to[1])
    return Connection(
        destination=to,
        accepted=accepted,
        source=peer,
        transport_protocol="tls" if scheme == "https" else "raw_buffer",
        application_protocols=("http/1.1",),
    )


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


def chain_of(router: Router, made: Connection) -> Chain:
    """The filter chain of the connection, which must go on with HTTP."""
    chain = router.connect(made)
    if chain is None:
        raise WrongUseError(f"no listener takes connections to {made.destination[0]}:{made.destination[1]}", "failed")
    if chain.kind != "http":
        where = f"filter chain {chain.filter_chain!r} of listener {chain.listener!r}"
        noticed = "".join(f"\n  notice: {notice.line()}" for notice in chain.notices)
        what = f"{chain.kind} {chain.cluster or chain.reason}"
        raise WrongUseError(f"{where} is no HTTP: {what}{noticed}", "failed")
    return chain
