"""Matcher trees of virtual hosts: from a request to the number of a list of routes."""

from collections.abc import Iterable
from typing import Literal, Protocol, final

from fastroute.core.strings import StringMatcher

class _CustomMatcher(Protocol):
    def __call__(self, value: bytes, /) -> bool: ...

class _CustomMap(Protocol):
    """The nodes for a value, in the order in which they are asked; `nodes` are all of them."""

    @property
    def nodes(self) -> Iterable[TreeNode]: ...
    def __call__(self, value: bytes, /) -> Iterable[TreeNode]: ...

@final
class Input:
    """What is looked at: a request `header`, or the object `key` of the filter state; one of them."""

    @property
    def header(self) -> bytes | None: ...
    @property
    def key(self) -> str | None: ...
    def __new__(cls, *, header: bytes | None = None, key: str | None = None) -> Input: ...

@final
class TreePredicate:
    """A predicate of a matcher list: `single` (an input, and a matcher or a `call`); `or`, `and`, `not` of `parts`."""

    @property
    def input(self) -> Input | None: ...
    @property
    def matcher(self) -> StringMatcher | None: ...
    @property
    def call(self) -> _CustomMatcher | None: ...
    @property
    def parts(self) -> tuple[TreePredicate, ...]: ...
    def __new__(
        cls,
        kind: Literal["single", "or", "and", "not"],
        *,
        input: Input | None = None,
        matcher: StringMatcher | None = None,
        call: _CustomMatcher | None = None,
        parts: tuple[TreePredicate, ...] = (),
    ) -> TreePredicate: ...

@final
class TreeNode:
    """An action (the number of a list of routes) or a matcher: a list of `entries`, or a map over an `input`.

    `otherwise` is on_no_match.
    """

    @property
    def action(self) -> int | None: ...
    @property
    def entries(self) -> tuple[tuple[TreePredicate, TreeNode], ...]: ...
    @property
    def input(self) -> Input | None: ...
    @property
    def exact(self) -> dict[bytes, TreeNode] | None: ...
    @property
    def prefixes(self) -> dict[bytes, TreeNode] | None: ...
    @property
    def lengths(self) -> list[int]: ...
    @property
    def candidates(self) -> _CustomMap | None: ...
    @property
    def otherwise(self) -> TreeNode | None: ...
    def __new__(
        cls,
        *,
        action: int | None = None,
        entries: tuple[tuple[TreePredicate, TreeNode], ...] = (),
        input: Input | None = None,
        exact: dict[bytes, TreeNode] | None = None,
        prefixes: dict[bytes, TreeNode] | None = None,
        candidates: _CustomMap | None = None,
        otherwise: TreeNode | None = None,
    ) -> TreeNode: ...
    def children(self) -> list[TreeNode]:
        """The nodes right below this one."""
