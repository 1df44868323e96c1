"""Drawn connection managers and requests near their values, for comparing two deciders without Envoy.

    rng = Random(seed)
    manager = http_manager(rng)            an HttpConnectionManager in JSON form, with inline routes
    requests = near_requests(rng, manager) requests that match it, or nearly do

Every kind of matcher and option that both deciders support occurs; values repeat often, so that routes overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from fastroute.request import Connection, Request, TlsFacts
from support import near

Json = dict[str, Any]

DOMAINS = ("*", "a.com", "*.a.com", "b.*", "*-x.a.com", "a.com:8080", "a.*", "*.com", "A.b.com", "[::1]", "x", "")
PATHS = ("/", "/a", "/a/b", "/a/b/c", "/api/v1", "/API", "/a;p=1/b", "/b", "/ab", "", "/a?b", "/a.b", "//a", "/a/")
REGEXES = ("/a.*", "/a|/b", "/[a-z]+/b?", "(?i)/API/.*", "/a\\.b", ".*c", "/a/b{1,2}", "/(a|api)/v[0-9]")
TEMPLATES = ("/{x}", "/a/*", "/a/**", "/{x=a/*}/c", "/*/b", "/{p=**}.y", "/api/{v}/x", "/a/{b=**}")
HEADERS = (
    "x-a",
    "x-b",
    "accept",
    "cookie",
    "content-type",
    ":path",
    ":method",
    ":authority",
    ":scheme",
    "host",
    "x-envoy-retry-on",
    "x-forwarded-proto",
    "x-forwarded-for",
    "x-request-id",
    "te",
    "X-C",
    "user-agent",
)
VALUES = ("a", "b", "ab", "A", "", "1", "-5", "12", "a,b", "GET", "/a", "a.com", "https", "application/grpc", "0", "7 ")
QUERIES = ("q", "x", "Q", "q q")
COOKIES = ("sid", "e", "SID")
WEIGHTS = (0, 1, 5, 30, 70)
CLUSTERS = ("c0", "c1", "c2")
KNOWN_CLUSTERS = frozenset(CLUSTERS)

_TEMPLATE = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_HEADER_INPUT = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
_ROUTE = "type.googleapis.com/envoy.config.route.v3.Route"


def chance(rng: Random, share: float) -> bool:
    """True in that share of the draws."""
    return rng.random() < share


def string_match(rng: Random) -> Json:
    """A string matcher."""
    kind = rng.choice(("exact", "exact", "prefix", "suffix", "contains", "safe_regex"))
    if kind == "safe_regex":
        return {"safe_regex": {"regex": rng.choice(("a|ab", "[a-z]*", "1.", ".", "(?i)A"))}}
    value = rng.choice(VALUES) or ("" if kind == "exact" else "a")
    return {kind: value, **({"ignore_case": True} if chance(rng, 0.2) else {})}


def header_matcher(rng: Random) -> Json:
    """A header matcher of any kind."""
    found: Json = {"name": rng.choice(HEADERS)}
    kind = rng.choice(("string_match", "string_match", "present_match", "range_match", "exact_match", "none"))
    if kind == "string_match":
        found["string_match"] = string_match(rng)
    elif kind == "present_match":
        found["present_match"] = chance(rng, 0.5)
    elif kind == "range_match":
        found["range_match"] = {"start": rng.choice((-5, 0, 7)), "end": rng.choice((1, 8, 13))}
    elif kind == "exact_match":
        found["exact_match"] = rng.choice(VALUES)
    for flag in ("invert_match", "treat_missing_header_as_empty"):
        if chance(rng, 0.2):
            found[flag] = True
    return found


def route_match(rng: Random) -> Json:
    """A match with a path specifier, and sometimes more."""
    kind = rng.choice(("prefix", "prefix", "path", "path_separated_prefix", "safe_regex", "template", "connect"))
    found: Json = {}
    if kind == "safe_regex":
        found["safe_regex"] = {"regex": rng.choice(REGEXES)}
    elif kind == "template":
        config = {"@type": _TEMPLATE, "path_template": rng.choice(TEMPLATES)}
        found["path_match_policy"] = {"name": "t", "typed_config": config}
    elif kind == "connect":
        found["connect_matcher"] = {}
    elif kind == "path_separated_prefix":
        found[kind] = rng.choice(("/a", "/a/b", "/API", "/api/v1"))
    else:
        found[kind] = rng.choice(PATHS)
    if chance(rng, 0.2):
        found["case_sensitive"] = chance(rng, 0.3)
    if chance(rng, 0.4):
        found["headers"] = [header_matcher(rng) for _ in range(rng.randint(1, 2))]
    if chance(rng, 0.15):
        found["query_parameters"] = [_named(rng, QUERIES, present=True)]
    if chance(rng, 0.1):
        found["cookies"] = [{**_named(rng, COOKIES), **({"invert_match": True} if chance(rng, 0.3) else {})}]
    if chance(rng, 0.1):
        share = {"numerator": rng.choice((0, 30, 100, 101)), "denominator": rng.choice(("HUNDRED", "MILLION"))}
        found["runtime_fraction"] = {"default_value": share, "runtime_key": rng.choice(("", "k"))}
    if chance(rng, 0.05):
        found["grpc"] = {}
    if chance(rng, 0.05):
        found["tls_context"] = {rng.choice(("presented", "validated")): chance(rng, 0.5)}
    return found


def _named(rng: Random, names: Sequence[str], *, present: bool = False) -> Json:
    found: Json = {"name": rng.choice(names)}
    if present and chance(rng, 0.3):
        found["present_match"] = chance(rng, 0.6)
    else:
        found["string_match"] = string_match(rng)
    return found


def route(rng: Random, number: int) -> Json:
    """A route that forwards, redirects or answers."""
    found: Json = {"name": f"r{number}", "match": route_match(rng)}
    kind = rng.choice(("cluster", "cluster", "cluster", "weighted", "cluster_header", "redirect", "respond", "none"))
    if kind == "redirect":
        found["redirect"] = {"https_redirect": True}
    elif kind == "respond":
        found["direct_response"] = {"status": rng.choice((200, 404))}
    elif kind == "none":
        found["non_forwarding_action"] = {}
    else:
        found["route"] = _forward(rng, kind)
    return found


def _forward(rng: Random, kind: str) -> Json:
    action: Json
    if kind == "cluster":
        action = {"cluster": rng.choice((*CLUSTERS, *CLUSTERS, "unknown"))}
    elif kind == "cluster_header":
        action = {"cluster_header": rng.choice(("x-a", "x-cluster", ":authority"))}
    else:
        entries = [{"name": name, "weight": rng.choice(WEIGHTS)} for name in CLUSTERS]
        entries[0]["weight"] = 1
        action = {"weighted_clusters": {"clusters": entries}}
        if chance(rng, 0.4):
            action["weighted_clusters"]["header_name"] = "x-b"
    if chance(rng, 0.2):
        action["cluster_not_found_response_code"] = rng.choice(("NOT_FOUND", "INTERNAL_SERVER_ERROR"))
    if chance(rng, 0.15):
        action["upgrade_configs"] = [{"upgrade_type": "websocket", "enabled": chance(rng, 0.5)}]
    return action


def tree(rng: Random, depth: int = 2) -> Json:
    """A matcher tree whose actions are routes."""
    read = {
        "name": "i",
        "typed_config": {"@type": _HEADER_INPUT, "header_name": rng.choice(("x-a", "x-b", ":path", "accept", "host"))},
    }
    found: Json = {}
    kind = rng.choice(("matcher_list", "exact_match_map", "prefix_match_map"))
    if kind == "matcher_list":
        entries = [{"predicate": _predicate(rng, read), "on_match": _on_match(rng, depth)} for _ in range(2)]
        found["matcher_list"] = {"matchers": entries}
    else:
        keys = rng.sample(("a", "ab", "b", "1", "/a", "/", "a.com", "/a/b"), 3)
        found["matcher_tree"] = {"input": read, kind: {"map": {key: _on_match(rng, depth) for key in keys}}}
    if chance(rng, 0.5):
        found["on_no_match"] = _on_match(rng, depth)
    return found


def _predicate(rng: Random, read: Json) -> Json:
    single = {"single_predicate": {"input": read, "value_match": string_match(rng)}}
    kind = rng.choice(("single", "single", "not_matcher", "or_matcher", "and_matcher"))
    if kind == "single":
        return single
    if kind == "not_matcher":
        return {kind: single}
    return {kind: {"predicate": [single, _predicate(rng, read)]}}


def _on_match(rng: Random, depth: int) -> Json:
    if depth > 0 and chance(rng, 0.4):
        return {"matcher": tree(rng, depth - 1)}
    return {"action": {"name": "r", "typed_config": {"@type": _ROUTE, **route(rng, rng.randint(0, 99))}}}


def route_configuration(rng: Random) -> Json:
    """A route configuration with one to four virtual hosts."""
    domains = rng.sample(DOMAINS, rng.randint(1, 6))
    hosts: list[Json] = []
    while domains:
        taken, domains = domains[: rng.randint(1, 3)], domains[3:]
        host: Json = {"name": f"h{len(hosts)}", "domains": taken}
        if chance(rng, 0.15):
            host["matcher"] = tree(rng)
        else:
            host["routes"] = [route(rng, number) for number in range(rng.randint(0, 14))]
        if chance(rng, 0.15):
            host["require_tls"] = rng.choice(("ALL", "EXTERNAL_ONLY"))
        hosts.append(host)
    found: Json = {"name": "rc", "virtual_hosts": hosts, "validate_clusters": False}
    for flag in ("ignore_port_in_host_matching", "ignore_path_parameters_in_path_matching"):
        if chance(rng, 0.2):
            found[flag] = True
    if chance(rng, 0.08):
        found["vhost_header"] = rng.choice(("x-a", "x-forwarded-for", "accept"))
    if chance(rng, 0.1):
        found["internal_only_headers"] = [rng.choice(("x-a", "x-b"))]
    return found


_OPTIONS: Mapping[str, Callable[[Random], Any]] = {
    "normalize_path": lambda rng: chance(rng, 0.8),
    "merge_slashes": lambda rng: True,
    "path_with_escaped_slashes_action": lambda rng: rng.choice(
        ("REJECT_REQUEST", "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD")
    ),
    "strip_trailing_host_dot": lambda rng: True,
    "use_remote_address": lambda rng: chance(rng, 0.8),
    "xff_num_trusted_hops": lambda rng: rng.randint(0, 2),
    "skip_xff_append": lambda rng: True,
    "internal_address_config": lambda rng: {
        "cidr_ranges": [
            {"address_prefix": "10.0.0.0", "prefix_len": 8},
            {"address_prefix": "127.0.0.1", "prefix_len": 32},
        ]
    },
    "scheme_header_transformation": lambda rng: {"scheme_to_overwrite": rng.choice(("http", "https"))},
    "append_x_forwarded_port": lambda rng: True,
    "via": lambda rng: "v",
    "generate_request_id": lambda rng: False,
    "upgrade_configs": lambda rng: [{"upgrade_type": rng.choice(("websocket", "CONNECT", "foo"))}],
    "common_http_protocol_options": lambda rng: {
        "headers_with_underscores_action": rng.choice(("DROP_HEADER", "REJECT_REQUEST")),
        "max_headers_count": rng.choice((3, 100)),
    },
    "http_protocol_options": lambda rng: {
        "allow_absolute_url": chance(rng, 0.5),
        "allow_custom_methods": chance(rng, 0.5),
    },
}


def http_manager(rng: Random) -> Json:
    """A connection manager with some options and inline routes."""
    found: Json = {
        "stat_prefix": "x",
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
        "route_config": route_configuration(rng),
    }
    for name, draw in _OPTIONS.items():
        if chance(rng, 0.15):
            found[name] = draw(rng)
    if chance(rng, 0.15):
        found[rng.choice(("strip_matching_host_port", "strip_any_host_port"))] = True
    return found


def near_requests(rng: Random, manager: Json, count: int) -> list[Request]:
    """Requests near the values of the manager's routes."""
    domains = [domain for host in manager["route_config"]["virtual_hosts"] for domain in host["domains"]]
    return [_request(rng, domains) for _ in range(count)]


