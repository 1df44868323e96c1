"""What `fastroute route` decides and prints, apart from how its arguments are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fastroute.cli.arrival import Caller, WrongUseError, chain_of, connection, host_of, request_url
from fastroute.records import record
from fastroute.router import Router
from fastroute.snapshot import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.core.decision import Decision
    from fastroute.core.endpoint import Endpoint
    from fastroute.request import Address

FIELDS = ("kind", "status", "reason", "cluster", "route", "virtual_host", "route_config", "index", "location")
CHAIN_FIELDS = ("kind", "reason", "listener", "filter_chain", "index", "server_name", "route_config", "cluster")
EMPTY = {"index": -1, "status": 0}
"""What each of these is where it says nothing; the others are empty then."""


@record
class Asked:
    """The arguments; the addresses are read already."""

    source: str
    url: str
    method: str = "GET"
    headers: tuple[str, ...] = ()
    route_config: str | None = None
    destination: Address | None = None
    accepted: Address | None = None
    peer: Address = ("127.0.0.1", 40000)
    sni: str | None = None
    alpn: tuple[str, ...] = ()
    random: int | None = None
    runtime: tuple[str, ...] = ()
    explain: bool = False
    lenient: bool = False
    output: str = "text"

    @property
    def caller(self) -> Caller:
        """Who connects."""
        return Caller(self.destination, self.accepted, self.peer, self.sni, self.alpn)


def to_address(text: str) -> Address | None:
    """IP:PORT or [IPv6]:PORT; None for anything else."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit():
        return None
    return host.removeprefix("[").removesuffix("]"), int(port)


def decide(asked: Asked, warn: Callable[[str], None]) -> str:
    """The text to print."""
    keys = {name: _number(value) for name, value in _split(asked.runtime, "=")}
    snapshot = load(asked.source, strict=not asked.lenient, runtime=keys)
    if snapshot.notices:
        warn(f"{len(snapshot.notices)} parts were let through (fastroute validate names them)")
    random = asked.random
    router = Router(snapshot) if random is None else Router(snapshot, random=lambda: random)
    parts = request_url(asked.url)
    if parts.scheme == "tcp":
        return _connected(router, asked, parts.netloc)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    pairs = [(name.strip().lower(), value.strip()) for name, value in _split(asked.headers, ":")]
    drawn, table = router.random(), asked.route_config
    came = connection(snapshot, asked.caller, parts.scheme, host_of(parts.netloc), table)
    chain = None if came is None else chain_of(router, came)
    request = (parts.netloc, target, asked.method, pairs)
    try:
        decision = router.route(*request, scheme=parts.scheme, chain=chain, route_config=table, random=drawn)
    except LookupError as error:
        raise WrongUseError(str(error.args[0]), "usage") from None
    endpoint = router.pick(decision) if decision.cluster in snapshot.clusters else None
    steps: list[str] = []
    if asked.explain:
        arrived = () if came is None else router.explain_connection(came, random=drawn).steps
        told = router.explain(*request, scheme=parts.scheme, chain=chain, route_config=table, random=drawn).steps
        known = decision.cluster is not None and decision.cluster in snapshot.clusters
        picked = router.explain_pick(decision, endpoint).steps if known else ()
        steps = [str(step) for step in (*arrived, *told, *picked)]
    return _text(_fields(decision, endpoint), steps, [notice.line() for notice in decision.notices], asked.output)


def _connected(router: Router, asked: Asked, netloc: str) -> str:
    """What becomes of a connection, whatever its protocol."""
    to = asked.destination or to_address(netloc)
    if to is None:
        raise WrongUseError(f"{netloc!r} is not IP:PORT; write tcp://IP:PORT", "url")
    made = asked.caller.connection(to, "tcp", "")
    chain = chain_of(router, made, http=False)
    picks = chain.cluster is not None and chain.cluster in router.snapshot.clusters
    endpoint = router.pick(chain) if picks else None
    fields: dict[str, object] = {name: getattr(chain, name) for name in CHAIN_FIELDS}
    steps: list[str] = []
    if asked.explain:
        told = router.explain_connection(made, random=router.random()).steps
        steps = [str(step) for step in (*told, *(router.explain_pick(chain, endpoint).steps if picks else ()))]
    shown = _said({**fields, "endpoint": endpoint if endpoint is None else str(endpoint)})
    return _text(shown, steps, [notice.line() for notice in chain.notices], asked.output)


def _fields(decision: Decision, endpoint: Endpoint | None) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(decision, name) for name in FIELDS}
    if decision.kind == "forward":
        values |= {"method": decision.method, "path": decision.path, "authority": decision.authority}
        values |= {"timeout": decision.timeout, "endpoint": str(endpoint) if endpoint is not None else None}
    else:
        values |= {"body": decision.body.decode("latin-1")}
    return _said(values)


def _said(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value not in (None, "", EMPTY.get(name))}


def _text(fields: dict[str, object], steps: list[str], notices: list[str], output: str) -> str:
    if output == "json":
        import json

        more = {name: found for name, found in (("notices", notices), ("steps", steps)) if found}
        return json.dumps({**fields, **more}, indent=2, ensure_ascii=False) + "\n"
    lines = [*steps, ""] if steps else []
    lines += [f"{name:<14} {value}" for name, value in fields.items()]
    lines += [f"{'notice':<14} {notice}" for notice in notices]
    return "".join(f"{line}\n" for line in lines)


def _split(texts: Iterable[str], separator: str) -> list[tuple[str, str]]:
    for text in texts:
        if separator not in text:
            raise WrongUseError(f"{text!r} has no {separator!r}", "usage")
    return [(name, value) for name, _, value in (text.partition(separator) for text in texts)]


def _number(text: str) -> object:
    return int(text) if text.lstrip("-").isdigit() else text
