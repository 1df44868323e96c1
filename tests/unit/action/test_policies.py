"""Mirrors, rate limits, CORS, metadata, priorities, internal redirects and upgrades."""

from __future__ import annotations

import pytest
from support.one_route import forward, header, request, target

from fastroute.errors import RejectedError


def action(host=None, **fields):
    return target(forward(**fields), host=host).action


# Mirrors


def test_mirrors_of_the_route_replace_those_of_the_host():
    """RA-120."""
    host = {"request_mirror_policies": [{"cluster": "host"}]}
    assert [m.cluster for m in action(host).mirrors(request())] == ["host"]
    assert [m.cluster for m in action(host, request_mirror_policies=[{"cluster": "r"}]).mirrors(request())] == ["r"]


def test_mirrors_are_drawn_by_the_streams_random_value():
    """RA-121."""
    fraction = {"default_value": {"numerator": 30}}
    found = action(request_mirror_policies=[{"cluster": "m", "runtime_fraction": fraction}, {"cluster": "n"}])
    assert [m.cluster for m in found.mirrors(request(random=129))] == ["m", "n"]
    assert [m.cluster for m in found.mirrors(request(random=130))] == ["n"]


def test_a_mirror_by_header_needs_the_header_and_connect_is_never_mirrored():
    found = action(request_mirror_policies=[{"cluster_header": "X-M"}])
    assert [m.cluster for m in found.mirrors(request(b"/", (b"x-m", b"m")))] == ["m"]
    assert found.mirrors(request()) == ()
    assert found.mirrors(request(b"/", (b"x-m", b"m"), original_method=b"CONNECT")) == ()


@pytest.mark.parametrize(
    ("policy", "authority"),
    [
        ({}, b"h.com-shadow:81"),
        ({"disable_shadow_host_suffix_append": True}, b"h.com:81"),
        ({"host_rewrite_literal": "other"}, b"other"),
    ],
)
def test_the_host_of_a_mirror(policy, authority):
    """RA-122."""
    found = action(request_mirror_policies=[{"cluster": "m", **policy}])
    (mirror,) = found.mirrors(request(original_authority=b"h.com:81"))
    assert mirror.authority == authority


def test_a_mirror_has_the_changed_headers_and_its_own():
    mutations = [{"append": header("x-m", "1")}, {"remove": "x-gone"}]
    route = {
        **forward(request_mirror_policies=[{"cluster": "m", "request_headers_mutations": mutations}]),
        "request_headers_to_add": [header("x-r", "2")],
    }
    (mirror,) = target(route).action.mirrors(request(b"/", (b"x-gone", b"3")))
    names = [name for name, _ in mirror.headers]
    assert b"x-m" in names
    assert b"x-r" in names
    assert b"x-gone" not in names


def mirrored(*mutations, address=("192.0.2.9", 80), **fields):
    """The headers of a copy made with these mutations of its policy."""
    policy = {"cluster": "m", "request_headers_mutations": list(mutations)}
    (mirror,) = action(request_mirror_policies=[policy], **fields).mirrors(request(local=address))
    return dict(mirror.headers)


def test_a_copy_is_a_request_of_envoys_own():
    found = mirrored({"append": header("x-envoy-internal", "false")}, {"append": header("x-forwarded-for", "1.1.1.1")})
    assert (found[b"x-envoy-internal"], found[b"x-forwarded-for"]) == (b"true", b"1.1.1.1,192.0.2.9")


def test_without_a_connection_a_copy_names_no_address():
    assert b"x-forwarded-for" not in mirrored(address=None)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("x-envoy-upstream-rq-timeout-ms", "77", b"77"),
        ("x-envoy-upstream-rq-per-try-timeout-ms", "55", b"55"),
        ("x-envoy-expected-rq-timeout-ms", "78", b"15000"),
        ("x-envoy-upstream-alt-stat-name", "s", b"15000"),
    ],
)
def test_the_router_of_a_copy_reads_its_headers(name, value, told):
    found = mirrored({"append": header(name, value)})
    assert found[b"x-envoy-expected-rq-timeout-ms"] == told
    assert name.encode() not in found or name == "x-envoy-expected-rq-timeout-ms"


