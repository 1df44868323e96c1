"""Redirects that Envoy follows itself.

RA-150  Only the listed codes among 301, 302, 303, 307 and 308 are followed, `max_redirects` times, and only
        to an absolute URL.
RA-151  Another scheme is followed only with `allow_cross_scheme`; 303 turns everything but GET and HEAD
        into GET. All predicates must accept the route that the new request takes.
"""

from __future__ import annotations

from collections.abc import Callable

from fastroute.records import field, record

FOLLOWED = frozenset({301, 302, 303, 307, 308})


@record
class Followed:
    """The request that takes the place of a redirected one."""

    method: bytes
    scheme: bytes
    authority: bytes
    path: bytes
    original_url: bytes


@record
class Turn:
    """One internal redirect: from a route to a route, by names, and between schemes.

    `taken` remembers the turns of one request, for `previous_routes`: the caller keeps it from redirect to redirect.
    """

    route: str
    target: str
    scheme: bytes = b"http"
    target_scheme: bytes = b"http"
    taken: set[tuple[str, str]] = field(default_factory=set)


Predicate = Callable[[Turn], bool]


def previous_routes(turn: Turn) -> bool:
    """Accepts a route once from the same route."""
    pair = (turn.route, turn.target)
    if pair in turn.taken:
        return False
    turn.taken.add(pair)
    return True


def safe_cross_scheme(turn: Turn) -> bool:
    """Accepts everything but https out of http."""
    return turn.scheme.lower() == b"https" or turn.target_scheme != b"https"


@record
class AllowListedRoutes:
    """Accepts the routes with these names."""

    names: frozenset[str]

    def __call__(self, turn: Turn) -> bool:
        return turn.target in self.names


@record
class InternalRedirectPolicy:
    """RouteAction.internal_redirect_policy."""

    max_redirects: int = 1
    codes: frozenset[int] = frozenset({302})
    allow_cross_scheme: bool = False
    copied_headers: tuple[bytes, ...] = ()
    predicates: tuple[Predicate, ...] = ()

    def follow(
        self, status: int, location: bytes | None, *, method: bytes, scheme: bytes, url: bytes, done: int = 0
    ) -> Followed | None:
        """The next request for a response with `status` and `location`; None when it is passed on.

        `url` is the absolute URL of the redirected request, `done` how many redirects were followed already.
        Once the next request is routed, `accepts` has the last word.
        """
        if status not in self.codes or not location or done >= self.max_redirects:
            return None
        from urllib.parse import urlsplit

        parts = urlsplit(location)
        target = parts.scheme.lower()
        if target not in (b"http", b"https") or not parts.netloc:
            return None
        if target != scheme.lower() and not self.allow_cross_scheme:
            return None
        path = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
        changed = status == 303 and method not in (b"GET", b"HEAD")
        return Followed(b"GET" if changed else method, target, parts.netloc, path, url)

    def accepts(self, turn: Turn) -> bool:
        """Whether all predicates accept the route that the followed request takes; else the response is passed on."""
        return all(predicate(turn) for predicate in self.predicates)
