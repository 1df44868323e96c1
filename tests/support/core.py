"""The Router as a third answer, for tests that compare with Envoy or with the walk.

routed = Routed.of(manager, table, connection)      a manager and a table in the JSON form of the API
routed.decide(request) -> Decision                  raises UnsupportedError from `of` where a part is refused
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fastroute
from fastroute.core.chain import Chain
from fastroute.core.decision import Decision
from fastroute.decision import Explanation
from fastroute.request import Connection, Request


@dataclass(frozen=True, slots=True)
class Routed:
    """A router with one listener, and the chain of a connection to it."""

    router: fastroute.Router
    chain: Chain

    @classmethod
    def of(
        cls,
        manager: Mapping[str, Any],
        table: Mapping[str, Any],
        connection: Connection,
        clusters: Sequence[str] = (),
        runtime: Mapping[str, object] | None = None,
    ) -> Routed:
        """Load a listener with this manager and table, and connect to it."""
        host, port = connection.destination
        bare = {name: value for name, value in manager.items() if name != "local_reply_config"}
        listener = {
            "name": "listener",
            "address": {"socket_address": {"address": host, "port_value": port}},
            "filter_chains": [{"filters": [{"name": "hcm", "typed_config": bare}]}],
        }
        source = {
            "listeners": [listener],
            "routes": [{**table, "name": "table"}] if table else [],
            "clusters": [{"name": name, "connect_timeout": "1s"} for name in clusters],
        }
        router = fastroute.Router(fastroute.load(source, runtime=runtime))
        chain = router.connect(connection)
        assert chain is not None
        return cls(router, chain)

    def decide(self, request: Request) -> Decision:
        """The router's decision about a request on the connection."""
        return self.router.route(
            request.authority,
            request.path,
            request.method,
            request.headers,
            scheme=request.scheme,
            chain=self.chain,
            random=request.random,
            dynamic_metadata=request.dynamic_metadata or None,
            filter_state=request.filter_state or None,
        )

    def explain(self, request: Request) -> Explanation:
        """The router's explanation of the same."""
        return self.router.explain(
            request.authority,
            request.path,
            request.method,
            request.headers,
            scheme=request.scheme,
            chain=self.chain,
            random=request.random,
            dynamic_metadata=request.dynamic_metadata or None,
            filter_state=request.filter_state or None,
        )
