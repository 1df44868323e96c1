"""Query parameter and cookie matchers against Envoy: RM-40, RM-41."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support import near
from support.families.common import PLAIN, Listener, Table

LISTENERS = PLAIN
PER_TABLE = 80
NAMES = ("a", "b", "A", "sid", "a%20b", "a[]", "x-y")
VALUES = ("1", "v", "", "V", "1=2", "a b", "%31", '"v"')

string_matchers = st.one_of(
    st.sampled_from(VALUES).map(lambda value: {"exact": value}),
    st.sampled_from(("1", "v")).map(lambda value: {"prefix": value, "ignore_case": True}),
    st.sampled_from(("1", "v", "[0-9]*", "1|12")).map(lambda value: {"safe_regex": {"regex": value}}),
)


@st.composite
def query_matchers(draw: st.DrawFn) -> dict[str, Any]:
    """A QueryParameterMatcher."""
    matcher: dict[str, Any] = {"name": draw(st.sampled_from(NAMES))}
    match draw(st.sampled_from(("string", "string", "present", ""))):
        case "string":
            matcher["string_match"] = draw(string_matchers)
        case "present":
            matcher["present_match"] = draw(st.booleans())
    return matcher


@st.composite
def cookie_matchers(draw: st.DrawFn) -> dict[str, Any]:
    """A CookieMatcher."""
    matcher: dict[str, Any] = {"name": draw(st.sampled_from(NAMES)), "string_match": draw(string_matchers)}
    if draw(st.integers(0, 2)) == 0:
        matcher["invert_match"] = True
    return matcher


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """One virtual host whose routes are told apart by query and cookies."""
    routes = []
    for number in range(draw(st.integers(2, 9))):
        match: dict[str, Any] = {"prefix": "/"}
        if draw(st.booleans()):
            match["query_parameters"] = draw(st.lists(query_matchers(), min_size=1, max_size=2))
        else:
            match["cookies"] = draw(st.lists(cookie_matchers(), min_size=1, max_size=2))
        routes.append({"name": f"r{number}", "match": match, "route": {"cluster": f"c{number % 10}"}})
    return {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}


def pair(rng: Random, equals: tuple[str, ...]) -> str:
    """A name and a value, joined in one of the ways."""
    name = near.text(rng, rng.choice(NAMES)) if rng.random() < 0.2 else rng.choice(NAMES)
    value = near.text(rng, rng.choice(VALUES)) if rng.random() < 0.3 else rng.choice(VALUES)
    how = rng.choice(equals)
    return name if not how else name + how + value


def query(rng: Random) -> str:
    """A query string, legal or odd."""
    parts = [pair(rng, ("=", "=", "=", "==", "")) for _ in range(rng.randrange(0, 4))]
    joined = rng.choice(("&", "&", "&", "&&", ";", "?")).join(parts)
    return joined.replace(" ", "+").replace('"', "%22").replace("#", "")


def cookie(rng: Random) -> str:
    """A Cookie header, legal or odd."""
    parts = [pair(rng, ("=", "=", "=", " = ", "=  ", "")) for _ in range(rng.randrange(0, 4))]
    joined = rng.choice(("; ", "; ", ";", ";;", " ; ", ", ", ";\t")).join(parts)
    return rng.choice(("", "", "", " ", ";")) + joined + rng.choice(("", "", "", ";", "; "))


def requests(table: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Requests with queries and cookies near those of every table."""
    rng = Random(seed)
    made = []
    for _ in range(PER_TABLE):
        path = "/" + rng.choice(("", "", "p")) + rng.choice(("?", "?", "?", "")) + query(rng)
        lines = tuple((b"cookie", cookie(rng).strip().encode()) for _ in range(rng.choice((0, 1, 1, 2))))
        made.append(Request(b"h.test", path.encode(), headers=lines))
    return "plain", made
