"""Many expressions on one list are found by their endings: the first that matches, whatever their endings are."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from fastroute.core.deciding import route
from fastroute.core.entries import RouteSpec, Target
from fastroute.core.predicates import PathPredicate
from fastroute.core.regexes import Regex
from fastroute.core.table import RouteTable

TARGET = Target("forward", cluster="c")
BODIES = [
    ".*",
    "[a-z]+",
    "a?",
    "(a|b)",
    "(?:x/|y)?",
    "a*?",
    "(a)+",
    r"\d",
    "[^/]*",
    "(?P<n>a)",
    "(?i)a",
    "(a|)",
    "",
    "^",
]
ENDINGS = [
    "-1",
    "-2",
    "/a",
    "/b",
    "b",
    r"\.b",
    "a+",
    "b?",
    "(b)",
    "(b)?",
    "ab|b",
    "b$",
    "",
    "b{2}",
    r"\bb",
    "[b]",
    "ab+?",
    r"\Qb\E",
    "}b",
    "é",
]
patterns = st.tuples(
    st.sampled_from(["/", "/", "/a", "/(", ""]), st.sampled_from(BODIES), st.sampled_from(ENDINGS)
).map(lambda parts: "".join(parts) + (")" if parts[0] == "/(" else ""))
paths = st.lists(
    st.sampled_from(["/", "a", "b", "-1", "-2", "x", "y", ".b", "bb", "}b", "é", "\n", "7"]), max_size=6
).map(lambda parts: "/" + "".join(parts))


def compiled(drawn: list[str]) -> list[Regex]:
    made = []
    for pattern in drawn:
        try:
            made.append(Regex(pattern))
        except ValueError:
            continue
    return made


def table_of(expressions: list[Regex]) -> RouteTable:
    specs = [
        RouteSpec(str(number), number, TARGET, "prefix", b"", True, (PathPredicate(regex),))
        for number, regex in enumerate(expressions)
    ]
    return RouteTable("r", [SimpleNamespace(name="v", domains=[b"*"], routes=specs, tree=None, require_tls="none")])


@settings(max_examples=600, deadline=None)
@given(st.lists(patterns, min_size=4, max_size=24), st.lists(paths, min_size=3, max_size=12))
def test_the_first_expression_that_matches(drawn: list[str], asked: list[str]) -> None:
    expressions = compiled(drawn)
    table = table_of(expressions)
    for path in asked:
        text = path.encode("utf-8").replace(b"\n", b"%0A")
        wanted = next((number for number, regex in enumerate(expressions) if regex.fullmatch(text)), -1)
        decision = route(table, "h", text)
        if decision.status != 400:
            assert decision.index == wanted, (text, [regex.pattern for regex in expressions])


def test_an_ending_longer_than_what_is_looked_at() -> None:
    expressions = compiled([f"/.*/{'x' * 100}{number}" for number in range(8)])
    table = table_of(expressions)
    assert route(table, "h", f"/a/{'x' * 100}5").index == 5
    assert route(table, "h", f"/a/{'x' * 99}5").index == -1
    assert route(table, "h", "/5").index == -1
