"""Cluster specifier plugins against Envoy: RA-06.

Matcher trees are those of `trees`, their actions replaced. Requests to routes with priority groups of several
clusters name the value that picks, so that nothing is left to chance.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support.families import trees
from support.families.common import PLAIN, Listener, Table
from support.families.trees import TYPE, extension

LISTENERS = PLAIN
PER_TABLE = 80
PREFIX = "envoy.extensions.router.cluster_specifiers."
PRIORITY_GROUP = f"{PREFIX}priority_group.v3.PriorityGroupClusterSpecifier"
UNKNOWN = {"name": "p0", "typed_config": {"@type": f"{TYPE}google.protobuf.StringValue", "value": "x"}}
LARGEST = 4294967295
VALUES = ("0", "1", "2", "3", "4", "7", "+5", " 6", str(LARGEST), str(LARGEST + 1), "18446744073709551615")


def clusters_for(tree: Any, rng: Random) -> Any:
    """The tree with a ClusterAction in the place of each action."""
    if isinstance(tree, dict):
        if "action" in tree:
            cluster = rng.choice((*(f"c{number}" for number in range(10)), "none"))
            return {"action": extension(f"{PREFIX}matcher.v3.ClusterAction", cluster=cluster)}
        return {key: clusters_for(value, rng) for key, value in tree.items()}
    return [clusters_for(each, rng) for each in tree] if isinstance(tree, list) else tree


@st.composite
def groups(draw: st.DrawFn) -> dict[str, Any]:
    """Priority groups, of which the first attempt takes the first."""
    share = st.tuples(st.sampled_from(("c0", "c1", "c2", "none")), st.sampled_from((1, 2, 3, LARGEST)))
    made = []
    for number in range(draw(st.integers(1, 3))):
        drawn = draw(st.lists(share, min_size=1, max_size=3))
        listed = [{"cluster_name": cluster, "weight": weight} for cluster, weight in drawn]
        made.append({"name": draw(st.sampled_from(("g", f"g{number}"))), "clusters": listed})
    how = draw(st.sampled_from(({"header_name": "X-R"}, {"use_hash_policy": True})))
    return extension(PRIORITY_GROUP, priority_groups=made, **how)


@st.composite
def plugins(draw: st.DrawFn) -> dict[str, Any]:
    """A plugin; an optional one may be unknown."""
    optional = draw(st.booleans())
    kind = draw(st.sampled_from(("matcher", "matcher", "groups", "unknown") if optional else ("matcher", "groups")))
    if kind == "unknown":
        return {"extension": UNKNOWN, "is_optional": True}
    if kind == "groups":
        return {"extension": draw(groups()), "is_optional": optional}
    tree = clusters_for(draw(trees.trees()), Random(draw(st.integers(0, 2**32 - 1))))
    made = extension(f"{PREFIX}matcher.v3.MatcherClusterSpecifier", cluster_matcher=tree)
    return {"extension": made, "is_optional": optional}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Routes with plugins of their own or of the table, and a last one that takes what they leave."""
    named = []
    for given in draw(st.lists(plugins(), max_size=3)):
        name = draw(st.sampled_from(("p0", "p1")))
        named.append({**given, "extension": {**given["extension"], "name": name}})
    routes: list[dict[str, Any]] = []
    for number in range(draw(st.integers(1, 4))):
        prefix = draw(st.sampled_from(("/", "/a")))
        if named and draw(st.booleans()):
            specifier: dict[str, Any] = {"cluster_specifier_plugin": draw(st.sampled_from(named))["extension"]["name"]}
        else:
            specifier = {"inline_cluster_specifier_plugin": draw(plugins())}
        action = {**specifier, "hash_policy": [{"header": {"header_name": "x-r"}}]}
        if draw(st.booleans()):
            action["cluster_not_found_response_code"] = draw(st.sampled_from(("NOT_FOUND", "INTERNAL_SERVER_ERROR")))
        routes.append({"name": f"r{number}", "match": {"prefix": prefix}, "route": action})
    routes.append({"name": "rest", "match": {"prefix": "/"}, "route": {"cluster": "c9"}})
    host = {"name": "h", "domains": ["*"], "routes": routes}
    return {"virtual_hosts": [host], "cluster_specifier_plugins": named}


def requests(table: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Requests near the trees' values that carry a number for priority groups."""
    rng = Random(seed)
    listener, drawn = trees.requests(table, seed)
    return listener, [
        Request(each.authority, each.path, headers=(*each.headers, (b"x-r", rng.choice(VALUES).encode())))
        for each in drawn
    ]
