"""Trees written in C are the bytes, and the faults, of the encoder in Python."""

from __future__ import annotations

import copy
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from support import samples

from fastroute.api import names, pool, transcode
from fastroute.api.faults import Fault

SAMPLES = {
    names.ROUTE_CONFIGURATION: samples.ROUTES,
    names.LISTENER: samples.LISTENER,
    names.CLUSTER: samples.CLUSTER,
    names.CLUSTER_LOAD_ASSIGNMENT: samples.ASSIGNMENT,
}
SCALARS: list[Any] = [None, True, 0, -1, 1 << 31, 1 << 32, 1 << 63, 1 << 64, 1.0, 1.5, "", "1", "0x10", "true", "1s"]
TREES: list[Any] = [
    "-1s",
    "é",
    "\ud800",
    [],
    [[]],
    [None],
    ["a"],
    [["a"]],
    [{}],
    {},
    {"no_such_field": 1},
    {"@type": "x"},
]
ODD = st.sampled_from([*SCALARS, *TREES, {"value": 1}])
NAMES = st.sampled_from(["no_such_field", "name", "virtualHosts", "typedConfig", "@type", "prefix", "path", "cluster"])


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every member and element in a tree."""
    found: list[tuple[Any, Any]] = []
    members = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree))
    for key, value in members:
        found.append((tree, key))
        if isinstance(value, dict | list):
            found.extend(places(value))
    return found


@st.composite
def changed(draw: st.DrawFn) -> tuple[str, Any]:
    kind = draw(st.sampled_from(sorted(SAMPLES)))
    tree = copy.deepcopy(SAMPLES[kind])
    for _ in range(draw(st.integers(0, 2))):
        parent, key = draw(st.sampled_from(places(tree)))
        if isinstance(parent, dict) and draw(st.booleans()):
            parent[draw(NAMES)] = copy.deepcopy(draw(ODD))
        else:
            parent[key] = copy.deepcopy(draw(ODD))
    if draw(st.booleans()):
        parent, key = draw(st.sampled_from(places(tree)))
        if isinstance(parent[key], dict):
            pairs = list(parent[key].items())
            parent[key] = transcode.DuplicateKeys([*pairs, *pairs[:1]])
    return kind, tree


def outcome(encode: Any, tree: Any) -> object:
    try:
        return encode(tree)
    except Fault as fault:
        return fault.path, fault.message, fault.remedy, fault.code


@settings(max_examples=600)
@given(changed())
def test_as_in_python(drawn: tuple[str, Any]) -> None:
    kind, tree = drawn
    plan = transcode.plan(pool.pool().FindMessageTypeByName(kind))
    assert outcome(plan.encode_usual, tree) == outcome(plan.encode, tree)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_samples_have_the_usual_form(kind: str) -> None:
    plan = transcode.plan(pool.pool().FindMessageTypeByName(kind))
    assert plan.usual.encode(SAMPLES[kind]) == plan.encode(SAMPLES[kind])
