"""URLs are taken apart without `urllib.parse` as it would take them apart."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from fastroute.cli import urls

PIECES = st.sampled_from(
    [*"/?#[]:@&=;%+. \t\n\\|^~!$'()*,", "//", "://", "http", "HTTPS", "a.com", "é", "\x00", "\x7f"]
)


@given(st.lists(PIECES, max_size=12).map("".join))
@example("http://a.com/x?y=z?w/v")
@example("a.com/x;p?q#f")
@example("http://[::1]:80/x")
@example("http://a.com?x/y")
@example(" http://a.com/")
@example("https://a\tb.com/")
def test_the_parts_are_those_of_urlsplit(url: str) -> None:
    whole = url if "://" in url else f"http://{url}"
    assert _parts(urls.split, url) == _parts(urlsplit, whole)


def _parts(split: Any, url: str) -> tuple[str, ...]:
    """What an URL is split into, or why it is not."""
    try:
        parts = split(url)
    except ValueError as error:
        return (str(error),)
    return parts.scheme, parts.netloc, parts.path, parts.query
