"""The line reader of YAML reads what libyaml reads, or leaves the text to it."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastroute.config import yaml_text
from fastroute.errors import ParseError
from fastroute.wire import yaml_lines

NOTHING = object()

TEXTS = st.one_of(
    st.sampled_from(
        [
            "",
            "a",
            "y",
            "on",
            "~",
            "null",
            "010",
            "-1",
            "-a",
            "1e3",
            "a b",
            "a: b",
            "a:b",
            "a #b",
            "a#b",
            "- a",
            "*",
            "%x",
        ]
    ),
    st.text("ab01 -:#'\"{}[],/.*&!|>%@`?=~+_\\", max_size=6),
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def agree(text: str) -> None:
    try:
        fast: Any = yaml_lines.parse(text, yaml_text.scalar, yaml_text._NO_TEXT)
    except yaml_lines.GiveUpError:
        return
    try:
        full: Any = yaml_text.parse_fully(text, "f")
    except ParseError:
        full = NOTHING
    assert fast == full
    assert repr(fast) == repr(full)


@settings(max_examples=400)
@given(tree=TREES, flow=st.sampled_from([None, True, False]), indent=st.sampled_from([2, 4]))
def test_what_a_writer_of_yaml_writes(tree: Any, flow: bool | None, indent: int) -> None:
    agree(yaml.dump(tree, default_flow_style=flow, indent=indent, width=10_000))


VALUES = """
    x  1  'q'  "q"  {}  []  {a: 1}  {a: 1, b: [x, 'y']}  [a, b]  [a,b]  {a:1}  {"a":1}  {"a": 1}  [a: 1]  {a}  [,]  [a,]
    {a: }  # c  x # c  x#c  |  >  &a x  *a  !t x  ---  ...  -  -1  x: y  x:  [a  a]  'q' x  "q"x  {a: b: c}  [a b, c]
    {a b: c}  -x  - x  :x  <<
"""
LINES = st.tuples(
    st.integers(0, 4),
    st.sampled_from(["", "- ", "- - ", "-", "-  "]),
    st.sampled_from(["", "a:", "Null:", "a: ", "'k':", '"k": ', "a :", "? a", "a b:"]),
    st.one_of(
        st.sampled_from(["", *(value for line in VALUES.splitlines() for value in line.strip().split("  "))]),
        st.text("ab1 -:#'\"{}[],.*", max_size=5),
    ),
).map(lambda parts: " " * parts[0] + parts[1] + parts[2] + (" " if parts[2] and parts[3] else "") + parts[3])


@settings(max_examples=1500)
@example(lines=["a:", "- x", " - y"])
@example(lines=["a: x", "  b"])
@example(lines=["- a: 1", " b: 2"])
@example(lines=["a:", "-", "  - b"])
@example(lines=["Null: 1", "null: {NULL: 2}"])
@example(lines=["? ", ": 1"])
@given(lines=st.lists(LINES, min_size=1, max_size=6))
def test_lines_of_any_kind(lines: list[str]) -> None:
    agree("\n".join(lines) + "\n")
