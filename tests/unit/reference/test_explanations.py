"""An explanation tells, in Envoy's order, what was looked at, what failed first, and what won."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from support.envoy import parse
from support.rules import client, codec, hosts, matches, normal, upgrade
from support.rules.rows import by_header, get, route, table
from support.rules.rows import hosts as hosts_of

import fastroute
from fastroute.api import names
from fastroute.decision import Explanation
from fastroute.reference import http
from fastroute.request import Connection, Request


def manager(routes: dict[str, Any], **options: Any) -> Any:
    """A connection manager with an inline route configuration."""
    source = {} if "scoped_routes" in options else {"route_config": {"name": "table", **routes}}
    return parse({"stat_prefix": "x", **source, **options}, names.HTTP_CONNECTION_MANAGER)


def explained(routes: dict[str, Any], request: Request, **options: Any) -> Explanation:
    """The explanation of a request on a plain connection."""
    at = Connection(("127.0.0.1", 80), ("127.0.0.1", 40000))
    fields = {name: getattr(request, name) for name in Request.__dataclass_fields__}
    return http.handle(manager(routes, **options), Request(**{**fields, "connection": at}))


def test_the_steps_are_in_envoys_order() -> None:
    found = explained(
        table(route("first", by_header("x-a", "1")), route("second", "/b"), route("third", "/a")),
        get("/x/../a"),
        normalize_path=True,
    )
    assert [(step.stage, step.verdict, step.subject) for step in found.steps] == [
        ("normalisation", "changed", "path"),
        ("sanitising", "kept", "127.0.0.1"),
        ("virtual host", "chosen", "h"),
        ("route", "passed over", "route 0 'first'"),
        ("route", "passed over", "route 1 'second'"),
        ("route", "chosen", "route 2 'third'"),
        ("cluster", "chosen", "c0"),
    ]


def test_a_route_that_lost_says_which_predicate_failed_first() -> None:
    match = {**by_header("x-a", "1"), "query_parameters": [{"name": "q"}]}
    steps = explained(table(route("r", match)), get("/")).steps
    lost = next(step for step in steps if step.stage == "route")
    assert lost.reason == "header x-a is absent; exact '1' is needed"
    assert lost.rule == "RM-32"


def test_virtual_hosts_that_lost_are_told_with_their_domain() -> None:
    found = explained(hosts_of("*.b.com", "a.*", "*"), get(host="a.com"))
    told = [(step.verdict, step.subject) for step in found.steps if step.stage == "virtual host"]
    assert told == [("passed over", "domain '*.b.com'"), ("chosen", "a.*")]


def test_an_answer_before_routing_ends_the_steps() -> None:
    found = explained(table(route("r")), get("/a#b"))
    assert [step.verdict for step in found.steps] == ["answered"]
    assert found.decision["status"] == 400
    assert found.decision["reason"] == "path_normalization_failed"


def test_text_and_json_say_the_same() -> None:
    found = explained(table(route("r")), get("/a"))
    lines = found.text().splitlines()
    assert len(lines) == len(found.steps) + 1
    assert lines[-1].startswith("decision")
    assert "cluster=c0" in lines[-1]
    told = json.loads(found.to_json())
    assert told["decision"]["cluster"] == "c0"
    assert [step["rule"] for step in told["steps"]] == [step.rule for step in found.steps]


def test_every_step_of_every_rule_names_a_rule_and_a_reason() -> None:
    modules = (codec, normal, client, upgrade, hosts, matches)
    for row in (row for module in modules for row in module.ROWS):
        for request, _ in row.answers:
            for step in explained(dict(row.table), request, **row.options).steps:
                assert re.fullmatch(r"(PIPE|HC|VH|RM|RA|FC)-\d\d", step.rule), step
                assert step.reason
                assert step.subject


def test_the_route_table_alone_takes_the_request_as_it_stands() -> None:
    """`route` refuses and normalises nothing; x-forwarded-proto is the request's scheme."""
    message = parse(
        {"name": "t", **table(route("r", by_header("x-forwarded-proto", "https")))}, names.ROUTE_CONFIGURATION
    )
    found = http.route(message, Request(b"a b", b"/x#y", scheme=b"https"))
    assert found.decision["route"] == "r"


