"""Header matchers against Envoy: RM-30 … RM-37, RM-50, RM-54, HC-08."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support import near
from support.families.common import PLAIN, Listener, Table

LISTENERS = PLAIN
PER_TABLE = 80
NAMES = (
    "x-a",
    "X-B",
    "accept",
    "user-agent",
    "cookie",
    "content-type",
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-envoy-retry-on",
    "x-envoy-internal",
    ":path",
    ":method",
    ":authority",
    "host",
    ":scheme",
)
VALUES = (
    "a",
    "b",
    "ab",
    "a,b",
    "A",
    "abc",
    "application/grpc",
    "application/grpc+proto",
    "/a?q=1",
    "/a",
    "GET",
    "http",
)
NUMBERS = ("-10", "0", "4", "5", "+4", "04", "4.0", "1,2", "9223372036854775807", "9223372036854775808", "")
REGEXES = ("a|ab", "[a-c]+", ".*", "(?i)ab", "a.?", "/a.*", "application/grpc.*")

text_values = st.sampled_from(VALUES)


@st.composite
def string_matchers(draw: st.DrawFn) -> dict[str, Any]:
    """A StringMatcher."""
    kind = draw(st.sampled_from(("exact", "exact", "prefix", "suffix", "contains", "safe_regex")))
    if kind == "safe_regex":
        return {"safe_regex": {"regex": draw(st.sampled_from(REGEXES))}}
    matcher: dict[str, Any] = {kind: draw(text_values if kind != "exact" else st.sampled_from((*VALUES, "")))}
    if draw(st.integers(0, 2)) == 0:
        matcher["ignore_case"] = True
    return matcher


@st.composite
def header_matchers(draw: st.DrawFn) -> dict[str, Any]:
    """A HeaderMatcher of any kind.

    x-request-id is asked for its presence alone: Envoy makes up a random one where the client sent none
    (HC-47), and one in sixteen of those begins with "a".
    """
    matcher: dict[str, Any] = {"name": draw(st.sampled_from(NAMES))}
    kinds = ("string_match", "string_match", "string_match", "present_match", "range", "legacy", "")
    kind = draw(st.sampled_from(kinds if matcher["name"] != "x-request-id" else ("present_match", "")))
    match kind:
        case "string_match":
            matcher["string_match"] = draw(string_matchers())
        case "present_match":
            matcher["present_match"] = draw(st.booleans())
        case "range":
            start = draw(st.sampled_from((-(2**63), -10, 0, 4)))
            matcher["range_match"] = {"start": str(start), "end": str(draw(st.sampled_from((-10, 5, 2**63 - 1))))}
        case "legacy":
            legacy = draw(st.sampled_from(("exact_match", "prefix_match", "suffix_match", "contains_match", "regex")))
            if legacy == "regex":
                matcher["safe_regex_match"] = {"regex": draw(st.sampled_from(REGEXES))}
            else:
                matcher[legacy] = draw(st.sampled_from((*VALUES, "")) if legacy == "exact_match" else text_values)
    for flag in ("invert_match", "treat_missing_header_as_empty"):
        if draw(st.integers(0, 3)) == 0:
            matcher[flag] = True
    return matcher


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """One virtual host whose routes are told apart by headers."""
    routes = []
    for number, matchers in enumerate(draw(st.lists(st.lists(header_matchers(), max_size=2), min_size=2, max_size=10))):
        match: dict[str, Any] = {"prefix": "/", "headers": matchers}
        if draw(st.integers(0, 9)) == 0:
            match["grpc"] = {}
        routes.append({"name": f"r{number}", "match": match, "route": {"cluster": f"c{number % 10}"}})
    return {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}


def strings(table: Table) -> list[str]:
    """Every text that the table's matchers compare with."""
    found: list[str] = [*VALUES, *NUMBERS]
    for route in table["virtual_hosts"][0]["routes"]:
        for matcher in route["match"]["headers"]:
            for value in (*matcher.values(), *matcher.get("string_match", {}).values()):
                if isinstance(value, str):
                    found.extend([value] * 3)
    return found


def requests(table: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Requests with headers near what the matchers compare with: absent, repeated, joined, empty."""
    rng = Random(seed)
    known = strings(table)
    used = [m["name"].lower() for route in table["virtual_hosts"][0]["routes"] for m in route["match"]["headers"]]
    names = [name for name in used if not name.startswith(":") and name != "host"] or ["x-a"]
    made = []
    for _ in range(PER_TABLE):
        headers = []
        for _ in range(rng.choice((0, 1, 1, 2, 2, 3))):
            value = near.text(rng, rng.choice(known)).strip()
            headers.append((rng.choice(names).encode(), value.encode()))
        authority = near.text(rng, rng.choice(("a", "ab", "A", "b:80"))).replace("/", "")
        path = rng.choice(("/a", "/a?q=1", "/b", "/"))
        method = rng.choice((b"GET", b"GET", b"PUT"))
        made.append(Request(authority.encode(), path.encode(), method, tuple(headers)))
    return "plain", made
