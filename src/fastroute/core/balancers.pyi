"""Balancers: from the host sets of a cluster to one host."""

from collections.abc import Callable, Collection, Iterable
from typing import final

from typing_extensions import disjoint_base

from fastroute.core.endpoint import Endpoint
from fastroute.core.hosts import HostSet
from fastroute.core.priorities import Loads
from fastroute.core.sources import Memory
from fastroute.core.zones import Zones

_Attempt = tuple[str, tuple[object, ...], list[HostSet]]
_Predicate = Callable[[Endpoint, Collection[Endpoint]], bool]

@final
class Policy:
    """A load balancing policy: its kind, the policies inside it, and its parameters by name.

    Kinds: round_robin, least_request, random, ring_hash, maglev, subset, override_host, original_dst,
    aggregate. A parameter that is absent has Envoy's default.
    """

    kind: str
    children: tuple[Policy, ...]
    parameters: dict[str, object]
    @property
    def leaf(self) -> Policy:
        """The policy that chooses the host: this one, or the one inside `subset` and `override_host`."""

    @property
    def hashes(self) -> bool:
        """Whether the leaf goes by the hash of a request."""

    def __new__(
        cls, kind: str, parameters: dict[str, object] | None = None, children: tuple[Policy, ...] = ()
    ) -> Policy: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Reselect:
    """How a retry avoids hosts, exactly as Envoy does (RA-110, RA-111).

    `previous` are the hosts of earlier attempts, `predicates` say whether a host is to be avoided,
    `attempts` is host_selection_retry_max_attempts: after so many further selections the last one
    counts, whatever it is. `tried` are priorities that get no load.
    """

    previous: Collection[Endpoint]
    predicates: tuple[_Predicate, ...]
    attempts: int
    tried: frozenset[int]
    def __new__(
        cls,
        previous: Collection[Endpoint] = (),
        *,
        predicates: Iterable[_Predicate] = (),
        attempts: int = 1,
        tried: Iterable[int] = (),
    ) -> Reselect: ...

@disjoint_base
class Balancer:
    """Chooses a host; one object for each state of the host sets."""

    sets: list[HostSet]
    loads: Loads
    def tried(self, context: object) -> list[_Attempt]:
        """What a pick tries one after the other until it has a host: (kind, what it goes by, host sets).

        Kinds: `policy` (all hosts), `named` (the host that override_host names), `subset`, and the fallbacks
        `default` and `any`. A subset goes by its keys and canonical values.
        """

@final
class SourceBalancer(Balancer):
    """Round robin, least request and random."""

    def __new__(
        cls, sets: list[HostSet], policy: Policy, memory: Memory, zones: Zones | None = None
    ) -> SourceBalancer: ...

__pyx_capi__: dict[str, object]
