"""Clusters: a load balancing policy over hosts, with the state that outlives updates.

C callers use `Cluster.choose`, declared in `fastroute/core/clusters.pxd`.
"""

from collections.abc import Collection, Mapping
from typing import final

from fastroute.core.balancers import Policy, Reselect, _Attempt
from fastroute.core.circuit_breakers import Breaker
from fastroute.core.endpoint import Activity, Endpoint, Locality, _Health
from fastroute.core.hash_tables import HashTable
from fastroute.core.hosts import HostSet
from fastroute.core.outlier import Detector
from fastroute.core.sources import Memory
from fastroute.types import RandomSource

@final
class Cluster:
    """A cluster. `pick` is safe in any thread while others update.

    `previous` is the cluster that this one takes the place of in a later snapshot: the two share the state
    of their hosts, and a report to one of them counts for both. Where it `continues` it, nothing but its
    hosts may change: those that active checks keep (see `replace`) stay.
    """

    name: str
    kind: str
    """The discovery type: STATIC, EDS, STRICT_DNS, LOGICAL_DNS, ORIGINAL_DST or aggregate."""
    policy: Policy
    memory: Memory
    activity: Activity
    value: object
    """The embedder's own object."""
    info: object
    """What the compiler keeps about the cluster (see `fastroute.compile.clusters`)."""
    detector: Detector | None
    """Outlier detection; None where the cluster has none."""
    breakers: dict[str, Breaker]
    """Circuit breakers of the routing priorities, `default` and `high`."""
    def __new__(
        cls,
        name: str,
        policy: Policy,
        *,
        kind: str = "STATIC",
        previous: Cluster | None = None,
        local: Locality | None = None,
        info: object = None,
        continues: bool = False,
    ) -> Cluster: ...
    def pick(
        self,
        hash: int | None = None,
        *,
        random: RandomSource | None = None,
        skip: Reselect | Collection[Endpoint | str] | None = None,
        context: object = None,
    ) -> Endpoint | None:
        """The host for one request, or None where Envoy would answer 503.

        `hash` is the hash of the route's hash policies; `random` is needed wherever the pick is
        random (ValueError without it); `skip` holds hosts to avoid: a collection is avoided while
        any other host is usable, a `Reselect` exactly as Envoy's retries do; `context` is what the
        request says, for subsets, host override and original destinations.
        """
    def replace(
        self,
        levels: list[tuple[list[Endpoint], dict[Locality, int] | None]],
        *,
        drop: int = 0,
        drop_of: int = 0,
        factor: int = 140,
        weighted_health: bool = False,
        checked: bool = False,
        keep_removed: bool = False,
    ) -> None:
        """Put new hosts in force: (hosts, locality weights) by priority. Hosts that stay keep their state.

        `drop` of `drop_of` requests are dropped before a host is chosen; `factor` is the
        overprovisioning factor; `weighted_health` counts weights instead of hosts (LB-10). With
        `checked` a new host counts as failed until `set_health` reports it; with `keep_removed` a
        host that is no longer named stays until its check fails.
        """
    def link(self, clusters: Mapping[str, Cluster], peers: Cluster | None = None) -> None:
        """Tell the cluster about the others: those that an aggregate lists, and the caller's own peers.

        `peers` is the cluster named by the bootstrap's local_cluster_name; it turns zone-aware
        routing on. Changes of linked clusters are followed.
        """
    def refresh(self) -> None:
        """Sort the hosts anew by their health and weights, here and in other snapshots."""
    def set_health(self, address: str, health: _Health) -> None:
        """Report the result of an active health check. KeyError when no host has the address."""
    def bind(self, values: Mapping[str, object]) -> None:
        """Bind an object of the embedder to each address; it is read back as `Endpoint.value`."""
    @property
    def endpoints(self) -> list[Endpoint]:
        """All hosts, by priority."""
    @property
    def levels(self) -> list[HostSet]:
        """The host sets, by priority."""
    @property
    def tables(self) -> list[HashTable]:
        """The tables of a ring hash or Maglev policy, by priority; shared with those before when nothing changed."""
    @property
    def loads(self) -> dict[str, list[int]] | None:
        """_Health, load and panic of the priorities in percent; None where the policy has none."""
    @property
    def dropped(self) -> tuple[int, int]:
        """drop_overloads: so many of so many requests are dropped; (0, 0) where none are."""
    @property
    def zone_aware(self) -> bool:
        """Whether requests of priority 0 are divided among zones (LB-22)."""
    def tried(self, context: object) -> list[_Attempt]:
        """What a pick for `context` tries one after the other until it has a host (see `Balancer.tried`)."""
    def __getitem__(self, address: str, /) -> Endpoint: ...
