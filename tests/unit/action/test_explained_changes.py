"""`explain` says of each rewrite and header change which level it came from."""

from __future__ import annotations

from support.one_route import header

from fastroute.router import Router
from fastroute.snapshot import load

ROUTES = {
    "name": "r",
    "request_headers_to_add": [header("x-a", "configuration", append_action="OVERWRITE_IF_EXISTS_OR_ADD")],
    "virtual_hosts": [
        {
            "name": "v",
            "domains": ["*"],
            "request_headers_to_remove": ["x-gone"],
            "include_request_attempt_count": True,
            "routes": [
                {
                    "match": {"prefix": "/old"},
                    "route": {"cluster": "c", "prefix_rewrite": "/new", "host_rewrite_literal": "h"},
                    "request_headers_to_add": [header("x-a", "route")],
                },
                {"match": {"prefix": "/red"}, "redirect": {"prefix_rewrite": "/blue"}},
            ],
        }
    ],
}


def changes(path, *headers):
    explanation = Router(load(ROUTES)).explain("a.com", path, headers=headers)
    return [(step.stage, step.subject, step.reason) for step in explanation.steps if step.verdict == "changed"]


def test_levels_and_rewrites_of_a_forwarded_request():
    found = changes("/old/x", ("x-gone", "1"))
    wanted = [
        ("request header", "x-envoy-attempt-count", '"1", by include_request_attempt_count of the virtual host'),
        ("request header", "x-a", 'added by the route: "route"'),
        ("request header", "x-gone", "removed by the virtual host"),
        ("request header", "x-a", 'overwritten by the route configuration: "configuration"'),
        ("rewrite", "authority", '"a.com" became "h", by host_rewrite_literal of the route'),
        ("rewrite", "path", '"/old/x" became "/new/x", by prefix_rewrite of the route'),
    ]
    assert found[-len(wanted) :] == wanted


def test_the_rewrite_of_a_redirect():
    assert ("rewrite", "path", '"/red" became "/blue", by redirect.prefix_rewrite of the route') in changes("/red")


def test_no_route_has_no_changes():
    assert changes("/none") == []
