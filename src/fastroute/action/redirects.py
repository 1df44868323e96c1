"""Redirects that Envoy follows itself.

RA-150  Only the listed codes among 301, 302, 303, 307 and 308 are followed, `max_redirects` times, and only
        to an absolute URL.
RA-151  Another scheme is followed only with `allow_cross_scheme`; 303 turns everything but GET and HEAD
        into GET.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

FOLLOWED = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Followed:
    """The request that takes the place of a redirected one."""

    method: bytes
    scheme: bytes
    authority: bytes
    path: bytes
    original_url: bytes


@dataclass(frozen=True, slots=True)
class InternalRedirectPolicy:
    """RouteAction.internal_redirect_policy."""

    max_redirects: int = 1
    codes: frozenset[int] = frozenset({302})
    allow_cross_scheme: bool = False
    copied_headers: tuple[bytes, ...] = ()

    def follow(
        self, status: int, location: bytes | None, *, method: bytes, scheme: bytes, url: bytes, done: int = 0
    ) -> Followed | None:
        """The next request for a response with `status` and `location`; None when it is passed on.

        `url` is the absolute URL of the redirected request, `done` how many redirects were followed already.
        """
        if status not in self.codes or not location or done >= self.max_redirects:
            return None
        parts = urlsplit(location)
        target = parts.scheme.lower()
        if target not in (b"http", b"https") or not parts.netloc:
            return None
        if target != scheme.lower() and not self.allow_cross_scheme:
            return None
        path = (parts.path or b"/") + (b"?" + parts.query if parts.query else b"")
        changed = status == 303 and method not in (b"GET", b"HEAD")
        return Followed(b"GET" if changed else method, target, parts.netloc, path, url)
