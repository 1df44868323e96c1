"""The calls of the hot path, `connect`, `route` and `pick`, over the tables of one snapshot."""

from collections.abc import Collection, Mapping
from typing import final

from typing_extensions import disjoint_base

from fastroute.core.balancers import Reselect
from fastroute.core.chain import Chain
from fastroute.core.clusters import Cluster
from fastroute.core.decision import Decision
from fastroute.core.endpoint import Endpoint
from fastroute.core.filter_chains import ListenerTable
from fastroute.core.table import RouteTable
from fastroute.request import Connection
from fastroute.types import HeadersLike, RandomSource, StrOrBytes

@final
class Tables:
    """The compiled tables of a snapshot. `values`: cluster name to the embedder's object.

    With `any_name`, and where `values` is None, a cluster of any name exists: nobody knows which there are.
    `marks` tells the notices of decisions; None where nothing was let through.
    """

    @property
    def routes(self) -> dict[str, RouteTable]: ...
    @property
    def clusters(self) -> dict[str, Cluster]: ...
    @property
    def values(self) -> dict[str, object] | None: ...
    @property
    def marks(self) -> object: ...
    @property
    def listeners(self) -> ListenerTable: ...
    @property
    def single(self) -> RouteTable | None: ...
    def __new__(
        cls,
        routes: dict[str, RouteTable],
        clusters: dict[str, Cluster],
        values: dict[str, object] | None,
        marks: object = None,
        listeners: ListenerTable | None = None,
        any_name: bool = False,
    ) -> Tables: ...

@disjoint_base
class Engine:
    """Routes requests and picks endpoints; `Router` adds what is not on the hot path.

    `random` gives 64-bit values to the calls that are given none.
    """

    @property
    def random(self) -> RandomSource: ...
    def __init__(self, tables: Tables, random: RandomSource) -> None: ...
    def exchange(self, tables: Tables) -> Tables:
        """Put other tables in force for all later calls; returns the old ones."""
    def connect(self, connection: Connection) -> Chain | None:
        """The filter chain for a connection: once per connection, then `route(…, chain=chain)`.

        None when no listener takes connections to that address. A chain of kind `closed` says why in
        its `reason`.
        """
    def route(
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
    ) -> Decision:
        """What Envoy does with this request. Always a decision: no route is a 404 decision.

        `authority` is the Host header, `path` the raw request target with its query, None for CONNECT.
        `chain` (from `Router.connect`) gives the HTTP connection manager and what is known of the
        connection; otherwise `route_config` names a route configuration, which may be left out when
        there is only one, and the manager has Envoy's defaults. `random` is the stream's 64-bit random
        value or where it comes from; the router's source otherwise, asked only when the decision
        depends on it. `dynamic_metadata` and `filter_state` are what earlier filters left.
        Raises LookupError for a route configuration that is not there, TypeError and ValueError for
        values that no request can have.
        """
    def pick(
        self,
        target: Decision | Chain | str,
        *,
        hash: int | None = None,
        skip: Reselect | Collection[Endpoint | str] | None = None,
        random: RandomSource | None = None,
        context: object = None,
    ) -> Endpoint | None:
        """The endpoint for one request, or None where Envoy would answer 503 (no healthy upstream).

        `target` is a decision, a TCP chain or the name of a cluster. `hash` replaces the hash of the
        decision's hash policies; `skip` holds endpoints to avoid. Raises LookupError for an unknown
        cluster, ValueError for a decision that goes to none.
        """
