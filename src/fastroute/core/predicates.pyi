"""What a route asks of a request besides its path. A predicate belongs to one route of one table."""

from collections.abc import Callable
from typing import final

from typing_extensions import disjoint_base

from fastroute.core.decision import Decision
from fastroute.core.regexes import Regex
from fastroute.core.strings import StringMatcher

@disjoint_base
class Predicate:
    """Something that holds for a request or does not."""

@final
class HeaderPredicate(Predicate):
    """A header matcher (`HeaderMatcher`): a string matcher, an int64 `range` [start, end), or else presence.

    `absent` is `present_match: false`, `invert` is `invert_match`, `missing_as_empty` is
    `treat_missing_header_as_empty`. `name` may be a pseudo header; `host` is `:authority`.
    """

    @property
    def name(self) -> bytes: ...
    @property
    def matcher(self) -> StringMatcher | None: ...
    @property
    def ranged(self) -> bool: ...
    @property
    def absent(self) -> bool: ...
    @property
    def invert(self) -> bool: ...
    @property
    def missing_as_empty(self) -> bool: ...
    def __new__(
        cls,
        name: bytes,
        matcher: StringMatcher | None = None,
        *,
        range: tuple[int, int] | None = None,
        absent: bool = False,
        invert: bool = False,
        missing_as_empty: bool = False,
    ) -> HeaderPredicate: ...

@final
class QueryPredicate(Predicate):
    """A query parameter matcher (`QueryParameterMatcher`): a string matcher on the raw value, or else presence."""

    @property
    def name(self) -> bytes: ...
    @property
    def matcher(self) -> StringMatcher | None: ...
    @property
    def absent(self) -> bool: ...
    def __new__(cls, name: bytes, matcher: StringMatcher | None = None, *, absent: bool = False) -> QueryPredicate: ...

@final
class CookiePredicate(Predicate):
    """A cookie matcher (`CookieMatcher`)."""

    @property
    def name(self) -> bytes: ...
    @property
    def matcher(self) -> StringMatcher: ...
    @property
    def invert(self) -> bool: ...
    def __new__(cls, name: bytes, matcher: StringMatcher, *, invert: bool = False) -> CookiePredicate: ...

@final
class FractionPredicate(Predicate):
    """`runtime_fraction`: the share of requests that may take the route. Raises ValueError for denominator 0."""

    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...
    def __new__(cls, numerator: int, denominator: int) -> FractionPredicate: ...

@final
class PathPredicate(Predicate):
    """A full match of the path without its query (`safe_regex`, or the `template` of a `path_match_policy`)."""

    @property
    def regex(self) -> Regex: ...
    @property
    def template(self) -> bool: ...
    def __new__(cls, regex: Regex, *, template: bool = False) -> PathPredicate: ...

@final
class GrpcPredicate(Predicate):
    """`grpc`: the request is a gRPC request, by its content-type."""

@final
class TlsPredicate(Predicate):
    """`tls_context`: whether the client's certificate was presented, and validated; `None` asks nothing."""

    @property
    def presented(self) -> bool | None: ...
    @property
    def validated(self) -> bool | None: ...
    def __new__(cls, *, presented: bool | None = None, validated: bool | None = None) -> TlsPredicate: ...

@final
class CallPredicate(Predicate):
    """Anything else: `call` is given the decision under way, and reads the request from it."""

    @property
    def call(self) -> Callable[[Decision], bool]: ...
    def __new__(cls, call: Callable[[Decision], bool]) -> CallPredicate: ...

@final
class NeverPredicate(Predicate):
    """Holds for no request."""