def test_a_copy_is_told_the_whole_timeout_though_attempts_have_less():
    found = mirrored(retry_policy={"retry_on": "5xx", "per_try_timeout": "2s"})
    assert found[b"x-envoy-expected-rq-timeout-ms"] == b"15000"


# Rate limits


def entries(limits, decision, **more):
    found = target(forward(rate_limits=limits, **more)).action.rate_limits(decision)
    return [descriptor.entries for descriptor in found]


def test_the_actions_of_an_entry_make_one_descriptor():
    """RA-140."""
    actions = [
        {"generic_key": {"descriptor_value": "v"}},
        {"destination_cluster": {}},
        {"remote_address": {}},
        {"request_headers": {"header_name": "x", "descriptor_key": "k"}},
    ]
    wanted = (("generic_key", "v"), ("destination_cluster", "c"), ("remote_address", "127.0.0.1"), ("k", "1"))
    assert entries([{"actions": actions}], request(b"/", (b"x", b"1"), (b"x", b"2"))) == [wanted]
    assert entries([{"actions": actions}], request()) == []


def test_skip_if_absent_keeps_the_descriptor():
    actions = [
        {"request_headers": {"header_name": "x", "descriptor_key": "k", "skip_if_absent": True}},
        {"generic_key": {"descriptor_value": "v"}},
    ]
    assert entries([{"actions": actions}], request()) == [(("generic_key", "v"),)]


def test_query_parameters_are_decoded_for_rate_limits():
    """RA-141."""
    one = {"query_parameters": {"query_parameter_name": "q", "descriptor_key": "k"}}
    two = {
        "query_parameter_value_match": {
            "descriptor_value": "m",
            "query_parameters": [{"name": "q", "string_match": {"exact": "A b"}}],
        }
    }
    wanted = [(("k", "A b"),), (("query_match", "m"),)]
    assert entries([{"actions": [one]}, {"actions": [two]}], request(b"/?q=%41%20b")) == wanted


def test_header_value_match_can_expect_no_match():
    def match(expect):
        headers = [{"name": "x", "string_match": {"exact": "1"}}]
        return {"header_value_match": {"descriptor_value": "v", "expect_match": expect, "headers": headers}}

    assert entries([{"actions": [match(True)]}], request()) == []
    assert entries([{"actions": [match(False)]}], request()) == [(("header_match", "v"),)]


@pytest.mark.parametrize(("address", "shown"), [("10.1.2.3", "10.1.0.0/16"), ("2001:db8:1:2::3", "2001:db8:1::/48")])
def test_masked_addresses(address, shown):
    masked = {"masked_remote_address": {"v4_prefix_mask_len": 16, "v6_prefix_mask_len": 48}}
    found = entries([{"actions": [masked]}], request(remote=(address, 1)))
    assert found == [(("masked_remote_address", shown),)]


def test_limits_of_the_host_apply_when_the_route_has_none_or_includes_them():
    host = {"rate_limits": [{"stage": 2, "actions": [{"generic_key": {"descriptor_value": "host"}}]}]}
    own = [{"actions": [{"generic_key": {"descriptor_value": "own"}}]}]

    def found(**fields):
        return [d.entries[0][1] for d in action(host, **fields).rate_limits(request())]

    assert found() == ["host"]
    assert found(rate_limits=own) == ["own"]
    assert found(rate_limits=own, include_vh_rate_limits=True) == ["own", "host"]


# CORS

CORS = "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy"


def cors(*levels):
    made = [{"typed_per_filter_config": {"envoy.filters.http.cors": {"@type": CORS, **level}}} for level in levels]
    return target({**forward(), **made[0]}, host=made[1] if len(made) > 1 else None).action


def test_each_field_of_cors_comes_from_the_most_specific_level():
    """RA-142."""
    found = cors({"allow_methods": "GET"}, {"allow_methods": "PUT", "max_age": "5", "allow_credentials": True}).cors(
        request()
    )
    assert (found.allow_methods, found.max_age, found.allow_credentials) == ("GET", "5", True)
    assert action().cors(request()) is None


