"""The attempts of one forwarded request: to which endpoint each goes, with which headers, and whether another follows.

    attempts = Attempts(router, decision)
    while attempts.begin():
        outcome = send(attempts.endpoint, attempts.authority, attempts.headers, attempts.timeout)
        if (pause := attempts.again(outcome)) is None:
            break
        sleep(pause)
    answer = attempts.failure or relay(outcome)
    attempts.close()

Rules:
- The whole timeout runs over all attempts and the pauses between them; the per-try timeout over one (RA-60, RA-64).
- A retry tells its upstream what is left of the timeout, in x-envoy-expected-rq-timeout-ms.
- A retry avoids hosts as the policy says (RA-110, RA-111), and is not made where a circuit breaker has no room for it.
- x-envoy-attempt-count tells the attempt (RA-114); with `auto_host_rewrite` the endpoint's host name is the authority
  (RA-32).
- Each result is reported: active requests of the endpoint, outlier detection, circuit breakers.
- A per-try timeout ends its attempt. Where the policy hedges (`RetryPlan.hedge_on_per_try_timeout`) Envoy lets it go on
  beside the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from fastroute.action.draft import JOINED_IN_REQUESTS, Draft, Headers
from fastroute.action.forward import ATTEMPT_COUNT, ForwardAction
from fastroute.action.retry import Outcome, RetryPlan
from fastroute.action.rewrites import set_host
from fastroute.action.router_options import DEFAULT_ROUTER
from fastroute.action.timeouts import EXPECTED
from fastroute.adapters.answers import Answer, failed, with_cors
from fastroute.compile.reselect import reselect
from fastroute.core.circuit_breakers import Breaker
from fastroute.core.clusters import Cluster
from fastroute.core.decision import Decision
from fastroute.core.endpoint import Endpoint
from fastroute.router import Router


class Attempts:
    """One request's attempts. `clock` gives seconds, for timeouts and outlier detection."""

    def __init__(self, router: Router, decision: Decision, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._router, self._decision, self._clock = router, decision, clock
        plan, whole = decision.retry, decision.timeout
        self._plan = plan if isinstance(plan, RetryPlan) else None
        self._end = None if whole is None else clock() + whole
        self._clusters = router.snapshot.clusters
        self._cluster: Cluster | None = None
        self._tried: list[Endpoint] = []
        self._held: list[tuple[Breaker, str]] = []
        self.number = 0
        """Of the attempt: the first is 1."""
        self.endpoint: Endpoint | None = None
        """Where the attempt goes; None once it ended."""
        self.failure: Answer | None = None
        """Envoy's answer where no attempt brought a response."""

    def begin(self) -> bool:
        """Begin the next attempt; False where there is none to make: then `failure` is the answer."""
        self.number += 1
        if self._left() == 0:
            return self._fail(504, b"upstream request timeout")
        self._cluster = cluster = self._clusters[self._named()]
        if cluster.detector is not None:
            cluster.detector.tick(self._clock(), self._router.random)
        endpoint = self._picked(cluster)
        if endpoint is None:
            return self._fail(503, b"no healthy upstream")
        if not self._hold("requests"):
            return self._overflow()
        endpoint.begin()
        self.endpoint = endpoint
        self._tried.append(endpoint)
        return True

    @property
    def timeout(self) -> float | None:
        """Seconds that this attempt may wait for the head of its response; None for ever."""
        limits = (self._left(), self._plan.per_try_timeout if self._plan is not None else None)
        return min((limit for limit in limits if limit is not None), default=None)

    @property
    def authority(self) -> str:
        """The authority of the attempt's request."""
        return self._request().authority.decode("latin-1")

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of the attempt's request, without a Host."""
        return self._request().headers.pairs

    def again(self, outcome: Outcome) -> float | None:
        """Seconds to wait before the next attempt; None where the outcome stands, or `failure` in its place."""
        self._report(outcome)
        plan = self._plan
        left = self._left()
        if left == 0 and outcome.reset is not None:
            self._fail(504, b"upstream request timeout")
            return None
        if plan is not None and plan.should_retry(outcome, self.number) and self._hold("retries"):
            self._release(keep="retries")
            pause = plan.backoff(self.number, self._router.random(), outcome, time.time)
            return pause if left is None else min(pause, left)
        if outcome.reset is not None:
            self._fail(*_words(outcome.reset, self.number))
        return None

    def response_headers(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """What the client gets of a response with `status` and `headers`, whose names are lower case."""
        action, given = self._decision.action, list(headers)
        if action is not None and self._cluster is not None and self._cluster.policy.hashes:
            made_up = [(b"set-cookie", cookie) for cookie in action.hash_cookies(self._decision)]
            given += made_up * self.number  # every attempt asks for the hash, and tells its cookies again
        made = self._decision.downstream_headers(status, given)
        if isinstance(action, ForwardAction) and action.host.attempt_count_in_response:
            counted = (ATTEMPT_COUNT, b"%d" % self.number)
            made = [counted if pair == (ATTEMPT_COUNT, b"1") else pair for pair in made]
        return with_cors(self._decision, made)

    def close(self) -> None:
        """The attempt is over, and with the last one the request: its response was relayed, or given up."""
        self._release()

    def _named(self) -> str:
        name = self._plan.cluster(self.number) if self._plan is not None else None
        return name or self._decision.cluster or ""

    def _picked(self, cluster: Cluster) -> Endpoint | None:
        skip = None if self._plan is None else reselect(self._plan.policy, self._tried, cluster)
        hash = self._decision.hash if cluster.kind == "aggregate" or cluster.policy.hashes else None
        return cluster.pick(hash, random=self._router.random, skip=skip, context=self._decision)

    def _left(self) -> float | None:
        return None if self._end is None else max(self._end - self._clock(), 0)

    def _request(self) -> Draft:
        decision, action = self._decision, self._decision.action
        headers = Headers(decision.upstream_headers(), JOINED_IN_REQUESTS)
        told, left = headers.first(EXPECTED), self._left()
        if self.number > 1 and told is not None and left is not None and told.isdigit():
            headers.set(EXPECTED, b"%d" % min(int(told), max(int(left * 1000), 1)))
        draft = Draft(b"", b"", decision.authority.encode("latin-1"), None, headers)
        if isinstance(action, ForwardAction):
            if action.host.attempt_count:
                headers.set(ATTEMPT_COUNT, b"%d" % self.number)
            if action.policies.auto_host and self.endpoint is not None and self.endpoint.hostname:
                keep = not (decision.router_options or DEFAULT_ROUTER).suppress_envoy_headers
                host = self.endpoint.hostname.encode()
                set_host(draft, host, append_forwarded=action.policies.append_forwarded_host, keep_original=keep)
        return draft

    def _hold(self, kind: str) -> bool:
        breaker = None if self._cluster is None else self._cluster.breakers.get(self._decision.priority)
        if breaker is None:
            return True
        held = breaker.acquire(kind)
        if held:
            self._held.append((breaker, kind))
        return held

    def _release(self, keep: str = "") -> None:
        """End the attempt and give back what it held; the retry that is to follow keeps its newest room."""
        kept = [self._held.pop()] if keep and self._held and self._held[-1][1] == keep else []
        if self.endpoint is not None:
            self.endpoint.end()
        for breaker, kind in self._held:
            breaker.release(kind)
        self.endpoint, self._held = None, kept

    def _report(self, outcome: Outcome) -> None:
        detector = None if self._cluster is None else self._cluster.detector
        if detector is None or self.endpoint is None:
            return
        now, random = self._clock(), self._router.random
        if outcome.reset is None:
            if detector.settings["split_external_local_origin_errors"]:
                detector.report_local(self.endpoint, "success", now=now, random=random)
            detector.report(self.endpoint, outcome.status or 0, now=now, random=random)
        elif "connection-failure" in outcome.reset or outcome.reset == "connection-timeout":
            detector.report_local(self.endpoint, "connect-failed", now=now, random=random)
        else:
            timed_out = outcome.reset == "per-try-timeout"
            detector.report_local(self.endpoint, "timeout" if timed_out else "reset", now=now, random=random)

    def _overflow(self) -> bool:
        return self._fail(*_words("overflow", self.number), ((b"x-envoy-overloaded", b"true"),))

    def _fail(self, status: int, text: bytes, extra: Sequence[tuple[bytes, bytes]] = ()) -> bool:
        self.failure = failed(self._decision, status, text, extra)
        return False


def _words(reset: str, attempts: int) -> tuple[int, bytes]:
    """Status and text of the router's answer to a reset."""
    if reset == "per-try-timeout":
        return 504, b"upstream request timeout"
    retried = "retried and the latest " if attempts > 1 else ""
    words = reset.replace("-", " ")
    return 503, f"upstream connect error or disconnect/reset before headers. {retried}reset reason: {words}".encode()
