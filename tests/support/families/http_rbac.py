"""RBAC filters of HTTP and their settings of routes against Envoy: NF-11, NF-13, NF-14."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support import near
from support.families.common import Listener, Table

_TYPE = "type.googleapis.com/envoy.extensions.filters.http."
NAMES = ("rbac", "rbac.second")
PATHS = ("/a", "/b/c", "/w", "/d", "/r", "/none")
VALUES = ("v", "w", "v,w", "V")
RANGES = (
    ("127.0.0.1", 32),
    ("127.0.0.0", 8),
    ("10.0.0.0", 8),
    ("10.0.0.1", 32),
    ("10.0.0.0", 31),
    ("::1", 128),
    ("0.0.0.0", 0),
    ("::", 0),
)
PER_TABLE = 60
DENY_ALL = {
    "@type": _TYPE + "rbac.v3.RBACPerRoute",
    "rbac": {
        "rules": {
            "action": "DENY",
            "policies": {"all": {"permissions": [{"any": True}], "principals": [{"any": True}]}},
        }
    },
}


def string(rng: Random, values: tuple[str, ...]) -> dict[str, Any]:
    """A StringMatcher."""
    kind = rng.choice(("exact", "exact", "prefix", "suffix", "contains", "safe_regex"))
    value = rng.choice(values)
    if kind == "safe_regex":
        return {"safe_regex": {"regex": rng.choice((value, "[a-w/]+", ".*v"))}}
    return {kind: value, **({"ignore_case": True} if rng.random() < 0.3 else {})}


def header(rng: Random) -> dict[str, Any]:
    """A HeaderMatcher."""
    name = rng.choice(("x-a", "X-B", ":path", ":method", ":authority", "accept", "x-envoy-internal", "x-forwarded-for"))
    made: dict[str, Any] = {"name": name}
    match rng.randrange(5):
        case 0:
            made["present_match"] = rng.random() < 0.5
        case 1:
            made["range_match"] = {"start": "1", "end": "5"}
        case _:
            made["string_match"] = string(rng, (*VALUES, *PATHS, "GET", "h.test", "10.0.0.1"))
    for flag in ("invert_match", "treat_missing_header_as_empty"):
        if rng.random() < 0.2:
            made[flag] = True
    return made


def prefix(rng: Random) -> dict[str, Any]:
    """A CidrRange."""
    address, size = rng.choice(RANGES)
    return {"address_prefix": address, "prefix_len": size}


def path(rng: Random) -> dict[str, Any]:
    """A PathMatcher."""
    return {"path": string(rng, PATHS)}


TEMPLATES = ("/a", "/{x}", "/b/*", "/b/{y=**}", "/*/*", "/a{z}")
META = {"filter_metadata": {"ns": {"k": "v", "n": 3, "s": {"x": "y"}, "b": True, "l": ["v", 1]}}}


def metadata(rng: Random) -> dict[str, Any]:
    """A MetadataMatcher: there is metadata on routes, and none is dynamic."""
    keys = rng.choice((("k",), ("n",), ("s", "x"), ("b",), ("l",), ("none",)))
    value = rng.choice(
        (
            {"string_match": string(rng, ("v", "y"))},
            {"double_match": {"exact": 3}},
            {"bool_match": True},
            {"present_match": True},
            {"list_match": {"one_of": {"string_match": {"exact": "v"}}}},
        )
    )
    made = {"filter": rng.choice(("ns", "ns", "other")), "path": [{"key": key} for key in keys], "value": value}
    return {**made, "invert": True} if rng.random() < 0.3 else made


def shared(rng: Random) -> dict[str, Any]:
    """A rule on metadata, of a permission or a principal."""
    source = rng.choice(("ROUTE", "ROUTE", "DYNAMIC"))
    return {"sourced_metadata": {"metadata_matcher": metadata(rng), "metadata_source": source}}


def template(rng: Random) -> dict[str, Any]:
    """A URI template."""
    name = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"
    config = {"@type": name, "path_template": rng.choice(TEMPLATES)}
    return {"uri_template": {"name": "t", "typed_config": config}}


def permission(rng: Random, depth: int = 2) -> dict[str, Any]:
    """A Permission."""
    if rng.random() < 0.15:
        return template(rng) if rng.random() < 0.5 else shared(rng)
    match rng.randrange(9 if depth else 6):
        case 0:
            return {"any": True} if rng.random() < 0.8 else {"requested_server_name": string(rng, ("v",))}
        case 1:
            return {"destination_ip": prefix(rng)}
        case 2:
            start = rng.choice((0, 30000, 40000, 50000))
            return {"destination_port_range": {"start": start, "end": start + rng.choice((1, 5000, 15000))}}
        case 3 | 4:
            return {"header": header(rng)}
        case 5:
            return {"url_path": path(rng)}
        case 6:
            return {"not_rule": permission(rng, depth - 1)}
        case found:
            rules = [permission(rng, depth - 1) for _ in range(rng.randint(1, 3))]
            return {"and_rules" if found == 7 else "or_rules": {"rules": rules}}


def principal(rng: Random, depth: int = 2) -> dict[str, Any]:
    """A Principal."""
    if rng.random() < 0.1:
        return shared(rng)
    match rng.randrange(10 if depth else 7):
        case 0:
            return {"any": True}
        case 1:
            named = {"principal_name": string(rng, VALUES)} if rng.random() < 0.5 else {}
            return {"authenticated": named}
        case 2 | 3:
            return {rng.choice(("source_ip", "direct_remote_ip", "remote_ip", "remote_ip")): prefix(rng)}
        case 4 | 5:
            return {"header": header(rng)}
        case 6:
            return {"url_path": path(rng)}
        case 7:
            return {"not_id": principal(rng, depth - 1)}
        case found:
            ids = [principal(rng, depth - 1) for _ in range(rng.randint(1, 3))]
            return {"and_ids" if found == 8 else "or_ids": {"ids": ids}}


def policy(rng: Random) -> dict[str, Any]:
    """A Policy."""
    return {
        "permissions": [permission(rng) for _ in range(rng.randint(1, 2))],
        "principals": [principal(rng) for _ in range(rng.randint(1, 2))],
    }


def rbac(rng: Random) -> dict[str, Any]:
    """The fields of an RBAC filter."""
    made: dict[str, Any] = {}
    if rng.random() < 0.9:
        names = rng.sample(("b", "a", "B", "p-1", "p-10", "p-2"), rng.randint(0, 3))
        action = rng.choice(("ALLOW", "ALLOW", "DENY", "DENY", "LOG"))
        made["rules"] = {"action": action, "policies": {name: policy(rng) for name in names}}
    if rng.random() < 0.2:
        made["shadow_rules"] = {"action": "DENY", "policies": {"shadow": policy(rng)}}
    return made


def settings(rng: Random, likely: float) -> dict[str, Any]:
    """`typed_per_filter_config` of one level."""
    made: dict[str, Any] = {}
    for name in NAMES:
        if rng.random() > likely:
            continue
        own: dict[str, Any] = {"@type": _TYPE + "rbac.v3.RBACPerRoute"}
        if rng.random() < 0.8:
            own["rbac"] = rbac(rng)
        wrapper = {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig"}
        match rng.randrange(8):
            case 0:
                made[name] = {**wrapper, "disabled": True}
            case 1:
                made[name] = {**wrapper, "config": own}
            case 2:
                made[name] = {"@type": _TYPE + "cors.v3.CorsPolicy"}
            case _:
                made[name] = own
    return {"typed_per_filter_config": made} if made else {}


def manager(rng: Random, *, two: bool, **options: Any) -> dict[str, Any]:
    """Options of a manager with one or two filters in front of the router."""
    filters: list[dict[str, Any]] = []
    for name in NAMES[: 2 if two else 1]:
        made = {"name": name, "typed_config": {"@type": _TYPE + "rbac.v3.RBAC", **rbac(rng)}}
        filters.append({**made, "disabled": True} if rng.random() < 0.15 else made)
    filters.append({"name": "router", "typed_config": {"@type": _TYPE + "router.v3.Router"}})
    return {"http_filters": filters, **options}


def _listeners() -> dict[str, dict[str, Any]]:
    rng = Random(14)
    made = {f"one{number}": manager(rng, two=False) for number in range(12)}
    made |= {f"two{number}": manager(rng, two=True) for number in range(6)}
    made |= {f"edge{number}": manager(rng, two=False, use_remote_address=True) for number in range(3)}
    hops = {"use_remote_address": True, "xff_num_trusted_hops": 1}
    made |= {f"hops{number}": manager(rng, two=False, **hops) for number in range(3)}
    upgrades = {"upgrade_configs": [{"upgrade_type": "websocket"}], "normalize_path": True}
    return made | {f"upgrades{number}": manager(rng, two=False, **upgrades) for number in range(3)}


LISTENERS = _listeners()


def table(rng: Random) -> Table:
    """Routes of every kind with settings at every level."""
    entry = {"name": "c3", "weight": 1, **settings(rng, 0.4)}
    routes: list[dict[str, Any]] = [
        {"match": {"prefix": "/a"}, "route": {"cluster": "c0"}},
        {"match": {"prefix": "/b"}, "route": {"cluster": "absent"}},
        {"match": {"prefix": "/w"}, "route": {"weighted_clusters": {"clusters": [entry]}}},
        {"match": {"prefix": "/d"}, "direct_response": {"status": 207, "body": {"inline_string": "own"}}},
        {"match": {"prefix": "/r"}, "redirect": {"path_redirect": "/elsewhere"}},
    ]
    for number, route in enumerate(routes):
        route |= {"name": f"r{number}", **settings(rng, 0.3)}
        if rng.random() < 0.6:
            route["metadata"] = META
    hosts = [
        {"name": "h", "domains": ["h.test"], "routes": routes, **settings(rng, 0.3)},
        {"name": "tls", "domains": ["tls.test"], "require_tls": "ALL", "routes": routes[:1], **settings(rng, 0.3)},
    ]
    return {"virtual_hosts": hosts, "validate_clusters": False, **settings(rng, 0.2)}


def tables() -> st.SearchStrategy[Table]:
    """Route configurations."""
    return st.randoms(use_true_random=False).map(table)


def request(rng: Random) -> Request:
    """A request near paths, hosts, header values and addresses of the rules."""
    lines: list[tuple[bytes, bytes]] = []
    for name in (b"x-a", b"x-a", b"x-b", b"accept"):
        if rng.random() < 0.4:
            value = near.text(rng, rng.choice((*VALUES, "3", "5"))).strip()
            lines.append((name, value.encode("latin-1")))
    if rng.random() < 0.4:
        given = rng.choice(("10.0.0.1", "10.0.0.2", "11.0.0.1, 10.0.0.1", "10.0.0.1,11.0.0.1", "x", "::1"))
        lines.append((b"x-forwarded-for", given.encode()))
    if rng.random() < 0.1:
        lines += [(b"connection", b"upgrade"), (b"upgrade", rng.choice((b"websocket", b"other")))]
    elif rng.random() < 0.1:
        lines.append((b"content-type", rng.choice((b"application/grpc", b"application/grpc-web"))))
    host = rng.choice(("h.test", "h.test", "h.test", "tls.test", "unknown.test"))
    target = rng.choice(PATHS) + rng.choice(("", "", "?v", "/", "/v?q=/a", "x"))
    return Request(host.encode(), target.encode(), rng.choice((b"GET", b"GET", b"POST")), tuple(lines))


def requests(_: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Requests for one of the listeners."""
    rng = Random(seed)
    return rng.choice(sorted(LISTENERS)), [request(rng) for _ in range(PER_TABLE)]
