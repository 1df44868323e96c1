"""What Envoy did on a connection beside what the Router says: chain, then for each request every part of the decision.

What Envoy draws at random is compared as a set: a decision with some random value must be Envoy's, and the host one of
those that the Router may pick.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from fastroute.action.retry import Outcome
from fastroute.adapters import answers
from fastroute.core.chain import Chain
from fastroute.core.decision import Decision
from fastroute.request import Connection
from support.action_bed import UNCOMPARED_RESPONSE, grouped
from support.compare import UNROUTED
from support.first_bytes import client_hello, proxy_v2
from support.http1 import Response
from support.wholes.clients import Asked, Talk
from support.wholes.wire import Spoken

if TYPE_CHECKING:
    from support.wholes.world import Both

Line = Mapping[str, Any]
DRAWS = 400
PICKS = 250
COUNT = b"x-envoy-attempt-count"
TIMEOUT = "x-envoy-expected-rq-timeout-ms"
MADE_UP = frozenset(("x-request-id",))


def connection_of(both: Both, talk: Talk, port: int, first_bytes: bytes) -> Connection:
    """The connection as the listener's socket sees it."""
    return Connection(
        destination=talk.destination,
        source=(talk.source, port),
        first_bytes=first_bytes,
        local_address=both.own_address,
    )


def guessed(both: Both, talk: Talk) -> Chain | None:
    """The chain that a conversation comes to, as far as can be told before it is had."""
    before = proxy_v2(*talk.proxy) if talk.proxy else b""
    first = client_hello(*talk.tls) if talk.tls else talk.requests[0].raw
    return both.router.connect(connection_of(both, talk, talk.port or 40_000, before + first))


def speaks_http(both: Both, talk: Talk) -> bool:
    """Whether the chain that the conversation comes to understands it: HTTP, and TLS where the client speaks it."""
    chain = guessed(both, talk)
    if chain is None or chain.kind != "http" or (talk.proxy and not _reads_proxy(both, talk)):
        return False
    return _has_tls(_chains(both.bootstrap)[chain.filter_chain]) == bool(talk.tls)


def _reads_proxy(both: Both, talk: Talk) -> bool:
    """Whether the listener takes a PROXY header off the bytes that HTTP gets."""
    for listener in both.bootstrap["static_resources"]["listeners"]:
        for each in (listener, *listener.get("additional_addresses", ())):
            socket = each["address"]["socket_address"]
            if (socket["address"], socket["port_value"]) == talk.destination:
                return any(one["name"].endswith("proxy_protocol") for one in listener["listener_filters"])
    return False


def _chains(bootstrap: Mapping[str, Any]) -> dict[str, Any]:
    return {
        chain["name"]: chain
        for listener in bootstrap["static_resources"]["listeners"]
        for chain in (*listener["filter_chains"], listener.get("default_filter_chain", {}))
        if chain
    }


def _has_tls(chain: Mapping[str, Any]) -> bool:
    return "transport_socket" in chain


def differences(both: Both, talk: Talk, spoken: Spoken, lines: Sequence[Line]) -> Iterator[str]:
    """What differs on one connection."""
    connection = connection_of(both, talk, spoken.port, spoken.first_bytes)
    chain = both.router.connect(connection)
    explained = both.router.explain_connection(connection, random=0).decision
    own = next(each for each in lines if each["kind"] == "connection")
    both.counted["connections"] += 1
    ours = (chain.listener, chain.filter_chain or "") if chain is not None else ("", "")
    if ours != (own["listener"], own["chain"]):
        yield f"chain: Envoy {own['listener']}, {own['chain']} ({own['ended']} {own['details']}), ours {ours}\n  {talk}"
        return
    told = (explained.get("listener") or "", explained.get("filter_chain") or "")
    if told != ours:
        yield f"explained chain: {told}, decided {ours}\n  {talk}"
    if chain is None or chain.kind == "closed":
        both.counted["closed"] += 1
        return
    if chain.kind == "tcp":
        yield from _tcp(both, chain, own, f"{own} {talk}")
    if chain.kind == "http" and spoken.answers:
        spoken_lines = [each for each in lines if each["kind"] == "http"]
        if len(spoken_lines) != len([one for one in spoken.answers if one[1].status]):
            yield f"{len(spoken.answers)} answers, {len(spoken_lines)} lines: {spoken_lines} {spoken}"
            return
        for (asked, response), line in zip(spoken.answers, spoken_lines, strict=False):
            yield from Judged(both, chain, connection, asked, response, line).differences()