def test_only_the_most_specific_level_switches_cors_off():
    """Seen at Envoy: the fields of a less specific level count although its `filter_enabled` is 0."""
    off = {"allow_methods": "GET", "filter_enabled": {"default_value": {"numerator": 0}}}
    assert cors({"max_age": "5"}, off).cors(request()).allow_methods == "GET"
    assert cors(off, {"max_age": "5"}).cors(request()) is None


def test_a_preflight_of_an_allowed_origin_is_answered():
    found = cors({"allow_origin_string_match": [{"exact": "o"}], "forward_not_matching_preflights": False})
    method = (b"access-control-request-method", b"PUT")

    def of(*headers, verb=b"OPTIONS"):
        return found.cors(request(b"/", *headers, original_method=verb))

    assert of((b"origin", b"o"), method).answers
    assert of((b"origin", b"other"), method).answers
    assert not of((b"origin", b"other"), method).allowed
    assert not of((b"origin", b"o")).answers
    assert not of((b"origin", b"o"), method, verb=b"GET").answers
    assert not of(method).answers


# The rest


def test_metadata_match_is_merged_and_sorted():
    """RA-160."""
    route = {
        "route": {
            "metadata_match": {"filter_metadata": {"envoy.lb": {"z": 1, "v": "route"}, "other": {"a": 1}}},
            "weighted_clusters": {
                "clusters": [
                    {
                        "name": "c",
                        "weight": 1,
                        "metadata_match": {"filter_metadata": {"envoy.lb": {"v": "entry", "b": 2}}},
                    }
                ]
            },
        }
    }
    found = target(route).entries[0].action
    assert list(found.metadata_match(request()).items()) == [("b", 2), ("v", "entry"), ("z", 1)]
    dynamic = request(dynamic_metadata={"envoy.lb": {"v": "request", "a": 0}})
    assert list(found.metadata_match(dynamic).items()) == [("a", 0), ("b", 2), ("v", "request"), ("z", 1)]


def test_priority():
    """RA-161."""
    assert action().priority(request()) == "default"
    assert action(priority="HIGH").priority(request()) == "high"


def test_internal_redirects():
    """RA-150, RA-151."""
    policy = action(internal_redirect_policy={"redirect_response_codes": [302, 303, 304]}).internal_redirect(request())
    assert policy.codes == {302, 303}
    known = {"method": b"POST", "scheme": b"http", "url": b"http://a/x"}
    followed = policy.follow(303, b"http://b/y?q#f", **known)
    assert (followed.method, followed.authority, followed.path) == (b"GET", b"b", b"/y?q")
    assert followed.original_url == b"http://a/x"
    assert policy.follow(302, b"/relative", **known) is None
    assert policy.follow(302, b"https://b/", **known) is None
    assert policy.follow(304, b"http://b/", **known) is None
    assert policy.follow(302, b"http://b/", **known, done=1) is None
    assert action().internal_redirect(request()) is None


def test_upgrades():
    """HC-61, HC-62."""
    found = action(upgrade_configs=[{"upgrade_type": "WebSocket"}, {"upgrade_type": "x", "enabled": False}])
    assert found.upgrade(b"websocket") is True
    assert found.upgrade(b"X") is False
    assert found.upgrade(b"other") is None


def test_the_most_specific_filter_configuration_wins():
    """RA-90, RA-91."""
    fault = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
    disabled = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True}

    def config(value):
        return {"typed_per_filter_config": {"f": value}}

    host = config({"@type": fault, "upstream_cluster": "host"})
    found = target({**forward(), **config({"@type": fault, "upstream_cluster": "route"})}, host=host).action
    assert found.filter_config(request(), "f") == {"upstream_cluster": "route"}
    assert target(forward(), host=host).action.filter_config(request(), "f") == {"upstream_cluster": "host"}
    assert target({**forward(), **config(disabled)}, host=host).action.filter_config(request(), "f") is None
    assert found.filter_config(request(), "g") is None


def test_virtual_clusters_need_headers():
    """VH-18."""
    with pytest.raises(RejectedError, match="must define 'headers'"):
        action({"virtual_clusters": [{"name": "v"}]})
