"""Matcher trees of virtual hosts against Envoy: VH-12 … VH-14, FC-20 … FC-23."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support import near
from support.families.common import PLAIN, Listener, Table

LISTENERS = PLAIN
PER_TABLE = 80
TYPE = "type.googleapis.com/"
HEADERS = ("x-a", "x-b", ":path", ":authority", "accept")
VALUES = ("a", "ab", "abc", "a,b", "/a", "/a/b", "b.com", "x.b.com", "10.1.2.3", "10.1.0.0", "::1", "")
DOMAINS = ("a.com", "b.com", "*.b.com", "*.x.b.com", "*")
RANGES = (("10.0.0.0", 8), ("10.1.0.0", 16), ("10.1.2.3", 32), ("0.0.0.0", 0), ("::1", 128))
MATCHERS = "envoy.extensions.matching.input_matchers."


def extension(name: str, /, **fields: Any) -> dict[str, Any]:
    """A typed extension."""
    return {"name": "x", "typed_config": {"@type": TYPE + name, **fields}}


inputs = st.sampled_from(HEADERS).map(
    lambda name: extension("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name)
)


@st.composite
def routes(draw: st.DrawFn) -> dict[str, Any]:
    """A route of an action; its name is its content."""
    prefix = draw(st.sampled_from(("/", "/", "/", "/a", "/z")))
    number = draw(st.integers(0, 9))
    return {"name": f"{prefix}{number}", "match": {"prefix": prefix}, "route": {"cluster": f"c{number}"}}


@st.composite
def actions(draw: st.DrawFn) -> dict[str, Any]:
    """An action: a route or a list of routes."""
    if draw(st.integers(0, 3)) == 0:
        listed = draw(st.lists(routes(), max_size=3))
        return {"action": extension("envoy.config.route.v3.RouteList", routes=listed)}
    return {"action": extension("envoy.config.route.v3.Route", **draw(routes()))}


@st.composite
def value_matchers(draw: st.DrawFn) -> dict[str, Any]:
    """What a single predicate compares with."""
    match draw(st.sampled_from(("exact", "prefix", "suffix", "contains", "regex", "ip", "fraction", "hashing"))):
        case "regex":
            return {
                "value_match": {"safe_regex": {"google_re2": {}, "regex": draw(st.sampled_from(("a|ab", ".*b", "a+")))}}
            }
        case "ip":
            address, length = draw(st.sampled_from(RANGES))
            ranges = [{"address_prefix": address, "prefix_len": length}]
            return {"custom_match": extension(MATCHERS + "ip.v3.Ip", cidr_ranges=ranges, stat_prefix="s")}
        case "fraction":
            fraction = {"default_value": {"numerator": draw(st.sampled_from((0, 30, 60, 100)))}}
            seed = draw(st.integers(0, 3))
            name = MATCHERS + "runtime_fraction.v3.RuntimeFraction"
            return {"custom_match": extension(name, runtime_fraction=fraction, seed=str(seed))}
        case "hashing":
            name = MATCHERS + "consistent_hashing.v3.ConsistentHashing"
            threshold, seed = draw(st.integers(0, 10)), draw(st.integers(0, 3))
            return {"custom_match": extension(name, threshold=threshold, modulo=10, seed=str(seed))}
        case kind:
            value = draw(st.sampled_from(VALUES if kind == "exact" else VALUES[:-1]))
            return {"value_match": {kind: value, "ignore_case": draw(st.booleans())}}


@st.composite
def predicates(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    """A predicate, with and, or and not."""
    kind = draw(st.sampled_from(("single", "single", "single", "and_matcher", "or_matcher", "not_matcher")))
    if kind == "single" or depth > 1:
        return {"single_predicate": {"input": draw(inputs), **draw(value_matchers())}}
    if kind == "not_matcher":
        return {kind: draw(predicates(depth + 1))}
    return {kind: {"predicate": draw(st.lists(predicates(depth + 1), min_size=2, max_size=3))}}


@st.composite
def on_matches(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    """An action or, not too deep, a nested tree."""
    if depth > 2 or draw(st.integers(0, 2)) > 0:
        return draw(actions())
    return {"matcher": draw(trees(depth + 1))}


@st.composite
def maps(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    """One of the maps of a matcher tree."""
    kind = draw(st.sampled_from(("exact_match_map", "prefix_match_map", "ip", "name")))
    if kind == "ip":
        drawn = draw(st.lists(st.sampled_from(RANGES), min_size=1, max_size=4, unique=True))
        entries = [
            {
                "ranges": [{"address_prefix": address, "prefix_len": length}],
                "on_match": draw(on_matches(depth)),
                "exclusive": draw(st.booleans()),
            }
            for address, length in drawn
        ]
        return {"custom_match": extension("xds.type.matcher.v3.IPMatcher", range_matchers=entries)}
    if kind == "name":
        names = draw(st.lists(st.sampled_from(DOMAINS), min_size=1, max_size=4, unique=True))
        entries = [{"domains": [name], "on_match": draw(on_matches(depth))} for name in names]
        return {"custom_match": extension("xds.type.matcher.v3.ServerNameMatcher", domain_matchers=entries)}
    keys = draw(st.lists(st.sampled_from(VALUES), min_size=1, max_size=4, unique=True))
    return {kind: {"map": {key: draw(on_matches(depth)) for key in keys}}}


@st.composite
def trees(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    """A matcher."""
    tree: dict[str, Any] = {}
    if draw(st.booleans()):
        count = draw(st.integers(1, 3))
        entries = [{"predicate": draw(predicates()), "on_match": draw(on_matches(depth))} for _ in range(count)]
        tree["matcher_list"] = {"matchers": entries}
    else:
        tree["matcher_tree"] = {"input": draw(inputs), **draw(maps(depth))}
    if draw(st.booleans()):
        tree["on_no_match"] = draw(on_matches(depth))
    return tree


def tables() -> st.SearchStrategy[Table]:
    """One virtual host with a matcher tree."""
    return trees().map(lambda tree: {"virtual_hosts": [{"name": "h", "domains": ["*"], "matcher": tree}]})


def requests(table: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Requests whose headers are near the values of every tree."""
    rng = Random(seed)
    made = []
    for _ in range(PER_TABLE):
        headers = []
        for _ in range(rng.choice((0, 1, 2, 2, 3))):
            value = near.text(rng, rng.choice(VALUES)) if rng.random() < 0.3 else rng.choice(VALUES)
            headers.append((rng.choice((b"x-a", b"x-b", b"accept")), value.strip().encode()))
        authority = rng.choice(
            ("a.com", "b.com", "x.b.com", "y.x.b.com", "B.com", "10.1.2.3", "10.1.2.4", "11.0.0.1", "a")
        )
        path = near.path(rng, ("/a", "/a/b", "/z", "/"))
        made.append(Request(authority.encode(), path.encode(), headers=tuple(headers)))
    return "plain", made
