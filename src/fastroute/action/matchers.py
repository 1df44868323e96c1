"""Header matchers inside policies: retry, rate limits, virtual clusters, faults.

RM-31  A header on several lines matches when any value does; `invert` negates that.
RM-32  An absent header never matches, inverted or not, unless it is treated as empty.
RM-33  Without a value test the matcher asks for presence; what is treated as empty is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from fastroute.action.headers import values
from fastroute.records import record

if TYPE_CHECKING:
    from fastroute.action.decided import Pairs


class ValueTest(Protocol):
    """A test of one header value."""

    def __call__(self, value: bytes, /) -> bool: ...


@record
class HeaderMatcher:
    """A compiled HeaderMatcher; `test` None asks for presence (`present` says which)."""

    name: bytes
    test: ValueTest | None = None
    present: bool = True
    invert: bool = False
    missing_is_empty: bool = False

    def matches(self, found: Sequence[bytes]) -> bool:
        """Whether the values found under the name match."""
        if self.test is None:
            return ((bool(found) or self.missing_is_empty) == self.present) != self.invert
        if not found:
            return self.missing_is_empty and self.test(b"") != self.invert
        return any(self.test(value) for value in found) != self.invert

    def matches_list(self, headers: Pairs) -> bool:
        """Whether a plain header list (a response's) matches."""
        return self.matches(values(headers, self.name))