def _request(rng: Random, domains: Sequence[str]) -> Request:
    path = near.path(rng, PATHS)
    if chance(rng, 0.3):
        path += rng.choice(("?q=a", "?x=1&q=b", "?q", "?Q=A&q=a&q=b", "?q q=ab", "?=a", "?&q=1"))
    if chance(rng, 0.03):
        path = rng.choice(
            ("*", "http://a.com/a", "https://b:1?x", "ftp://a/", "a", "/a#b", "/a\x7f", "/\xfc", "http:///a")
        )
    method = rng.choice(("GET",) * 12 + ("POST", "POST", "CONNECT", "CONNECT", "OPTIONS", "QUERY", "FOO"))
    headers = [_header(rng) for _ in range(rng.choice((0, 1, 2, 3, 6)))]
    known = None
    if chance(rng, 0.7):
        tls = TlsFacts(presented=chance(rng, 0.5), validated=chance(rng, 0.5)) if chance(rng, 0.3) else None
        source = rng.choice((("127.0.0.1", 5), ("10.1.2.3", 6), ("8.8.8.8", 7)))
        known = Connection(("192.0.2.2", rng.choice((80, 8080))), source, tls=tls)
    authority = near.host(rng, domains)
    connect = method == "CONNECT"
    if connect and chance(rng, 0.8):
        authority = rng.choice(("a.com:80", "x.a.com:443", "b.c:1"))
    return Request(
        authority.encode(),
        None if connect and chance(rng, 0.9) else path.encode("latin-1"),
        method.encode(),
        tuple(headers),
        rng.choice((b"http", b"http", b"https")),
        rng.choice((0, 29, 30, 99, 2**64 - 1, rng.getrandbits(64))),
        known,
    )


