"""What `fastroute route` decides and prints, apart from how its arguments are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, urlsplit

from fastroute.records import record
from fastroute.request import Address, Connection
from fastroute.router import Router
from fastroute.snapshot import load

if TYPE_CHECKING:
    from fastroute.core.chain import Chain
    from fastroute.core.decision import Decision
    from fastroute.core.endpoint import Endpoint

FIELDS = ("kind", "status", "reason", "cluster", "route", "virtual_host", "route_config", "index", "location")
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
    random: int | None = None
    runtime: tuple[str, ...] = ()
    explain: bool = False
    lenient: bool = False
    output: str = "text"


class WrongUseError(Exception):
    """What was asked has no answer: `kind` says whether the `url`, the `usage` or the configuration is at fault."""

    def __init__(self, message: str, kind: Literal["url", "usage", "failed"]) -> None:
        super().__init__(message)
        self.kind = kind


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
    parts = _request_url(asked.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    pairs = [(name.strip().lower(), value.strip()) for name, value in _split(asked.headers, ":")]
    chain = None if asked.destination is None else _connect(router, asked.destination, asked, parts.scheme)
    drawn, table = router.random(), asked.route_config
    request = (parts.netloc, target, asked.method, pairs)
    try:
        decision = router.route(*request, scheme=parts.scheme, chain=chain, route_config=table, random=drawn)
    except LookupError as error:
        raise WrongUseError(str(error.args[0]), "usage") from None
    endpoint = router.pick(decision) if decision.cluster in snapshot.clusters else None
    steps: list[str] = []
    if asked.explain:
        told = router.explain(*request, scheme=parts.scheme, chain=chain, route_config=table, random=drawn)
        steps = [str(step) for step in told.steps]
    return _text(_fields(decision, endpoint), steps, [notice.line() for notice in decision.notices], asked.output)


def _request_url(url: str) -> SplitResult:
    """What curl reads there: without a scheme it is http."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if not parts.netloc:
        raise WrongUseError(f"{url!r} names no host; write http://HOST/PATH", "url")
    return parts


def _connect(router: Router, destination: Address, asked: Asked, scheme: str) -> Chain:
    connection = Connection(
        destination=destination,
        accepted=asked.accepted,
        source=asked.peer,
        transport_protocol="tls" if scheme == "https" else "raw_buffer",
        application_protocols=("http/1.1",),
    )
    chain = router.connect(connection)
    if chain is None:
        raise WrongUseError(f"no listener takes connections to {destination[0]}:{destination[1]}", "failed")
    if chain.kind != "http":
        where = f"filter chain {chain.filter_chain!r} of listener {chain.listener!r}"
        noticed = "".join(f"\n  notice: {notice.line()}" for notice in chain.notices)
        what = f"{chain.kind} {chain.cluster or chain.reason}"
        raise WrongUseError(f"{where} is no HTTP: {what}{noticed}", "failed")
    return chain


def _fields(decision: Decision, endpoint: Endpoint | None) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(decision, name) for name in FIELDS}
    if decision.kind == "forward":
        values |= {"method": decision.method, "path": decision.path, "authority": decision.authority}
        values |= {"timeout": decision.timeout, "endpoint": str(endpoint) if endpoint is not None else None}
    else:
        values |= {"body": decision.body.decode("latin-1")}
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
