"""A route that is said to be shadowed is never chosen; one that is not said to be may be."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

import fastroute
from fastroute.analysis.shadows import find_shadows
from fastroute.config import read

Tree = dict[str, Any]
TEXTS = st.sampled_from(["/", "/a", "/A", "/a/", "/a/b", "/ab", "/a/b/c", ""])
SEPARATED = st.sampled_from(["/a", "/A", "/a/b", "/ab"])
REGEXES = st.sampled_from(["/a.*", "/a/b", "/.*", ".*", "(?i)/a.*", "/a|/b", "/a/(b|c)"])
SPECIFIERS = st.one_of(
    st.fixed_dictionaries({"prefix": TEXTS}),
    st.fixed_dictionaries({"path": TEXTS}),
    st.fixed_dictionaries({"path_separated_prefix": SEPARATED}),
    st.builds(lambda regex: {"safe_regex": {"regex": regex}}, REGEXES),
    st.just({"connect_matcher": {}}),
)
HEADERS = [
    {"name": "x", "string_match": {"exact": "1"}},
    {"name": "y", "present_match": True},
    {"name": "x", "string_match": {"exact": "1"}, "invert_match": True},
]
CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.lists(st.sampled_from(HEADERS), max_size=2),
        "query_parameters": st.just([{"name": "q", "present_match": True}]),
        "case_sensitive": st.booleans(),
        "grpc": st.just({}),
        "runtime_fraction": st.sampled_from(
            [{"default_value": {"numerator": 50}}, {"default_value": {"numerator": 20}}]
        ),
    },
)
ROUTES = st.lists(
    st.builds(lambda path, rest: {"match": {**path, **rest}, "route": {"cluster": "c"}}, SPECIFIERS, CONDITIONS),
    min_size=2,
    max_size=8,
)
PATHS = ["/", "/a", "/A", "/a/", "/a/b", "/ab", "/A/B", "/a/b/c", "/a?q", "/a/b?q=1", "/b", "/aB/c"]
LINES: list[list[tuple[str, str]]] = [
    [],
    [("x", "1")],
    [("y", "")],
    [("x", "1"), ("y", "")],
    [("content-type", "application/grpc")],
]


def shadowed(routes: list[Tree]) -> set[int]:
    table = {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}
    return {int(found.path.partition("routes[")[2][:-1]) for found in find_shadows(read(table))}


def chosen(routes: list[Tree]) -> set[int]:
    """The routes that some request of many reaches."""
    table = {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": routes}]}
    router = fastroute.Router(fastroute.load(table))
    found = {
        router.route("a", path, "GET", lines, random=random).index
        for path in PATHS
        for lines in LINES
        for random in (10, 30, 90)
    }
    return found | {router.route("a:1", None, "CONNECT", lines).index for lines in LINES}


@settings(max_examples=250)
@given(ROUTES)
def test_no_request_reaches_what_is_shadowed(routes: list[Tree]) -> None:
    assert shadowed(routes).isdisjoint(chosen(routes))


@settings(max_examples=150)
@given(st.lists(st.builds(lambda text: {"match": {"prefix": text}, "redirect": {}}, TEXTS), min_size=2, max_size=6))
def test_every_prefix_behind_a_shorter_one_is_found(routes: list[Tree]) -> None:
    texts = [route["match"]["prefix"] for route in routes]
    wanted = {place for place, text in enumerate(texts) if any(text.startswith(one) for one in texts[:place])}
    assert shadowed(routes) == wanted
