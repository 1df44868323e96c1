"""Counterexamples that the comparison with the live Envoy found, each by name."""

from __future__ import annotations

from support.one_route import forward, header, request, target

METADATA = {"filter_metadata": {"ns": {"n": 1.0, "o": {"b": True, "a": [1, "x"]}}}}


def upstream(route, decision, **more):
    return dict(target(route, **more).action.upstream_headers(decision))


def test_an_empty_value_joins_nothing():
    route = {**forward(), "request_headers_to_add": [header("via", "", keep_empty_value=True)]}
    assert upstream(route, request(b"/", (b"via", b"1")))[b"via"] == b"1"
    route = {**forward(), "request_headers_to_add": [header("via", "2")]}
    assert upstream(route, request(b"/", (b"via", b"")))[b"via"] == b"2"


def test_a_regex_rewrite_to_nothing_keeps_a_path_with_a_query():
    action = target(forward(regex_rewrite={"pattern": {"regex": ".*"}, "substitution": ""})).action
    decision = request(b"/a?q=1")
    assert action.path(decision) == b"/a?q=1"
    assert b"x-envoy-original-path" not in dict(action.upstream_headers(decision))


def test_a_formatted_host_without_value_is_a_dash():
    action = target(forward(host_rewrite="%REQ(x-none)%")).action
    assert action.authority(request()) == b"-"


def test_a_formatted_path_without_value_rewrites_nothing():
    assert target(forward(path_rewrite="%REQ(x-none)%")).action.path(request(b"/a?b")) == b"/a?b"


def test_the_catch_all_virtual_cluster_has_no_name_in_headers():
    host = {"virtual_clusters": [{"name": "vc", "headers": [{"name": "x", "present_match": True}]}]}
    route = {**forward(), "request_headers_to_add": [header("x-v", "%VIRTUAL_CLUSTER_NAME%", keep_empty_value=True)]}
    assert upstream(route, request(), host=host)[b"x-v"] == b""
    assert upstream(route, request(b"/", (b"x", b"1")), host=host)[b"x-v"] == b"vc"
    assert target(route, host=host).action.virtual_cluster(request()) == "other"


def test_query_parameters_are_decoded_in_headers():
    route = {**forward(), "request_headers_to_add": [header("x-q", "%QUERY_PARAM(q)%")]}
    assert upstream(route, request(b"/?q=%41+%zz&q=2"))[b"x-q"] == b"A+%zz"


def test_structures_are_shown_sorted_with_whole_numbers():
    route = {**forward(), "metadata": METADATA, "request_headers_to_add": [header("x-m", "%METADATA(ROUTE:ns)%")]}
    assert upstream(route, request())[b"x-m"] == b'{"n":1,"o":{"a":[1,"x"],"b":true}}'


def test_headers_of_a_formatted_redirect_see_the_requests_own_path():
    route = {"redirect": {"path_rewrite": "/new"}, "response_headers_to_add": [header("x-p", "%REQ(:path)%")]}
    found = dict(target(route).action.downstream_headers(request(b"/old"), 301, ()))
    assert found[b"location"] == b"http://a.com/new"
    assert found[b"x-p"] == b"/old"
    route = {"redirect": {"prefix_rewrite": "/new/"}, "response_headers_to_add": [header("x-p", "%REQ(:path)%")]}
    assert dict(target(route).action.downstream_headers(request(b"/old"), 301, ()))[b"x-p"] == b"/new/old"


def test_the_content_type_of_a_body_format_beats_header_mutations():
    text = {"text_format_source": {"inline_string": "x"}, "content_type": "text/html"}
    route = {
        "direct_response": {"status": 200, "body_format": text},
        "response_headers_to_add": [header("content-type", "a/b")],
    }
    assert dict(target(route).action.downstream_headers(request(), 200, ()))[b"content-type"] == b"text/html"


def test_strip_query_leaves_the_query_of_a_formatted_path():
    action = target({"redirect": {"path_rewrite": "/f?x=1", "strip_query": True}}).action
    assert action.location(request(b"/?a=1")) == b"http://a.com/f?x=1"


def test_the_location_of_a_direct_response_drops_a_default_port_like_a_redirect():
    action = target({"direct_response": {"status": 302}}).action
    decision = request(b"/x", (b"x-forwarded-proto", b"HTTPS"), original_authority=b"h:443", scheme=b"https")
    assert action.location(decision) == b"https://h/x"


def test_a_local_reply_to_a_grpc_client_is_trailers_only():
    route = {"direct_response": {"status": 503, "body": {"inline_string": "50% \u00fc\n"}}}
    action = target(route).action
    decision = request(b"/", (b"content-type", b"application/grpc"))
    assert action.status_of(decision, 503) == 200
    assert action.body(decision) == b""
    assert action.downstream_headers(decision, 503, ()) == [
        (b"content-type", b"application/grpc"),
        (b"grpc-status", b"14"),
        (b"grpc-message", b"50%25 %C3%BC%0A"),
    ]