def _tcp(both: Both, chain: Chain, own: Line, where: str) -> Iterator[str]:
    both.counted["tcp"] += 1
    if _weighted(both, chain):
        return
    absent = own["flags"] == "NC"
    if own["cluster"] != ("" if absent else chain.cluster or ""):
        yield f"tcp cluster: Envoy {own['cluster']}, ours {chain.cluster}\n  {where}"
        return
    if not absent and chain.cluster in both.router.snapshot.clusters:
        hosts = {str(both.router.pick(chain, random=_source(number)) or "") for number in range(PICKS)}
        chosen = own["host"] or own["tried"]  # a client that leaves early leaves no host behind
        if chosen not in hosts:
            yield f"tcp host: Envoy {chosen}, ours {sorted(hosts)}\n  {where}"


def _weighted(both: Both, chain: Chain) -> bool:
    config = _chains(both.bootstrap)[chain.filter_chain]["filters"][-1]["typed_config"]
    return "weighted_clusters" in config


class Judged:
    """One request: Envoy's answer and line, and what the Router says."""

    def __init__(
        self, both: Both, chain: Chain, connection: Connection, asked: Asked, response: Response, line: Line
    ) -> None:
        self.both = both
        self.chain = chain
        self.connection = connection
        self.asked = asked
        self.response = response
        self.line = line
        self.random = 0

    def decide(self, random: int) -> Decision:
        """Our decision with this random value."""
        return self.both.router.route(*self._request(), chain=self.chain, connection=self.connection, random=random)

    def _request(self) -> tuple[Any, ...]:
        asked = self.asked
        return asked.authority, asked.path, asked.method, asked.headers

    def _identity(self, decision: Decision) -> tuple[Any, ...]:
        if decision.kind != "forward" and decision.reason in UNROUTED:
            return (decision.status, decision.reason)
        index = decision.metadata.get("fastroute.test", {}) if decision.action is not None else {}
        marked = index.get("index", "") if isinstance(index, Mapping) else ""
        place = (decision.virtual_host, decision.route, marked)
        if decision.kind == "forward":
            return (*place, decision.cluster)
        return (*place, decision.status, decision.reason)

    def _theirs(self, decision: Decision) -> tuple[Any, ...]:
        line = self.line
        if decision.kind != "forward" and decision.reason in UNROUTED:
            return (int(line["status"]), line["details"])
        place = (line["virtual_host"], line["route"], line["index"])
        if decision.kind == "forward":
            return (*place, line["cluster"])
        return (*place, int(line["status"] or 0), line["details"])

    def differences(self) -> list[str]:
        """What differs: nothing where some random value leads to all that Envoy did."""
        decision = self.decide(0)
        counted = self.both.counted
        counted["requests"] += 1
        counted[decision.reason or "forwarded"] += 1
        nearest = found = list(self._differences(decision))
        for number in range(1, DRAWS):
            if not found:
                break
            self.random = Random(number).getrandbits(64)
            found = list(self._differences(self.decide(self.random)))
            if nearest and nearest[0].startswith("decision"):
                nearest = found
        return found and nearest

    def _differences(self, decision: Decision) -> Iterator[str]:
        if self._identity(decision) != self._theirs(decision):
            yield self._text("decision", self._theirs(decision), self._identity(decision))
            return
        for name, theirs, ours in self._parts(decision):
            if theirs != ours:
                yield self._text(name, theirs, ours)
        yield from self._explained(decision)

    def _text(self, name: str, theirs: Any, ours: Any) -> str:
        if isinstance(theirs, dict) and isinstance(ours, dict):
            wrong = [each for each in sorted({*theirs, *ours}) if theirs.get(each) != ours.get(each)]
            theirs, ours = ({each: one.get(each) for each in wrong} for one in (theirs, ours))
        return (
            f"{name}: Envoy {theirs!r}, ours {ours!r}\n  {self.asked}\n  {self.chain.listener}, "
            f"{self.chain.filter_chain}: {self.connection}\n  {dict(self.line)}"
        )

    def _explained(self, decision: Decision) -> Iterator[str]:
        explained = self.both.router.explain(
            *self._request(), chain=self.chain, connection=self.connection, random=self.random
        ).decision
        for name, told in explained.items():
            decided = getattr(decision, name, told)
            told = told.decode("latin-1") if isinstance(told, bytes) and isinstance(decided, str) else told
            if told != decided and (told or decided):
                yield self._text(f"explained {name}", decided, told)

    def _parts(self, decision: Decision) -> Iterator[tuple[str, Any, Any]]:
        if decision.kind != "forward":
            yield from self._own(decision)
            return
        flags = self.line["flags"]
        endpoints = self._endpoints(decision)
        if not self.line["host"]:
            yield "no host", None in endpoints, True
            yield "status", (self.response.status, flags), (self._failed(decision), "UH")
            return
        host = self.line["host"]
        yield "host", host, host if host in endpoints else sorted(map(str, endpoints))
        if flags in ("", "URX", "UO") and self.both.upstreams.named(self.line["host"]):
            yield from self._forwarded(decision)

    def _failed(self, decision: Decision) -> int:
        return answers.failed(decision, 503, b"no healthy upstream").status

    def _endpoints(self, decision: Decision) -> set[str | None]:
        picked = (self.both.router.pick(decision, random=_source(number)) for number in range(PICKS))
        found = {None if each is None else str(each) for each in picked}
        return found

    def _own(self, decision: Decision) -> Iterator[tuple[str, Any, Any]]:
        answer = answers.own(decision)
        assert answer is not None
        head = self.asked.method == b"HEAD"
        yield "status", self.response.status, answer.status
        theirs = grouped(self.response.headers, UNCOMPARED_RESPONSE)
        ours = grouped(answer.headers, UNCOMPARED_RESPONSE)
        if decision.reason not in UNROUTED:  # to those, Envoy adds the headers of the route that it only logs
            yield "response", _without_made_up(theirs), _without_made_up(ours)
        yield "location", self.response.header("location"), decision.location
        if not head:
            yield "body", self.response.body, answer.body

    def _attempts(self, decision: Decision, outcome: Outcome) -> tuple[int, int]:
        """Envoy's and ours."""
        plan: Any = decision.retry
        attempt = 1
        while plan is not None and plan.should_retry(outcome, attempt):
            attempt += 1
        return int(self.line["attempts"]), attempt

    def _cookies(self, decision: Decision) -> list[tuple[bytes, bytes]]:
        """The cookies that hash policies make up, where the cluster asks for a hash."""
        action: Any = decision.action
        hashed = self.both.router.snapshot.clusters[decision.cluster or ""].policy.hashes
        return [(b"set-cookie", cookie) for cookie in action.hash_cookies(decision)] if hashed else []

    def _forwarded(self, decision: Decision) -> Iterator[tuple[str, Any, Any]]:
        upstream = decision.upstream_headers()
        fields = dict(upstream)
        status = int(fields.get(b"x-status", b"200"))
        given = [part.partition(b"=") for part in fields.get(b"x-answer", b"").split(b"|") if part]
        name = self.both.upstreams.named(self.line["host"])
        answer = [(b"x-upstream", name.encode()), *((each, value) for each, _, value in given)]
        yield "status", self.response.status, status
        yield "server", self.response.header("x-upstream"), name
        if self.asked.method == b"CONNECT" and decision.original_authority != (self.asked.path or self.asked.authority):
            return  # the port that was stripped comes back for the upstream (HC-33), and headers may tell it
        theirs = grouped(self.response.headers, UNCOMPARED_RESPONSE)
        attempts = int(self.line["attempts"])
        made = decision.downstream_headers(status, [*answer, *self._cookies(decision) * attempts])
        made = [(name, b"%d" % attempts if (name, value) == (COUNT, b"1") else value) for name, value in made]
        ours = grouped(made, UNCOMPARED_RESPONSE)
        yield "response", *(_without_made_up(each) for each in (theirs, ours))
        yield "attempts", *self._attempts(decision, Outcome(status, tuple(answer)))
        if not self.response.body.startswith(b"{"):
            return
        echo = json.loads(self.response.body)
        method, _, rest = echo["line"].partition(" ")
        path = rest.rpartition(" ")[0]
        headers = [(name.lower(), value) for name, value in echo["headers"]]
        yield "method", method, decision.method
        yield "path", path, decision.path if decision.path is not None else decision.authority
        yield "authority", [value for name, value in headers if name == "host"], [decision.authority]
        skipped = ("host", "content-length", "transfer-encoding")
        skipped += (
            (TIMEOUT,) if int(self.line["attempts"]) > 1 else ()
        )  # what is left of it, from the second attempt on
        seen = grouped([(name, value) for name, value in headers if name not in skipped])
        told = grouped([(name, value) for name, value in upstream if name.decode() not in skipped])
        yield "request", _without_made_up(seen), _without_made_up(told)


def _without_made_up(headers: dict[str, list[str]]) -> dict[str, list[str]]:
    """Values that nobody can foresee are compared by their presence."""
    return {name: [""] * len(values) if name in MADE_UP else values for name, values in headers.items()}


def _source(seed: int) -> Any:
    random = Random(seed)
    return lambda: random.getrandbits(64)
