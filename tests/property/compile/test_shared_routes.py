"""Routes compiled with what they have in common are what each would be on its own."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from fastroute.api import transcode
from fastroute.compile.context import Context
from fastroute.compile.route_compiler import RouteCompiler
from fastroute.compile.scopes import compile_scope
from fastroute.compile.shared_routes import compile_routes
from fastroute.config.resources import Resource
from fastroute.core.entries import RouteSpec, Target
from fastroute.errors import ConfigError

PATHS = st.sampled_from(["/", "/a", "/ab", "/a/b", "/é"])
SPECIFIERS = st.one_of(
    st.fixed_dictionaries({"prefix": PATHS}),
    st.fixed_dictionaries({"path": PATHS}),
    st.sampled_from([{"path_separated_prefix": "/a"}, {"safe_regex": {"regex": "/a.*"}}, {"connect_matcher": {}}]),
    st.sampled_from([{"safe_regex": {"regex": "/b+", "google_re2": {}}}, {"safe_regex": {"regex": "\u00e9"}}]),
)
ODD = st.sampled_from(
    [{"path_separated_prefix": "/a/"}, {"prefix": "/a?"}, {"path": "#"}, {"safe_regex": {"regex": "/("}}, {}]
)
CONDITIONS = st.sampled_from(
    [
        {},
        {"case_sensitive": False},
        {"headers": [{"name": "x", "string_match": {"exact": "1"}}]},
        {"headers": [{"name": "x", "string_match": {"exact": "2"}}]},
        {"headers": [{"name": "X", "string_match": {"prefix": "2"}}, {"name": "y", "string_match": {"suffix": "s"}}]},
        {"headers": [{"name": "x", "string_match": {"contains": "2"}, "invert_match": True}]},
        {"headers": [{"name": "x", "string_match": {"exact": ""}}]},
        {"headers": [{"name": "x", "string_match": {"exact": "1", "ignore_case": True}}]},
        {"headers": [{"name": "x", "string_match": {"contains": "2"}}], "case_sensitive": False},
        {"headers": [{"name": "x"}]},
        {"grpc": {}},
        {"query_parameters": [{"name": "q"}]},
    ]
)
CLUSTERS = st.sampled_from(["one", "two"])
EXTRAS = st.sampled_from(
    [
        {},
        {"timeout": "3s"},
        {"prefix_rewrite": "/x"},
        {"priority": "HIGH"},
        {"regex_rewrite": {"pattern": {"regex": "a"}, "substitution": "b"}},
        {"hash_policy": [{"header": {"header_name": "x"}}]},
        {"cluster_not_found_response_code": "NOT_FOUND"},
    ]
)
FORWARDS = st.builds(lambda cluster, extra: {"route": {"cluster": cluster, **extra}}, CLUSTERS, EXTRAS)
OTHERS = st.sampled_from(
    [
        {"redirect": {"prefix_rewrite": "/y"}},
        {"redirect": {"host_redirect": "h"}},
        {"direct_response": {"status": 200}},
        {"route": {"cluster_header": "x-to"}},
        {"route": {"weighted_clusters": {"clusters": [{"name": "one", "weight": 1}, {"name": "two", "weight": 2}]}}},
        {"non_forwarding_action": {}},
    ]
)
BODIES = st.sampled_from(
    [
        {},
        {"body": {}},
        *({"body": {"inline_string": text}} for text in ("", "a", "bb", "\u00e9")),
        {"body": {"inline_bytes": "YQ=="}},
    ]
)
FORMATS = st.sampled_from([{}, {}, {}, {"body_format": {"text_format": "f"}}])
ANSWERS = st.builds(
    lambda status, body, formatted: {"direct_response": {"status": status, **body, **formatted}},
    st.sampled_from([200, 404]),
    BODIES,
    FORMATS,
)
REDIRECTS = st.builds(
    lambda path, more: {"redirect": {**path, **more}},
    st.sampled_from([{}, *({"path_redirect": path} for path in ("", "/x", "y", "y?z")), {"prefix_rewrite": "/p"}]),
    st.sampled_from([{}, {"strip_query": True}, {"response_code": "FOUND"}]),
)
ODD_ACTIONS = st.sampled_from([{"route": {}}, {}, {"route": {"cluster": "unknown"}}])
AROUND = st.sampled_from(
    [
        {},
        {"request_headers_to_remove": ["y"]},
        {"metadata": {"filter_metadata": {"m": {"k": "v"}}}},
        {"decorator": {"operation": "o"}},
    ]
)
NAMES = st.sampled_from([{}, {"name": "n"}, {"name": "m"}])


@st.composite
def routes(draw: Any) -> list[dict[str, Any]]:
    def route(specifiers: Any, actions: Any) -> dict[str, Any]:
        return {**draw(NAMES), "match": {**draw(specifiers), **draw(CONDITIONS)}, **draw(actions), **draw(AROUND)}

    drawn = [
        route(SPECIFIERS, st.one_of(FORWARDS, FORWARDS, OTHERS, ANSWERS, REDIRECTS))
        for _ in range(draw(st.integers(1, 8)))
    ]
    if draw(st.booleans()):
        drawn.append(draw(st.sampled_from([route(ODD, FORWARDS), route(SPECIFIERS, ODD_ACTIONS)])))
    return drawn


def described(spec: RouteSpec) -> tuple[object, ...]:
    target = spec.target
    assert target is not None
    predicates = [asked(each) for each in spec.predicates]
    return (spec.name, spec.index, spec.how, spec.text, spec.case_sensitive, predicates, told(target))


def asked(predicate: Any) -> tuple[object, ...]:
    matcher, regex = getattr(predicate, "matcher", None), getattr(predicate, "regex", None)
    text = None if matcher is None else (matcher.kind, matcher.text, matcher.ignore_case)
    flags = [getattr(predicate, name, None) for name in ("name", "ranged", "absent", "invert", "missing_as_empty")]
    return (type(predicate).__name__, text, regex and regex.pattern, *flags)


def told(target: Target) -> tuple[object, ...]:
    action = repr(target.action)
    entries = [told(entry) for entry in target.entries]
    return (target.kind, target.cluster, target.header, target.status, action, entries, target.weights)


def outcome(compiled: Any) -> object:
    try:
        return [described(spec) for spec in compiled()]
    except ConfigError as error:
        return type(error), error.path, error.message, error.remedy, error.code


@pytest.mark.parametrize("known", [None, frozenset(("one", "two", "three"))])
@given(routes(), st.sampled_from([{}, {"max_direct_response_body_size_bytes": 1}]))
def test_as_if_each_was_compiled_alone(
    known: frozenset[str] | None, drawn: list[dict[str, Any]], limit: dict[str, Any]
) -> None:
    tree = {"name": "web", **limit, "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": drawn}]}
    message: Any = transcode.message("envoy.config.route.v3.RouteConfiguration", tree)
    host = message.virtual_hosts[0]
    context = Context(Resource("web", message), kind="RouteConfiguration")
    scope = compile_scope(host, message, context, "virtual_hosts[0]", known)
    compiler = RouteCompiler(host, message, context, scope, known)
    path = "virtual_hosts[0].routes"
    alone = outcome(lambda: [compiler.compile(each, f"{path}[{n}]", n) for n, each in enumerate(host.routes)])
    assert outcome(lambda: compile_routes(compiler, path)) == alone


def test_equal_actions_are_one() -> None:
    drawn = [{"match": {"prefix": f"/{number}"}, "route": {"cluster": "one", "timeout": "3s"}} for number in range(9)]
    tree = {"name": "web", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": drawn}]}
    message: Any = transcode.message("envoy.config.route.v3.RouteConfiguration", tree)
    host = message.virtual_hosts[0]
    context = Context(Resource("web", message))
    compiler = RouteCompiler(host, message, context, compile_scope(host, message, context, ""), None)
    targets = [spec.target for spec in compile_routes(compiler, "")]
    assert all(target is targets[0] for target in targets)


def test_each_route_with_an_error_is_told_of() -> None:
    drawn = [{"match": {"prefix": "/"}, "route": {"cluster": "one", "max_internal_redirects": 1}} for _ in range(3)]
    tree = {"name": "web", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": drawn}]}
    message: Any = transcode.message("envoy.config.route.v3.RouteConfiguration", tree)
    host = message.virtual_hosts[0]
    errors: list[ConfigError] = []
    context = Context(Resource("web", message), errors=errors)
    compiler = RouteCompiler(host, message, context, compile_scope(host, message, context, ""), None)
    compile_routes(compiler, "routes")
    assert [error.path for error in errors] == [f"routes[{at}].route.max_internal_redirects" for at in range(3)]


def test_a_body_and_a_format_are_refused_after_a_format_alone() -> None:
    alone = {"status": 200, "body": {"inline_string": ""}, "body_format": {"text_format": "f"}}
    both = {**alone, "body": {"inline_string": "x"}}
    drawn = [{"match": {"prefix": "/"}, "direct_response": each} for each in (alone, both)]
    tree = {"name": "web", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": drawn}]}
    message: Any = transcode.message("envoy.config.route.v3.RouteConfiguration", tree)
    host = message.virtual_hosts[0]
    context = Context(Resource("web", message))
    compiler = RouteCompiler(host, message, context, compile_scope(host, message, context, ""), None)
    with pytest.raises(ConfigError, match="body_format together with a body"):
        compile_routes(compiler, "routes")