_EXTRA_HEADERS = (
    ("x-forwarded-proto", "https"), ("x-forwarded-proto", ""), ("x-forwarded-proto", "ftp"), ("connection", "x-a"),
    ("x-forwarded-for", "1.2.3.4, 10.0.0.9"), ("x-envoy-retry-on", "a"), ("x-envoy-internal", "true"),
    ("x-forwarded-for", "10.0.0.1"), ("connection", "Upgrade"), ("upgrade", "websocket"), ("upgrade", "WebSocket"),
    ("connection", "keep-alive"),
    ("connection", "close, x-b, te"), ("te", "trailers"), ("te", "gzip"), ("x_u", "a"),
    ("cookie", "sid=a; e"), ("cookie", 'sid="1"'), ("cookie", "a=b;sid=ab; sid=a"),
    ("content-type", "application/grpc+x"), ("x-cluster", "c1"), ("x-b", " 31 "), ("x-b", "18446744073709551616"),
    ("via", "a"), ("x-request-id", "a"), ("transfer-encoding", "chunked"), ("X-A", "b"), ("x-c", "1"),
)  # fmt: skip


def _header(rng: Random) -> tuple[bytes, bytes]:
    if chance(rng, 0.02):
        name, value = rng.choice((("bad name", "a"), ("x-a", "a\x01"), ("x@", "a")))
    elif chance(rng, 0.4):
        name, value = rng.choice(_EXTRA_HEADERS)
    else:
        name, value = rng.choice([each for each in HEADERS if each[0] != ":" and each != "host"]), rng.choice(VALUES)
        value = near.text(rng, value) if chance(rng, 0.3) else value
    return name.encode(), value.encode("latin-1")
