"""Reading a decision costs only what is read: routing alone asks nothing of the action."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.one_route import forward, header, target

from fastroute.action.base import BaseAction
from fastroute.action.forward import ForwardAction
from fastroute.router import Router
from fastroute.snapshot import load

ROUTE = {
    **forward(prefix_rewrite="/x", retry_policy={"retry_on": "5xx"}, hash_policy=[{"header": {"header_name": "x"}}]),
    "match": {"prefix": "/"},
    "request_headers_to_add": [header("x-a", "%REQ(x-b)%")],
}
ROUTES = {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [ROUTE]}]}


@pytest.fixture
def calls(monkeypatch):
    made = []
    names = [name for name in dir(BaseAction) if not name.startswith("_") and callable(getattr(BaseAction, name))]
    for name in names:
        for kind in (BaseAction, ForwardAction):
            if name in vars(kind):
                original = getattr(kind, name)
                monkeypatch.setattr(kind, name, lambda *args, _o=original, _n=name: (made.append(_n), _o(*args))[1])
    return made


def test_routing_asks_nothing_of_the_action(calls):
    decision = Router(load(ROUTES)).route("h", "/a", headers=[("x-b", "1")])
    assert (decision.kind, decision.cluster, decision.route, decision.status) == ("forward", "c", "", 0)
    assert calls == []


def test_a_value_asks_only_for_itself(calls):
    decision = Router(load(ROUTES)).route("h", "/a")
    assert decision.priority == "default"
    assert calls == ["priority"]


def test_a_path_that_nothing_rewrites_needs_no_headers():
    action = target(forward()).action
    bare = SimpleNamespace(original_path=b"/a", original_authority=b"h", original_method=b"GET")
    assert (action.path(bare), action.authority(bare), action.method(bare)) == (b"/a", b"h", b"GET")


def test_routes_without_policies_share_one_empty_value():
    first, second = target(forward()).action, target(forward()).action
    assert first.policies is second.policies
    assert first.timeouts is second.timeouts
