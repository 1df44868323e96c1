"""A route's entry in its table: its names, its place in the list, and where it sends a request."""

from typing import Literal, final

from fastroute.core.matchers import TreeNode
from fastroute.core.predicates import Predicate

@final
class Target:
    """Where a route sends a request, as the core needs it. Read-only.

    `cluster` is the name of a forwarding target; `header` the request header that names the cluster
    (`cluster_header`) or carries the selection value (`weighted`). `status` is that of the answer, or the answer's
    for a cluster that does not exist. `action` computes everything else. `entries` are the targets of weighted
    clusters and `weights` their weights; raises ValueError unless their sum is positive. `tree` yields the number of
    one of the `entries` of a `matched` target; the last of them is for a tree that yields nothing. A
    route whose target is `nowhere` never matches.
    """

    @property
    def kind(self) -> str: ...
    @property
    def cluster(self) -> str: ...
    @property
    def header(self) -> bytes: ...
    @property
    def use_hash_policy(self) -> bool: ...
    @property
    def status(self) -> int: ...
    @property
    def action(self) -> object: ...
    @property
    def entries(self) -> tuple[Target, ...]: ...
    @property
    def weights(self) -> tuple[int, ...]: ...
    @property
    def tree(self) -> TreeNode | None: ...
    @property
    def total(self) -> int: ...
    def __new__(
        cls,
        kind: Literal["forward", "cluster_header", "weighted", "redirect", "respond", "matched", "nowhere"],
        *,
        cluster: str = "",
        header: bytes = b"",
        status: int = 503,
        action: object = None,
        entries: tuple[Target, ...] = (),
        weights: tuple[int, ...] = (),
        use_hash_policy: bool = False,
        tree: TreeNode | None = None,
    ) -> Target: ...

@final
class LiveClusters:
    """The clusters that there are, by name, each with the embedder's object; None: every name is taken to exist."""

    @property
    def values(self) -> dict[str, object] | None: ...
    def __new__(cls, values: dict[str, object] | None, any_name: bool = False) -> LiveClusters: ...

@final
class Entry:
    """The names of a route: its own, its virtual host's, its route configuration's, and its place (`index`)."""

    @property
    def name(self) -> str: ...
    @property
    def virtual_host(self) -> str: ...
    @property
    def route_config(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def target(self) -> Target | None: ...
    def __new__(
        cls,
        name: str = "",
        virtual_host: str = "",
        route_config: str = "",
        index: int = -1,
        target: Target | None = None,
    ) -> Entry: ...

@final
class RouteSpec:
    """One route, for the table to be built from: its name, its place in the list, and where it sends a request.

    `how` says how `text` is compared with the path; `pathless` routes take requests without a path only, `never`
    ones none. A regex is a `prefix` (the literal beginning of all its matches) with a `PathPredicate`.
    """

    @property
    def name(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def target(self) -> Target | None: ...
    @property
    def how(self) -> Literal["prefix", "path", "path_separated_prefix", "pathless", "never"]: ...
    @property
    def text(self) -> bytes: ...
    @property
    def case_sensitive(self) -> bool: ...
    @property
    def predicates(self) -> tuple[Predicate, ...]: ...
    def __new__(
        cls,
        name: str,
        index: int,
        target: Target | None,
        how: Literal["prefix", "path", "path_separated_prefix", "pathless", "never"],
        text: bytes = b"",
        case_sensitive: bool = True,
        predicates: tuple[Predicate, ...] = (),
    ) -> RouteSpec: ...

__pyx_capi__: dict[str, object]
