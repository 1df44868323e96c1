"""The router: one snapshot in force, asked from any number of threads.

`connect`, `route` and `pick` are the core's (`fastroute.core.engine`); this class adds what is off the hot path.
Explanations are imported when the first is asked for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

from fastroute.core.engine import Engine, Tables
from fastroute.records import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.core.chain import Chain
    from fastroute.core.decision import Decision
    from fastroute.core.endpoint import Endpoint
    from fastroute.decision import Explanation
    from fastroute.request import Connection
    from fastroute.snapshot import Snapshot
    from fastroute.types import HeadersLike, RandomSource, StrOrBytes


def _random_value() -> int:
    return int.from_bytes(os.urandom(8))


class Router(Engine):
    """Answers what Envoy would do, by the snapshot in force.

    Thread-safe: a call reads the snapshot once and stays with it; `swap` replaces it for later calls.
    `random` returns 64 random bits and is asked only where Envoy would draw; the system's otherwise.
    """

    def __init__(self, snapshot: Snapshot, *, random: RandomSource | None = None) -> None:
        self._values: dict[str, object] = {}
        self._by_cluster: dict[str, object] = {}
        self._valued: frozenset[str] | None = None
        self._snapshot = snapshot
        self._lock = threading.Lock()
        super().__init__(self._tables(snapshot), random or _random_value)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot in force."""
        return self._snapshot

    def swap(self, snapshot: Snapshot) -> Snapshot:
        """Put `snapshot` in force, atomically; returns the one that was."""
        with self._lock:
            old, self._snapshot = self._snapshot, snapshot
            self.exchange(self._tables(snapshot))
            return old

    def bind(self, values: Mapping[str, object]) -> None:
        """Attach the embedder's own objects to clusters, by name: `Decision.value` returns them.

        They stay attached when the snapshot is swapped. A name that is no cluster is kept for later.
        """
        with self._lock:
            self._values = {**self._values, **values}
            self._valued = None
            self.exchange(self._tables(self._snapshot))

    def explain_connection(self, connection: Connection, *, random: int | RandomSource | None = None) -> Explanation:
        """The same choice as `connect`, step by step: listener, listener filters, the sieve, network filters."""
        from fastroute.reference.connections import explain_connection

        drawn = self.random if random is None else random
        value = drawn if isinstance(drawn, int) else drawn()
        return explain_connection(self._snapshot.resources, connection, random=value)

    def explain(
        self,
        authority: StrOrBytes,
        path: StrOrBytes | None,
        method: StrOrBytes = b"GET",
        headers: HeadersLike = (),
        *,
        scheme: StrOrBytes = b"http",
        chain: Chain | None = None,
        route_config: str | None = None,
        random: int | RandomSource | None = None,
        connection: Connection | None = None,
        dynamic_metadata: Mapping[str, object] | None = None,
        filter_state: Mapping[str, str] | None = None,
    ) -> Explanation:
        """The same decision as `route`, with the steps that led to it."""
        from fastroute.explain.requests import explain_request, undecided, with_changes

        drawn = self.random if random is None else random
        value = drawn if isinstance(drawn, int) else drawn()
        decision = self.route(
            authority,
            path,
            method,
            headers,
            scheme=scheme,
            chain=chain,
            route_config=route_config,
            random=value,
            connection=connection,
            dynamic_metadata=dynamic_metadata,
            filter_state=filter_state,
        )
        if decision.reason == "undecidable":
            return undecided(decision)
        explanation = explain_request(
            self._snapshot,
            authority,
            path,
            method,
            headers,
            scheme=scheme,
            chain=chain,
            route_config=route_config,
            random=value,
            connection=connection,
            dynamic_metadata=dynamic_metadata or {},
            filter_state=filter_state or {},
        )
        return replace(with_changes(explanation, decision), notices=decision.notices)

    def explain_pick(
        self,
        target: Decision | Chain | str,
        endpoint: Endpoint | None,
        *,
        hash: int | None = None,
        context: object = None,
    ) -> Explanation:
        """Why `pick` gave `endpoint`, or None: subset, priority, locality and policy, by the hosts as they are now.

        `target`, `hash` and `context` are those of the pick. Nothing is picked: turns and counts stay.
        Raises LookupError for an unknown cluster, ValueError for a target that goes to none.
        """
        from fastroute.explain.picks import explain_pick

        name = target if isinstance(target, str) else target.cluster
        if name is None:
            raise ValueError(f"it goes to no cluster: it is of kind {getattr(target, 'kind', '')}")
        cluster = self._snapshot.clusters.get(name)
        if cluster is None:
            raise LookupError(f"no cluster {name!r} in this snapshot")
        if not isinstance(target, str):
            context = target if context is None else context
            hash = target.hash if hash is None and cluster.policy.hashes else hash
        return explain_pick(cluster, endpoint, hash=hash, context=context, clusters=self._snapshot.clusters)

    def _tables(self, snapshot: Snapshot) -> Tables:
        """The tables of `snapshot`, shared with it; only the values are put together, and only for other clusters."""
        parts = snapshot.parts
        if parts.known is None:
            values = self._values or None
            return Tables(parts.routes, parts.clusters, values, snapshot.marks, snapshot.listeners, any_name=True)
        if parts.known is not self._valued:
            bound = {name: value for name, value in self._values.items() if name in parts.known}
            self._by_cluster = {**dict.fromkeys(parts.known), **bound}
            self._valued = parts.known
        return Tables(parts.routes, parts.clusters, self._by_cluster, snapshot.marks, snapshot.listeners)
