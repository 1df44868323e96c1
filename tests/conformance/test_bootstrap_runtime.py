"""Runtime keys of a bootstrap that change decisions, against the running Envoy: HC-06, HC-07, RA-12, RM-21."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.envoy import require_binary
from support.whole import Whole, bootstrap_of, runtime

from fastroute.compile.guards import DECIDING_GUARDS, HANDLED_GUARDS
from fastroute.request import Request

pytestmark = pytest.mark.envoy

INERT = re.compile(
    "(abort_when|allow_multiplexed|async_host|cares|cel|codec_client|composite_cluster|conn_pool|connection_close|"
    "connectivity_grid|dfp|direct_local_reply|disable_quic|disallow_quic|dns|dynamic_modules|ecds|enable_cel|"
    "enable_compression_bomb|enable_lrs|enable_new_dns|enable_send_rst|enable_stats|ext_proc|filter_chain_drain|"
    "filter_manager|fix_http3|fixed_heap|getaddrinfo|google_grpc|grpc_side_stream|grpc_timeout_returns|"
    "happy_eyeballs|header_mutation|health_check_after|hide_transport|hot_restart|http1_close_connection|http2|http3|"
    "http_11_proxy|http_pause|http_preserve_rst|ja4|jwt_authn|least_request_lb_count|limit_json|listener_filter|"
    "local_ratelimit|map_http_stream|max_response_headers|mcp|non_graceful|oauth2|on_demand|orca_accept|pqc|"
    "propagate|proxy_protocol_added|quic|report_load|reresolve|response_headers_to_remove|reverse_conn|"
    "runtime_initialized|sanitize_html|scope_upstream|skip_dns|skip_pending|spiffe|ssl|strict_chunk|strict_stats|tap|"
    "tls_certificate|udp|uhv|unified_mux|upstream|use_canonical|use_connection_event|use_response|use_stats|vhds|"
    "xds|xdstp|zipkin)_?"
)
"""Guards of connections, upstreams, statistics, name servers, bodies, and of extensions that are refused."""


def get(path: str, *headers: tuple[str, str], host: str = "h") -> Request:
    return Request(
        host.encode(), path.encode(), b"GET", tuple((name.encode(), value.encode()) for name, value in headers)
    )


def test_every_guard_of_the_binary_has_its_place() -> None:
    text = require_binary().read_bytes()
    found = {name.decode() for name in re.findall(rb"envoy\.reloadable_features\.([a-z0-9_]+)\0", text)}
    assert len(found) > 100
    assert found >= HANDLED_GUARDS
    assert found >= DECIDING_GUARDS
    rest = found - DECIDING_GUARDS - HANDLED_GUARDS
    assert {name for name in rest if not INERT.match(name)} == set()


ROUTES = [
    {"name": "d", "match": {"path": "/d"}, "route": {"cluster": "c1"}},
    {"name": "q", "match": {"prefix": "/q", "query_parameters": [{"name": "a"}]}, "route": {"cluster": "c2"}},
    {"name": "t", "match": {"path": "/t"}, "redirect": {"https_redirect": True}},
    {"name": "v", "match": {"path": "/v/w"}, "route": {"cluster": "c3"}},
]
TARGETS = (
    "/d#",
    "/d#x",
    "/d#?a",
    "/q#?a",
    "/q?a#b",
    "/q?#a",
    "/t?x#y#z",
    "/v/./w#..",
    "#",
    "/#/d",
    "/d%23",
    "/v/../d#/..",
)


@pytest.mark.parametrize("value", [False, "false", "0", " 0x0", "-0", "", True, 0, 0.5, -1])
@pytest.mark.parametrize("normal", [False, True])
def test_a_guard_cuts_fragments_off(value: Any, normal: bool) -> None:
    keys = runtime(**{"envoy.reloadable_features.http_reject_path_with_fragment": value})
    with Whole(bootstrap_of(ROUTES, manager={"normalize_path": normal}, **keys)) as both:
        assert both.compare([get(target) for target in TARGETS]) == []


@pytest.mark.parametrize("count", [2, "3", 3.7, 0, True, -1])
def test_the_runtime_limits_headers_where_fields_do_not(count: Any) -> None:
    keys = {"count": count, "size_kb": 1}
    layer = runtime(**{f"envoy.reloadable_features.max_request_headers_{name}": value for name, value in keys.items()})
    lines = [(f"x-{number}", "v") for number in range(6)]
    asked = [get("/d", *lines[:many]) for many in range(6)]
    long = [get("/d", ("x-long", "v" * size)) for size in (900, 1000, 1100)]
    with Whole(bootstrap_of(ROUTES, **layer)) as both:
        assert both.compare(asked) == []
    own = {"common_http_protocol_options": {"max_headers_count": 50}, "max_request_headers_kb": 2}
    with Whole(bootstrap_of(ROUTES, manager=own, **layer)) as both:
        assert both.compare([*asked, *long]) == []


NUMBERS: tuple[Any, ...] = (
    "5.7", "1e1", "0x10", "0X1F", "+0x10", " 5 ", "0x1p3", "0x1.8p3", ".5e1", "5.", "1_0", "\uff15", "\u00a05", "0o10",
    "1,0", "-0", "-0.5", "0x", "1e", "nan", "infinity", "1e400", "1e20", 1e20, 5.7, True, -2, "5\v", "+-5", "",
    {"numerator": 7},
)  # fmt: skip


def test_texts_are_numbers_as_c_reads_them() -> None:
    layer = {f"w{place}.c1": value for place, value in enumerate(NUMBERS)}
    layer |= {f"f{place}": value for place, value in enumerate((*NUMBERS, "inf", "0x64", 1e30, 2**32, "1_00"))}
    clusters = [{"name": "c1", "weight": 3}, {"name": "c2", "weight": 10}]
    routes: list[dict[str, Any]] = [
        {
            "name": f"w{place}",
            "match": {"prefix": f"/w{place}/"},
            "route": {
                "weighted_clusters": {"clusters": clusters, "runtime_key_prefix": f"w{place}", "header_name": "x-v"}
            },
        }
        for place in range(len(NUMBERS))
    ]
    shares = [key for key, value in layer.items() if key.startswith("f") and not _between(value)]
    for key in shares:
        for usual in (0, 100):
            match = {"runtime_key": key, "default_value": {"numerator": usual}}
            path = f"/{key}/{usual}"
            routes.append({"match": {"prefix": path, "runtime_fraction": match}, "route": {"cluster": "c4"}})
    asked = [get(f"/w{place}/", ("x-v", str(value))) for place in range(len(NUMBERS)) for value in range(34)]
    asked += [get(f"/{key}/{usual}") for key in shares for usual in (0, 100)]
    with Whole(bootstrap_of(routes, **runtime(**layer))) as both:
        assert both.compare(asked) == []


def _between(value: Any) -> bool:
    """Whether a value may be a percentage that is neither never nor always."""
    from fastroute.compile.runtime import override_of

    found = override_of({"k": value}, "k")
    return found is not None and 0 < found.numerator < found.denominator
