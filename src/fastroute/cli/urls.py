"""The URL of a request in its parts, as `urllib.parse.urlsplit` takes it apart; that is imported for unusual ones only.

Its import takes longer than reading a thousand routes. Usual is printable ASCII after `http://` or `https://`, without
a fragment and without brackets.
"""

from __future__ import annotations

from fastroute.records import record

_USUAL = ("http", "https")
_UNUSUAL = frozenset(" #[]")


@record
class Url:
    """The parts of a URL; those it lacks are empty."""

    scheme: str
    netloc: str
    path: str
    query: str


def split(url: str) -> Url:
    """The parts of `url`; without a scheme it is http, as curl reads it. Raises ValueError as `urlsplit` does."""
    scheme, colon, rest = url.partition("://")
    if not colon:
        scheme, rest = "http", url
    if scheme in _USUAL and rest.isascii() and rest.isprintable() and _UNUSUAL.isdisjoint(rest):
        before, _, query = rest.partition("?")
        netloc, slash, path = before.partition("/")
        return Url(scheme, netloc, slash + path, query)
    from urllib.parse import urlsplit

    parts = urlsplit(f"{scheme}://{rest}")
    return Url(parts.scheme, parts.netloc, parts.path, parts.query)
