"""Normalisation and requests that Envoy answers itself: PIPE-02, HC-01 … HC-66, VH-11.

Every listener is a connection manager with other options; all share one route table, which tells apart
what normalisation, sanitising and scheme make of a request.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support import near
from support.families.common import Listener, Table

PER_TABLE = 120
EVERYWHERE = {"cidr_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 0}]}
TEN = {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]}
MUTATION = "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
EARLY = {
    "name": "early",
    "typed_config": {
        "@type": MUTATION,
        "mutations": [
            {"remove": "x-b"},
            {"append": {"header": {"key": "x-a", "value": "early"}, "append_action": "ADD_IF_ABSENT"}},
        ],
    },
}
DETECTION = "type.googleapis.com/envoy.extensions.http.original_ip_detection."


def by_header(name: str, trusted: bool) -> dict[str, Any]:
    """A custom_header extension."""
    config = {"header_name": name, "allow_extension_to_set_address_as_trusted": trusted}
    return {"name": "d", "typed_config": {"@type": f"{DETECTION}custom_header.v3.CustomHeaderConfig", **config}}


def by_hops(hops: int, **fields: bool) -> dict[str, Any]:
    """An xff extension."""
    config = {"xff_num_trusted_hops": hops, **fields}
    return {"name": "d", "typed_config": {"@type": f"{DETECTION}xff.v3.XffConfig", **config}}


LISTENERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "normal": {"normalize_path": True},
    "merge": {"merge_slashes": True},
    "both": {"normalize_path": True, "merge_slashes": True},
    "reject": {"path_with_escaped_slashes_action": "REJECT_REQUEST"},
    "redirect": {"path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT"},
    "redirect-all": {
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
        "normalize_path": True,
        "merge_slashes": True,
    },
    "forward": {"path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD"},
    "forward-all": {
        "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD",
        "normalize_path": True,
        "merge_slashes": True,
    },
    "dot": {"strip_trailing_host_dot": True},
    "any-port": {"strip_any_host_port": True, "strip_trailing_host_dot": True},
    "own-port": {"strip_matching_host_port": True},
    "edge": {"use_remote_address": True, "skip_xff_append": True},
    "edge-internal": {"use_remote_address": True, "skip_xff_append": True, "internal_address_config": EVERYWHERE},
    "edge-hops": {
        "use_remote_address": True,
        "skip_xff_append": True,
        "xff_num_trusted_hops": 1,
        "internal_address_config": TEN,
    },
    "inner": {"internal_address_config": TEN},
    "inner-hops": {"internal_address_config": TEN, "xff_num_trusted_hops": 1},
    "scheme": {"scheme_header_transformation": {"scheme_to_overwrite": "https"}},
    "port": {"append_x_forwarded_port": True, "via": "here"},
    "reject-underscore": {"common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"}},
    "drop-underscore": {"common_http_protocol_options": {"headers_with_underscores_action": "DROP_HEADER"}},
    "few-headers": {"common_http_protocol_options": {"max_headers_count": 3}},
    "upgrades": {"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT", "enabled": False}]},
    "methods": {"http_protocol_options": {"allow_custom_methods": True}},
    "relative": {"http_protocol_options": {"allow_absolute_url": False}},
    "early": {"early_header_mutation_extensions": [EARLY]},
    "no-id": {"generate_request_id": False},
    "detect-header": {
        "original_ip_detection_extensions": [by_header("X-Client", True)],
        "internal_address_config": TEN,
    },
    "detect-several": {
        "original_ip_detection_extensions": [by_header("x-client", False), by_header("x-a", True), by_hops(0)],
        "internal_address_config": TEN,
    },
    "detect-hops": {
        "original_ip_detection_extensions": [by_hops(1, skip_xff_append=True), by_header("x-client", True)],
        "internal_address_config": TEN,
    },
}
PATHS = (
    "/a/b",
    "/a//b",
    "/a/./b",
    "/a/../b",
    "/../a",
    "/a/..",
    "/a/.",
    "/%2e%2e/a",
    "/a/%2e%2E/b",
    "/a%2fb",
    "/a%2Fb%5c",
    "/a\\b",
    "/%41%7e%2D%5f",
    "/a%00",
    "/a;p=1/..;x/b",
    "/a/.;x/b",
    "/a/..;",
    '/a"b<c>{d}|e^f`g',
    "//",
    "///",
    "/%zz",
    "/a%",
    "/a%2",
    "/%C3%BC",
    "/a?x=/../y//z%2f",
    "/a%20b",
    "/...",
    "/a/.../b",
    "/A/B",
    "/a/%2E%2E%2Fb",
    "/b",
    "/b/",
    "/a/%2e;x/b",
    "/a/%2e%2e;x",
    "/a/b?",
    "/a/b#c",
)
METHODS = (b"GET",) * 12 + (
    b"POST",
    b"PUT",
    b"OPTIONS",
    b"QUERY",
    b"FOO",
    b"get",
    b"CONNECT",
    b"G@T",
    b"M-SEARCH",
    b"PRI",
)
HEADERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("x-a", ("early", "1", "", "10.0.0.2")),
    ("x-b", ("1",)),
    ("x_y", ("1",)),
    (
        "x-forwarded-for",
        ("10.0.0.1", "1.2.3.4", "1.2.3.4, 10.0.0.1", "10.0.0.1,1.2.3.4", "junk", "", "10.0.0.1,", "::1"),
    ),
    ("x-client", ("10.0.0.1", "1.2.3.4", "junk", "::1", "")),
    ("x-forwarded-proto", ("https", "http", "HTTPS", "ftp", "", "http,https")),
    ("x-forwarded-port", ("5",)),
    ("x-envoy-internal", ("true", "false")),
    ("x-envoy-retry-on", ("5xx",)),
    ("x-envoy-original-path", ("/x",)),
    ("x-envoy-external-address", ("9.9.9.9",)),
    ("x-forwarded-client-cert", ("By=x",)),
    ("x-io", ("1",)),
    ("connection", ("close", "x-a", "upgrade", "Upgrade, x-a", "keep-alive, x-b", "te", "x-forwarded-for", "host", "")),
    ("upgrade", ("websocket", "WebSocket", "h2c", "websocket, foo", "")),
    ("te", ("trailers", "gzip", "gzip, trailers", "Trailers")),
    ("content-type", ("application/grpc", "application/grpc+x", "text/plain")),
    ("keep-alive", ("5",)),
    ("proxy-connection", ("x",)),
    ("via", ("1.1 a",)),
    ("x-request-id", ("fixed",)),
)
HOSTS = (
    "a.com",
    "A.com",
    "a.com.",
    "a.com..",
    "a.com:80",
    "a.com.:80",
    "a.com:",
    "a.com:x",
    "[::1]:80",
    "tls.com",
    "ext.com",
)
ODD_HOSTS = ("", "a b", "a/b", "u@h", "a_b", "{", "a%b", ".", "a.com:+80", "a.com:99999999999", "b.com")

predicates = st.sampled_from(
    [
        {"name": name, "string_match": {"exact": value}}
        for name, value in (
            ("x-a", "early"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "ftp"),
            (":scheme", "https"),
            (":scheme", "http"),
            ("x-envoy-internal", "true"),
            ("via", "here"),
            ("via", "1.1 a, here"),
            ("te", "trailers"),
            (":authority", "a.com"),
            ("x-request-id", "fixed"),
        )
    ]
    + [
        {"name": name, "present_match": present}
        for name in (
            "x-b",
            "x_y",
            "connection",
            "upgrade",
            "keep-alive",
            "x-envoy-retry-on",
            "x-envoy-original-path",
            "x-envoy-external-address",
            "x-forwarded-client-cert",
            "x-forwarded-port",
            "x-request-id",
            "x-io",
        )
        for present in (True, False)
    ]
)


@st.composite
def routes(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A route on a normal path or on what sanitising leaves."""
    match: dict[str, Any] = draw(
        st.sampled_from(
            (
                {"prefix": "/"},
                {"prefix": "/a"},
                {"path": "/a/b"},
                {"path": "/b"},
                {"prefix": "/a//"},
                {"path": "//"},
                {"connect_matcher": {}},
                {"safe_regex": {"regex": "/[a-z]/[a-z]"}},
            )
        )
    )
    if draw(st.booleans()):
        match = {**match, "headers": draw(st.lists(predicates, min_size=1, max_size=2))}
    name = f"r{number}"
    kind = draw(st.sampled_from(("forward", "forward", "redirect", "respond")))
    if kind == "redirect":
        target = draw(
            st.sampled_from(
                (
                    {"https_redirect": True},
                    {"host_redirect": "n.com", "strip_query": True},
                    {"path_redirect": "/new"},
                    {"port_redirect": 8443},
                    {"scheme_redirect": "HTTPS", "prefix_rewrite": "/p"},
                )
            )
        )
        return {"name": name, "match": match, "redirect": target}
    if kind == "respond":
        status = draw(st.sampled_from((200, 201, 302, 404, 503)))
        return {"name": name, "match": match, "direct_response": {"status": status}}
    action: dict[str, Any] = {"cluster": draw(st.sampled_from(("c1", "c2", "missing")))}
    if draw(st.booleans()):
        enabled = draw(st.booleans())
        action["upgrade_configs"] = [
            {"upgrade_type": draw(st.sampled_from(("websocket", "CONNECT"))), "enabled": enabled}
        ]
    return {"name": name, "match": match, "route": action}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Three virtual hosts: one plain, one that requires TLS, one that requires it of external requests."""
    listed = [draw(routes(number)) for number in range(draw(st.integers(3, 8)))]
    hosts = [
        {"name": "any", "domains": ["*"], "routes": listed},
        {"name": "a", "domains": ["a.com", "[::1]"], "routes": listed[1:]},
        {"name": "tls", "domains": ["tls.com", "b.com"], "routes": listed, "require_tls": "ALL"},
        {"name": "ext", "domains": ["ext.com"], "routes": listed, "require_tls": "EXTERNAL_ONLY"},
    ]
    return {"virtual_hosts": hosts, "internal_only_headers": ["x-io"]}


def request(rng: Random) -> Request:
    """A request that has something for normalisation to do."""
    method = rng.choice(METHODS)
    host = rng.choice(HOSTS) if rng.random() < 0.85 else rng.choice(ODD_HOSTS)
    path: str | None = rng.choice(PATHS) if rng.random() < 0.7 else near.path(rng, PATHS)
    if rng.random() < 0.05:
        path = rng.choice(
            (
                "http://b.com/a/b",
                "https://tls.com/a",
                "ftp://x/",
                "*",
                "x",
                "http://b.com",
                "http://b.com?q",
                "http://a_b/a",
                "http://[::1]:80/a",
                "http://u:p@b.com/a/b",
                "http://b.com:/a",
            )
        )
    if method == b"CONNECT":
        path = None
    headers = []
    for _ in range(rng.choice((0, 1, 1, 2, 3, 4))):
        name, values = rng.choice(HEADERS)
        headers.append((name.encode(), rng.choice(values).encode()))
    return Request(host.encode(), path.encode() if path is not None else None, method, tuple(headers))


def requests(table: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Requests of every kind for one of the listeners."""
    rng = Random(seed)
    return rng.choice(tuple(LISTENERS)), [request(rng) for _ in range(PER_TABLE)]
