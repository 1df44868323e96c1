"""Where a route sends a request: the compiled form of a route's action, for the core's table.

RA-02, RA-03, RA-06, RA-10 … RA-13. Each target carries the `Action` that computes everything else lazily.
Weights are final: a `runtime_key_prefix` was resolved against the runtime when the route was compiled.
"""

from __future__ import annotations

from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.action.protocol import Action
    from fastroute.core.matchers import TreeNode

NOT_FOUND_STATUS = 503
"""Status when the cluster does not exist, unless `cluster_not_found_response_code` says otherwise."""


@record
class Forward:
    """One named cluster. An empty name is a cluster that does not exist (RA-01: nothing answered)."""

    cluster: str
    action: Action
    not_found_status: int = NOT_FOUND_STATUS


@record
class ClusterHeader:
    """The first value of the request header `name` is the cluster (RA-03); `name` is lower case.

    `name` may be a pseudo header, or `host` for `:authority`.
    """

    name: str
    action: Action
    not_found_status: int = NOT_FOUND_STATUS


@record
class WeightedEntry:
    """One entry: `cluster`, or the cluster that the request header `cluster_header` names (RA-13)."""

    cluster: str
    weight: int
    action: Action
    cluster_header: str = ""


@record
class Weighted:
    """Weighted clusters (RA-10, RA-11).

    The selection value is the header `header_name` when it is present once and parses as an unsigned
    64-bit integer; or, with `use_hash_policy`, `entries[0].action.selection_hash(decision)` when that
    is not None; otherwise the stream's random value. The entry is the first whose cumulated weight
    exceeds value % total.
    """

    entries: tuple[WeightedEntry, ...]
    total: int
    header_name: str = ""
    use_hash_policy: bool = False
    not_found_status: int = NOT_FOUND_STATUS


@record
class Matched:
    """The cluster that a matcher tree yields (RA-06): its actions are numbers of `clusters`."""

    tree: TreeNode
    clusters: tuple[str, ...]
    action: Action
    not_found_status: int = NOT_FOUND_STATUS


@record
class Nowhere:
    """The route never matches: its cluster specifier is optional and unknown (RA-06)."""


@record
class Redirect:
    """Envoy answers with a redirect; the action knows the Location."""

    status: int
    action: Action


@record
class Respond:
    """Envoy answers with a fixed response; the action knows body and headers."""

    status: int
    action: Action


Targets = Forward | ClusterHeader | Weighted | Matched | Redirect | Respond | Nowhere
