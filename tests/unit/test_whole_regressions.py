"""Counterexamples that `conformance/test_whole_bootstraps.py` found, each by name.

What is expected is what Envoy 1.40 was seen to do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from support.whole import bootstrap_of

import fastroute
from fastroute.action.retry import Outcome
from fastroute.adapters import answers
from fastroute.adapters.attempts import Attempts
from fastroute.core.chain import Chain
from fastroute.request import Connection

GRPC = (b"content-type", b"application/grpc")
Pairs = Sequence[tuple[bytes, bytes]]


def answered(name: str, value: str) -> dict[str, Any]:
    """A response header of a virtual host or a route."""
    return {"response_headers_to_add": [{"header": {"key": name, "value": value}, "keep_empty_value": True}]}


class Asked:
    """A router of one bootstrap, and a connection to its listener."""

    def __init__(self, bootstrap: Mapping[str, Any], connection: Connection | None = None) -> None:
        self.router = fastroute.Router(fastroute.load(json.dumps(bootstrap).encode()))
        found = self.router.connect(connection or Connection(("127.0.0.1", 0), ("127.0.0.1", 40000)))
        assert found is not None
        self.chain: Chain = found

    def route(self, authority: bytes, path: bytes | None, method: bytes = b"GET", headers: Pairs = ()) -> Any:
        """The decision, which its explanation tells as well."""
        asked = (authority, path, method, headers)
        decision = self.router.route(*asked, chain=self.chain, random=0)
        told = self.router.explain(*asked, chain=self.chain, random=0).decision
        for name in ("kind", "status", "reason", "location", "cluster", "path", "virtual_host", "route", "index"):
            assert told[name] == getattr(decision, name), name
        return decision


ABSENT = {"match": {"prefix": "/"}, "route": {"cluster": "absent"}}
QUIET = {"validate_clusters": False}


def test_without_a_cluster_no_attempt_is_counted() -> None:
    asked = Asked(bootstrap_of([ABSENT], host={"include_attempt_count_in_response": True}, configuration=QUIET))
    decision = asked.route(b"h", b"/")
    assert decision.reason == "cluster_not_found"
    assert b"x-envoy-attempt-count" not in dict(decision.downstream_headers())


def test_without_a_cluster_there_is_no_virtual_cluster() -> None:
    host = {"virtual_clusters": [{"name": "vc", "headers": [{"name": "x-a", "present_match": True}]}]}
    told = answered("x-told", "<%VIRTUAL_CLUSTER_NAME%>")
    asked = Asked(bootstrap_of([ABSENT], host={**host, **told}, configuration=QUIET))
    found = dict(asked.route(b"h", b"/", b"GET", [(b"x-a", b"1")]).downstream_headers())
    assert found[b"x-told"] == b"<>"


def test_without_a_cluster_the_request_is_not_changed_before_the_answer() -> None:
    changed = {"request_headers_to_remove": ["x-a"], **answered("x-told", "%REQ(x-a)%")}
    asked = Asked(bootstrap_of([ABSENT], host=changed, configuration=QUIET))
    found = dict(asked.route(b"h", b"/", b"GET", [(b"x-a", b"1")]).downstream_headers())
    assert found[b"x-told"] == b"1"


def test_a_route_that_forwards_nothing_has_its_response_headers() -> None:
    route = {"match": {"prefix": "/"}, "name": "r", "non_forwarding_action": {}, **answered("x-told", "%ROUTE_NAME%")}
    decision = Asked(bootstrap_of([route])).route(b"h", b"/")
    assert (decision.status, decision.reason) == (503, "cluster_not_found")
    assert dict(decision.downstream_headers())[b"x-told"] == b"r"


def test_a_request_without_a_path_is_not_grpc() -> None:
    decision = Asked(bootstrap_of([ABSENT], configuration=QUIET)).route(b"h:80", None, b"CONNECT", [GRPC])
    assert (decision.status, decision.reason) == (404, "route_not_found")
    answer = answers.own(decision)
    assert answer is not None
    assert (answer.status, dict(answer.headers)) == (404, {})


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        ({"prefix_rewrite": "x"}, "http://h/x?q"),
        ({"prefix_rewrite": "/y?z", "strip_query": True}, "http://h/y"),
        ({"regex_rewrite": {"pattern": {"regex": "/a"}, "substitution": "b"}}, "http://h/b?q"),
        ({"path_redirect": "c?d", "strip_query": True}, "http://h/c?d"),
        ({"path_rewrite": "e"}, "http://h/e?q"),
    ],
)
def test_an_explanation_leads_where_the_redirect_does(redirect: dict[str, Any], location: str) -> None:
    decision = Asked(bootstrap_of([{"match": {"path": "/a"}, "redirect": redirect}])).route(b"h", b"/a?q")
    assert decision.location == location


def test_the_explanation_of_a_refusal_by_the_codec_tells_the_target() -> None:
    decision = Asked(bootstrap_of([])).route(b"h", b"/a", b"CONNECT")
    assert (decision.status, decision.reason) == (400, "http1.invalid_url")


def scoped(routes: Mapping[str, Any], name: str = "x-tenant") -> Asked:
    """A manager whose scope is the value of a header."""
    keys = {"fragments": [{"header_value_extractor": {"name": name, "index": 0}}]}
    host = {"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "direct_response": {"status": 200}}]}
    scope = {
        "name": "s",
        "key": {"fragments": [{"string_key": "a"}]},
        "route_configuration": {"name": "r", "virtual_hosts": [host], **routes},
    }
    listed = {"scoped_route_configurations": [scope]}
    found = bootstrap_of([])
    manager = found["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    del manager["route_config"]
    manager["scoped_routes"] = {"name": "n", "scope_key_builder": keys, "scoped_route_configurations_list": listed}
    manager["common_http_protocol_options"] = {"headers_with_underscores_action": "DROP_HEADER"}
    return Asked(found)


def test_a_scope_is_lost_with_a_header_that_only_internal_requests_may_bring() -> None:
    tenant = [(b"x-tenant", b"a")]
    assert scoped({}).route(b"h", b"/", b"GET", tenant).status == 200
    assert scoped({"internal_only_headers": ["x-tenant"]}).route(b"h", b"/", b"GET", tenant).status == 404


def test_a_scope_is_found_by_the_headers_that_the_codec_hands_over() -> None:
    named = [(b"connection", b"x-tenant"), (b"x-tenant", b"a")]
    assert scoped({}).route(b"h", b"/", b"GET", named).status == 404
    assert scoped({}, "x_tenant").route(b"h", b"/", b"GET", [(b"x_tenant", b"a")]).status == 404
    joined = [(b"accept", b"a"), (b"accept", b"b")]
    assert scoped({}, "accept").route(b"h", b"/", b"GET", joined).status == 404
    assert scoped({}, "accept").route(b"h", b"/", b"GET", joined[:1]).status == 200


def test_an_empty_host_is_not_kept_where_it_is_rewritten() -> None:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "c0", "host_rewrite_literal": "lit.com"}}
    asked = Asked(bootstrap_of([route]))
    assert b"x-envoy-original-host" not in dict(asked.route(b"", b"/").upstream_headers())
    assert dict(asked.route(b"h", b"/").upstream_headers())[b"x-envoy-original-host"] == b"h"


@pytest.mark.parametrize(
    ("match", "path", "rewritten"),
    [
        ({"prefix": "/a/b"}, b"/a;p/b/c?q", "/a;p/b/c?q"),
        ({"prefix": "/a/b"}, b"/a/b;p/c", "/new;p/c"),
        ({"path": "/a/b"}, b"/a;p/b", "/a;p/b"),
        ({"path": "/a/b"}, b"/a/b;p", "/new;p"),
        ({"path_separated_prefix": "/a/b"}, b"/a;p/b", "/a;p/b"),
        ({"prefix": "/a/b", "case_sensitive": False}, b"/A/B/c", "/new/c"),
        ({"safe_regex": {"regex": "/a/b.*"}}, b"/a;p/b/c?q", "/new?q"),
    ],
)
def test_a_path_matched_without_its_parameters_may_keep_them(match: Any, path: bytes, rewritten: str) -> None:
    forwarding = {"match": match, "route": {"cluster": "c0", "prefix_rewrite": "/new"}}
    ignored = {"ignore_path_parameters_in_path_matching": True}
    decision = Asked(bootstrap_of([forwarding], configuration=ignored)).route(b"h", path)
    assert decision.path == rewritten
    changed = path.decode() != rewritten
    assert (b"x-envoy-original-path" in dict(decision.upstream_headers())) == changed
    leading = {"match": match, "redirect": {"prefix_rewrite": "/new"}}
    assert Asked(bootstrap_of([leading], configuration=ignored)).route(b"h", path).location == "http://h" + rewritten


@pytest.mark.parametrize("template", ["/{x}", "/*", "/**", "/{x=*}", "/{x=**}"])
def test_a_template_takes_a_star_in_the_path(template: str) -> None:
    config = {
        "@type": "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
        "path_template": template,
    }
    route = {"match": {"path_match_policy": {"name": "t", "typed_config": config}}, "direct_response": {"status": 200}}
    asked = Asked(bootstrap_of([route]))
    assert asked.route(b"h", b"/a*b").status == asked.route(b"h", b"/*").status == 200


def test_the_last_port_after_a_bracket_goes() -> None:
    asked = Asked(bootstrap_of([{"match": {"prefix": "/"}, "redirect": {"port_redirect": 8443}}]))
    assert asked.route(b"[::1]:80:8080", b"/").location == "http://[::1]:8443/"


def test_every_attempt_tells_its_made_up_cookies() -> None:
    action = {
        "cluster": "ring",
        "hash_policy": [{"cookie": {"name": "sid", "ttl": "0s"}}],
        "retry_policy": {"retry_on": "5xx", "num_retries": 1},
    }
    host = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 1}}}}
    assignment = {"cluster_name": "ring", "endpoints": [{"lb_endpoints": [host]}]}
    ring = {"name": "ring", "lb_policy": "RING_HASH", "load_assignment": assignment}
    asked = Asked(bootstrap_of([{"match": {"prefix": "/"}, "route": action}], clusters=[ring]))
    attempts = Attempts(asked.router, asked.route(b"h", b"/"))
    assert attempts.begin()
    assert attempts.again(Outcome(503)) is not None
    assert attempts.begin()
    assert attempts.again(Outcome(200)) is None
    names = [name for name, _ in attempts.response_headers(200, [])]
    assert names.count(b"set-cookie") == 2


def test_a_request_without_a_path_gets_no_location() -> None:
    connect = {"upgrade_configs": [{"upgrade_type": "CONNECT"}]}
    for action in ({"redirect": {"host_redirect": "z"}}, {"direct_response": {"status": 201}}):
        routes = [{"match": {"connect_matcher": {}}, **action}]
        assert Asked(bootstrap_of(routes, manager=connect)).route(b"h:80", None, b"CONNECT").location is None
    secure = Asked(bootstrap_of([], host={"require_tls": "ALL"}, manager=connect))
    decision = secure.route(b"h:80", None, b"CONNECT")
    assert (decision.status, decision.location, decision.downstream_headers()) == (301, None, [])


def test_a_bad_authority_is_answered_before_there_is_a_request_id() -> None:
    asked = Asked(bootstrap_of([], manager={"always_set_request_id_in_response": True}))
    decision = asked.route(b"a/b", b"/", b"GET", [(b"x-request-id", b"1")])
    assert decision.reason == "http.invalid_authority"
    assert b"x-request-id" not in dict(decision.downstream_headers())


TYPE = "type.googleapis.com/envoy.extensions."
SECRETS = {"tls_certificate_sds_secret_configs": [{"name": "s", "sds_config": {"path_config_source": {"path": "/s"}}}]}
CONTEXT = {"@type": TYPE + "transport_sockets.tls.v3.DownstreamTlsContext", "common_tls_context": SECRETS}
SECURE = {"name": "tls", "typed_config": CONTEXT}
TAPPED = {
    "name": "tap",
    "typed_config": {
        "@type": TYPE + "transport_sockets.tap.v3.Tap",
        "common_config": {"admin_config": {"config_id": "i"}},
        "transport_socket": SECURE,
    },
}


def encrypted(socket: Mapping[str, Any] | None, principal: Mapping[str, Any] | None = None) -> Asked:
    """A chain with this transport socket, found by no inspector, and a principal that may come in."""
    found = bootstrap_of([{"match": {"prefix": "/"}, "redirect": {"path_redirect": "/z"}}])
    chain = found["static_resources"]["listeners"][0]["filter_chains"][0]
    if socket is not None:
        chain["transport_socket"] = socket
    if principal is not None:
        policy = {"permissions": [{"any": True}], "principals": [principal]}
        rbac = {"@type": TYPE + "filters.http.rbac.v3.RBAC", "rules": {"policies": {"p": policy}}}
        filters = chain["filters"][0]["typed_config"]["http_filters"]
        filters.insert(0, {"name": "rbac", "typed_config": rbac})
    return Asked(found)


@pytest.mark.parametrize("socket", [SECURE, TAPPED])
def test_the_transport_socket_makes_the_scheme_whatever_inspectors_found(socket: dict[str, Any]) -> None:
    assert encrypted(socket).route(b"h", b"/").location == "https://h/z"
    assert encrypted(None).route(b"h", b"/").location == "http://h/z"


@pytest.mark.parametrize(
    ("principal", "secure", "plain"),
    [
        ({"authenticated": {}}, 301, 403),
        ({"not_id": {"authenticated": {}}}, 403, 301),
        ({"authenticated": {"principal_name": {"safe_regex": {"regex": ".*"}}}}, 301, 403),
        ({"authenticated": {"principal_name": {"exact": ""}}}, 301, 403),
        ({"authenticated": {"principal_name": {"prefix": "a"}}}, 403, 403),
    ],
)
def test_authenticated_is_any_tls_whose_subject_may_be_empty(
    principal: dict[str, Any], secure: int, plain: int
) -> None:
    assert encrypted(SECURE, principal).route(b"h", b"/").status == secure
    assert encrypted(None, principal).route(b"h", b"/").status == plain


def test_without_a_route_no_rule_on_its_metadata_holds() -> None:
    matcher = {"filter": "ns", "path": [{"key": "k"}], "value": {"present_match": True}, "invert": True}
    sourced = {"sourced_metadata": {"metadata_matcher": matcher, "metadata_source": "ROUTE"}}
    found = bootstrap_of([{"match": {"prefix": "/a"}, "redirect": {"path_redirect": "/z"}}])
    policy = {"permissions": [sourced], "principals": [{"any": True}]}
    rbac = {"@type": TYPE + "filters.http.rbac.v3.RBAC", "rules": {"policies": {"p": policy}}}
    chain = found["static_resources"]["listeners"][0]["filter_chains"][0]
    chain["filters"][0]["typed_config"]["http_filters"].insert(0, {"name": "rbac", "typed_config": rbac})
    asked = Asked(found)
    assert asked.route(b"h", b"/a").status == 301
    assert asked.route(b"h", b"/b").status == 403
