"""What is told of a pick agrees with the pick, and with the reference walk over the messages."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from property.test_clusters import HEALTH, trees
from support.clusters import cluster, endpoint, locality, resource, seeded, static

from fastroute.core.selection import PickContext
from fastroute.explain.picks import explain_pick as told_of
from fastroute.reference.balancing import explain_pick as walked

VALUES = st.sampled_from(("1", "2", ["1", "2"], []))
FALLBACKS = ("NO_FALLBACK", "ANY_ENDPOINT", "DEFAULT_SUBSET")


@settings(max_examples=200, deadline=None)
@given(trees(), st.integers(0, 2**64 - 1))
def test_priority_and_candidates_are_those_of_the_walk(tree: dict[str, Any], drawn: int) -> None:
    message: Any = resource(tree).message
    walk = walked(message, message.load_assignment, hash=drawn, random=drawn)
    assert walk is not None
    made = cluster(tree)
    host = made.pick(drawn, random=lambda: drawn)
    told = told_of(made, host, hash=drawn, context=None, clusters={})
    assert told.decision["endpoint"] == (None if host is None else str(host))
    if host is not None:
        candidates: Any = walk.decision["candidates"]
        assert (told.decision["priority"], told.decision["candidates"]) == (walk.decision["priority"], len(candidates))
        assert (told.steps[-1].verdict, told.steps[-1].subject) == ("chosen", str(host))
    else:
        assert told.steps[-1].verdict == "answered"


@st.composite
def subset_trees(draw: st.DrawFn) -> dict[str, Any]:
    """A cluster whose hosts are filed by one or two keys."""
    hosts = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        lb = {key: draw(VALUES) for key in "ab" if draw(st.booleans())}
        hosts.append(endpoint(number, lb=lb, health=draw(st.sampled_from(HEALTH[:2]))))
    selectors = []
    for keys in draw(st.lists(st.sampled_from((["a"], ["b"], ["a", "b"])), min_size=1, max_size=3, unique_by=tuple)):
        more = draw(st.sampled_from(({}, {"fallback_policy": "ANY_ENDPOINT"}, {"fallback_policy": "DEFAULT_SUBSET"})))
        if keys == ["a", "b"] and draw(st.booleans()):
            more = {"fallback_policy": "KEYS_SUBSET", "fallback_keys_subset": [draw(st.sampled_from("ab"))]}
        selectors.append({"keys": keys, **more})
    config = {
        "subset_selectors": selectors,
        "fallback_policy": draw(st.sampled_from(FALLBACKS)),
        "default_subset": {"a": "1"},
        "panic_mode_any": draw(st.booleans()),
        "list_as_any": draw(st.booleans()),
    }
    common = {"healthy_panic_threshold": {"value": draw(st.sampled_from((0, 50)))}}
    return static(locality(hosts), lb_policy="RANDOM", lb_subset_config=config, common_lb_config=common)


CRITERIA = st.dictionaries(st.sampled_from("abc"), st.sampled_from(("1", "2", 1)), max_size=3)


@settings(max_examples=400, deadline=None)
@given(subset_trees(), CRITERIA, st.integers(0, 2**64 - 1))
def test_a_subset_is_the_one_that_the_pick_took(tree: dict[str, Any], criteria: dict[str, Any], drawn: int) -> None:
    made = cluster(tree)
    context = PickContext(metadata_match=criteria)
    host = made.pick(None, random=lambda: drawn, context=context)
    told = told_of(made, host, hash=None, context=context, clusters={})
    final = told.steps[-1]
    if host is None:
        assert final.verdict == "answered"
        assert not any(step.verdict == "chosen" for step in told.steps)
        return
    assert (final.verdict, final.subject) == ("chosen", str(host))
    # RANDOM takes any candidate: those that picks with other draws come to are just as many.
    seen = {made.pick(None, random=seeded(seed), context=context) for seed in range(60)}
    assert len(seen) <= int(str(told.decision["candidates"]))