OPERATORS = (
    "%REQ(x-a)%", "%REQ(x-none?x-a)%", "%REQ(x-none)%", "%REQ(:path):4%", "%RESP(x-a)%", "%PATH(NQ)%", "%PATH(WQ)%",
    "%PATH(NQ:PATH)%", "%PATH(WQ:ORIG)%", "%PATH(NQ:ORIG_OR_PATH):2%", "%QUERY_PARAM(q)%", "%QUERY_PARAM(n)%",
    "%ROUTE_NAME%", "%UPSTREAM_CLUSTER_RAW%", "%VIRTUAL_CLUSTER_NAME%", "%DYNAMIC_METADATA(ns:k)%",
    "%DYNAMIC_METADATA(ns)%", "%DYNAMIC_METADATA(none:k)%", "%METADATA(ROUTE:ns:k)%", "%METADATA(ROUTE:ns)%",
    "%METADATA(ROUTE:ns:o:n)%", "%METADATA(VIRTUAL_HOST:vh:list)%", "%METADATA(VIRTUAL_HOST:none)%",
    "%DOWNSTREAM_REMOTE_ADDRESS%", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "%DOWNSTREAM_REMOTE_PORT%",
    "%DOWNSTREAM_LOCAL_ADDRESS%", "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", "%DOWNSTREAM_LOCAL_PORT%", "100%%",
)  # fmt: skip
META = {"filter_metadata": {"ns": {"k": "v", "o": {"n": 3, "f": 1.5, "b": True}}}}


@pytest.mark.parametrize("forwarded", [None, "10.1.2.3", "::1"])
def test_the_walk_formats_what_the_router_formats(forwarded: str | None) -> None:
    """RA-75: every operator that is computed, in a body and in the path of a redirect."""
    body = {"text_format_source": {"inline_string": "|".join(OPERATORS)}}
    away = "/" + "/".join(OPERATORS)
    routes = [
        {
            "name": "body",
            "match": {"prefix": "/b"},
            "metadata": META,
            "direct_response": {"status": 200, "body_format": body},
        },
        {"name": "away", "match": {"prefix": "/r"}, "metadata": META, "redirect": {"path_rewrite": away}},
    ]
    metadata = {"filter_metadata": {"vh": {"list": [1, "a", 2.5]}}}
    host = {"name": "h", "domains": ["*"], "routes": routes, "metadata": metadata}
    router = fastroute.Router(fastroute.load({"routes": [{"name": "table", "virtual_hosts": [host]}]}))
    headers = [
        ("x-a", "1"),
        ("x-envoy-original-path", "/before?x"),
        *([("x-forwarded-for", forwarded)] if forwarded else []),
    ]
    at = {
        "connection": Connection(("127.0.0.1", 80), ("127.0.0.9", 40000)),
        "dynamic_metadata": {"ns": {"k": {"a": 1.0, "b": ["x", None]}, "z": 7}},
    }
    for path in ("/b?q=a%41+b", "/r/x?q=%zz&q=1"):
        decision = router.route("h", path, "GET", headers, random=1, **at)
        found = router.explain("h", path, "GET", headers, random=1, **at).decision
        assert (found["body"], found["location"]) == (decision.body, decision.location)


def test_headers_that_the_manager_takes_away_are_told() -> None:
    answer = {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
    request = Request(b"h", b"/", headers=((b"referer", b"x:y"), (b"expect", b"100-continue")))
    steps = explained({"virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [answer]}]}, request).steps
    told = [(step.subject, step.verdict, step.rule) for step in steps]
    assert ("header referer", "changed", "HC-09") in told
    assert ("header expect", "changed", "HC-09") in told
