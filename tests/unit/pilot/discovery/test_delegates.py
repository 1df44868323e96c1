"""Delegates: matches are joined, what they do not say is said by their parent, names are those of their namespace."""

from __future__ import annotations

from typing import Any

import pytest
from support.meshes import made, mesh, routes_to, rule

PARENT = "hosts: [details]\nhttp: [{MORE delegate: {name: child}}, {redirect: {uri: /rest}}]"


def joined(parent: str, child: str, namespace: str = "default") -> list[dict[str, Any]]:
    """The routes to details, without the parent's own at the end."""
    more = PARENT.replace("MORE", parent + ("," if parent else ""))
    if namespace != "default":
        more = more.replace("name: child", f"name: child, namespace: {namespace}")
    objects = (rule("VirtualService", more, "details"), rule("VirtualService", child, "child", namespace))
    *routes, last = routes_to(made(*objects), "details")
    assert last["redirect"] == {"path_redirect": "/rest"}
    return routes


def child(match: str, more: str = "") -> str:
    return f"http: [{{match: [{match}], route: [{{destination: {{host: details}}}}]{more}}}]"


MATCHES = {
    "a longer prefix": ("{uri: {prefix: /a}}", "{uri: {prefix: /a/b}}", {"prefix": "/a/b"}),
    "an exact path below": ("{uri: {prefix: /a}}", "{uri: {exact: /a/b}}", {"path": "/a/b"}),
    "another path": ("{uri: {prefix: /a}}", "{uri: {prefix: /b}}", None),
    "a prefix of an exact path": ("{uri: {exact: /a}}", "{uri: {prefix: /a}}", None),
    "an expression": ("{uri: {regex: /a.*}}", "{uri: {exact: /ab}}", None),
    "only the parent's": ("{uri: {prefix: /a}}", "{port: 9080}", {"prefix": "/a"}),
    "another port": ("{port: 9080}", "{port: 80}", None),
    "folded case on one side": ("{uri: {prefix: /a}, ignoreUriCase: true}", "{uri: {prefix: /a/b}}", None),
    "another header": (
        "{headers: {x: {exact: one}}}", "{headers: {y: {exact: two}}}",
        {"prefix": "/", "headers": [
            {"name": "x", "string_match": {"exact": "one"}}, {"name": "y", "string_match": {"exact": "two"}},
        ]},
    ),
    "the same header otherwise": ("{headers: {x: {exact: one}}}", "{headers: {x: {exact: two}}}", None),
    "a value of a header that must be there": ("{headers: {x: {}}}", "{headers: {x: {exact: two}}}", None),
    "a header that must be there, twice": ("{headers: {x: {}}}", "{headers: {x: {}}}", None),
    "an expression, twice": ("{headers: {x: {regex: '*'}}}", "{headers: {x: {regex: '*'}}}", None),
    "a namespace that is the parent's alone": ("{sourceNamespace: default}", "{uri: {prefix: /a}}", None),
}  # fmt: skip


@pytest.mark.parametrize(("parent", "own", "wanted"), MATCHES.values(), ids=MATCHES)
def test_matches(parent: str, own: str, wanted: dict[str, Any] | None) -> None:
    routes = joined(f"match: [{parent}]", child(own))
    assert [route["match"] for route in routes] == ([wanted] if wanted is not None else [])


def test_one_match_that_contradicts_leaves_out_the_whole_route() -> None:
    assert joined("match: [{uri: {prefix: /a}}]", child("{uri: {prefix: /a/b}}, {uri: {prefix: /b}}")) == []


def test_what_a_delegate_does_not_say_its_parent_says() -> None:
    parent = (
        "name: up, match: [{uri: {prefix: /a}}], timeout: 3s, headers: {request: {set: {x: '1'}}},"
        " mirror: {host: ratings}, mirrorPercentage: {value: 50}"
    )
    (route,) = joined(parent, child("{name: m, uri: {prefix: /a/b}}", ", name: down, timeout: 1s"))
    assert route["name"] == "up-down.m"
    assert route["route"]["timeout"] == "1s"
    assert route["request_headers_to_add"][0]["header"] == {"key": "x", "value": "1"}
    mirror = route["route"]["request_mirror_policies"][0]
    assert mirror["cluster"] == "outbound|9080||ratings.default.svc.cluster.local"
    assert mirror["runtime_fraction"]["default_value"]["numerator"] == 500000


@pytest.mark.parametrize(
    ("exports", "count"), [("", 1), ("exportTo: [far]\n", 0), ("exportTo: [.]\n", 0), ("exportTo: [x, default]\n", 1)]
)
def test_a_delegate_must_be_exported_to_its_parent(exports: str, count: int) -> None:
    assert len(joined("", exports + child("{uri: {prefix: /a}}"), "far")) == count


def test_what_is_exported_by_default_counts_for_delegates() -> None:
    parent = rule("VirtualService", PARENT.replace("MORE", "").replace("child}", "child, namespace: far}"), "details")
    other = rule("VirtualService", child("{uri: {prefix: /a}}"), "child", "far")
    routes = routes_to(made(parent, other, mesh("defaultVirtualServiceExportTo: ['.']")), "details")
    assert [route.get("redirect") for route in routes] == [{"path_redirect": "/rest"}]


def test_short_names_are_those_of_the_delegates_namespace() -> None:
    own = "http: [{route: [{destination: {host: details}}], mirrors: [{destination: {host: ratings}}]}]"
    (route,) = joined("match: [{uri: {prefix: /a}}]", own, "far")
    assert route["route"]["cluster"] == "outbound|9080||details.far.svc.cluster.local"
    assert route["route"]["request_mirror_policies"][0]["cluster"] == "outbound|9080||ratings.far.svc.cluster.local"
