"""The tables and requests of benchmarks and instruction counts: all fixed, by no clock and no chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import fastroute

HOST = "api.example.com"
HEADERS = [
    ("user-agent", "curl/8.5.0"),
    ("accept", "*/*"),
    ("accept-encoding", "gzip, deflate, br"),
    ("accept-language", "en-US,en;q=0.9"),
    ("cookie", "session=abcdef0123456789; theme=dark"),
    ("x-trace", "0c5a1f6e-7a0b-4f6a-9c1e-1f2d3c4b5a69"),
    ("x-tenant", "t0"),
    ("content-type", "application/json"),
    ("content-length", "123"),
    ("cache-control", "no-cache"),
    ("authorization", "Bearer abcdefghijklmnopqrstuvwxyz0123456789"),
    ("origin", "https://example.com"),
]
Match = Callable[[int], dict[str, Any]]
Request = tuple[str, list[tuple[str, str]]]


def headers_with(name: str, value: str) -> list[tuple[str, str]]:
    """The twelve headers, one of them changed."""
    return [(key, value if key == name else given) for key, given in HEADERS]


def _header(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "string_match": {"exact": value}}


def _query(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "string_match": {"exact": value}}


def _mixed_match(number: int) -> dict[str, Any]:
    return KINDS[("prefix", "exact", "regex", "header", "query")[number % 5]][0](number)


def _mixed_request(number: int) -> Request:
    return KINDS[("prefix", "exact", "regex", "header", "query")[number % 5]][1](number)


# kind: (the match of route n, the request that it takes)
KINDS: dict[str, tuple[Match, Callable[[int], Request]]] = {
    "prefix": (
        lambda n: {"prefix": f"/service-{n}/api"},
        lambda n: (f"/service-{n}/api/v1/items?page=2", HEADERS),
    ),
    "exact": (
        lambda n: {"path": f"/service-{n}/api/items"},
        lambda n: (f"/service-{n}/api/items?page=2", HEADERS),
    ),
    # Told apart by a literal beginning.
    "regex": (
        lambda n: {"safe_regex": {"regex": f"/r-{n}/[a-z]+"}},
        lambda n: (f"/r-{n}/abc", HEADERS),
    ),
    # By a literal ending.
    "ending regex": (
        lambda n: {"safe_regex": {"regex": f"/.*/[a-z]+-{n}"}},
        lambda n: (f"/some/where/item-{n}", HEADERS),
    ),
    # The literal is in the middle: nothing but the expression itself tells the routes apart.
    "hostile regex": (
        lambda n: {"safe_regex": {"regex": f"/.*/[a-z]+-{n}/[a-z]+"}},
        lambda n: (f"/some/where/item-{n}/part", HEADERS),
    ),
    "header": (
        lambda n: {"prefix": "/", "headers": [_header("x-tenant", f"t{n}")]},
        lambda n: ("/any", headers_with("x-tenant", f"t{n}")),
    ),
    "query": (
        lambda n: {"prefix": "/", "query_parameters": [_query("page", f"p{n}")]},
        lambda n: (f"/any?page=p{n}", HEADERS),
    ),
    "mixed": (_mixed_match, _mixed_request),
}
NOTHING: Request = ("/nothing/at/all", headers_with("x-tenant", "nobody"))


def routes(kind: str, count: int) -> list[dict[str, Any]]:
    """`count` routes of one kind."""
    match = KINDS[kind][0]
    return [{"name": f"r{n}", "match": match(n), "route": {"cluster": "c"}} for n in range(count)]


def route_configuration(listed: Sequence[dict[str, Any]], domains: Sequence[str] = (HOST,)) -> dict[str, Any]:
    return {"name": "r", "virtual_hosts": [{"name": "v", "domains": list(domains), "routes": list(listed)}]}


@lru_cache(maxsize=1)
def router(kind: str, count: int) -> fastroute.Router:
    """A router over one virtual host with `count` routes of one kind; the one made last is kept."""
    return router_of([route_configuration(routes(kind, count))])


def router_of(configurations: list[dict[str, Any]]) -> fastroute.Router:
    return fastroute.Router(fastroute.load({"routes": configurations, "clusters": [{"name": "c"}]}), random=lambda: 0)


def numbers(where: str, count: int) -> list[int]:
    """Which routes are asked for: one of them, or a thousand at random."""
    if where == "random":
        draw = random.Random(7)
        return [draw.randrange(count) for _ in range(1000)]
    return [{"first": 0, "middle": count // 2, "last": count - 1}[where]]


# Domains.

DOMAINS: dict[str, tuple[Callable[[int], str], Callable[[int], str]]] = {
    "exact": (lambda n: f"host-{n}.example.com", lambda n: f"Host-{n}.example.com"),
    "suffix": (lambda n: f"*.host-{n}.example.com", lambda n: f"a.host-{n}.example.com"),
    "prefix": (lambda n: f"host-{n}.*", lambda n: f"host-{n}.net"),
}


@lru_cache(maxsize=2)
def router_by_domain(kind: str, count: int) -> fastroute.Router:
    """One virtual host a domain."""
    domain = DOMAINS[kind][0]
    only = {"name": "only", "match": {"prefix": "/"}, "route": {"cluster": "c"}}
    hosts = [{"name": f"v{n}", "domains": [domain(n)], "routes": [only]} for n in range(count)]
    return router_of([{"name": "r", "virtual_hosts": hosts}])


# Connections.

EXTENSION = "type.googleapis.com/envoy.extensions.filters."
INSPECTOR = {"name": "tls", "typed_config": {"@type": EXTENSION + "listener.tls_inspector.v3.TlsInspector"}}


def _range(number: int) -> dict[str, Any]:
    return {"address_prefix": f"10.{number >> 8}.{number & 255}.0", "prefix_len": 24}


# kind: (the match of filter chain n, what its connection has beside a server name and a source of its own)
CHAINS: dict[str, tuple[Match, Match]] = {
    "sni": (lambda n: {"server_names": [f"host{n}.example"]}, lambda _: {}),
    "name suffix": (
        lambda n: {"server_names": [f"*.host{n}.example"]},
        lambda n: {"server_name": f"a.host{n}.example"},
    ),
    "cidr": (lambda n: {"source_prefix_ranges": [_range(n)]}, lambda _: {}),
    "destination range": (
        lambda n: {"prefix_ranges": [_range(n)]},
        lambda n: {"destination": (f"10.{n >> 8}.{n & 255}.7", 443)},
    ),
    "ports": (lambda n: {"destination_port": 10000 + n}, lambda n: {"destination": ("10.9.9.9", 10000 + n)}),
    "source port": (lambda n: {"source_ports": [10000 + n]}, lambda n: {"source": ("10.0.0.7", 10000 + n)}),
    "alpn": (lambda n: {"application_protocols": [f"p{n}"]}, lambda n: {"application_protocols": (f"p{n}",)}),
}


def _chain(name: str, match: dict[str, Any]) -> dict[str, Any]:
    config = {"@type": EXTENSION + "network.tcp_proxy.v3.TcpProxy", "stat_prefix": "t", "cluster": name}
    return {"name": name, "filter_chain_match": match, "filters": [{"name": "tcp", "typed_config": config}]}


def listener_source(kind: str, count: int) -> dict[str, Any]:
    """A listener whose `count` filter chains differ in server name, source range or destination port."""
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 15001}},
        "use_original_dst": True,
        "listener_filters": [INSPECTOR],
        "filter_chains": [_chain(f"c{number}", CHAINS[kind][0](number)) for number in range(count)],
    }
    return {"listeners": [listener]}


@lru_cache(maxsize=2)
def listening(kind: str, count: int) -> fastroute.Router:
    """A router over `listener_source`."""
    return fastroute.Router(fastroute.load(listener_source(kind, count)), random=lambda: 0)


def connection(kind: str, number: int) -> fastroute.Connection:
    """The connection that filter chain `number` takes."""
    facts: dict[str, Any] = {
        "destination": ("10.9.9.9", 443),
        "source": (f"10.{number >> 8}.{number & 255}.7", 40000),
        "server_name": f"host{number}.example",
    }
    facts.update(CHAINS[kind][1](number))
    return fastroute.Connection(accepted=("10.9.9.1", 15001), transport_protocol="tls", **facts)


# Clusters.

POLICIES: dict[str, dict[str, Any]] = {
    "round robin": {"lb_policy": "ROUND_ROBIN"},
    "least request": {"lb_policy": "LEAST_REQUEST"},
    "random": {"lb_policy": "RANDOM"},
    "maglev": {"lb_policy": "MAGLEV"},
    "ring hash": {"lb_policy": "RING_HASH"},
    "ring hash 65536": {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": 65536}},
}


def cluster_source(policy: str, count: int) -> dict[str, Any]:
    """A static cluster `c` of `count` hosts."""
    endpoints = [
        {
            "endpoint": {
                "address": {"socket_address": {"address": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "port_value": 80}}
            }
        }
        for n in range(count)
    ]
    assignment = {"cluster_name": "c", "endpoints": [{"lb_endpoints": endpoints}]}
    return {"name": "c", "type": "STATIC", "load_assignment": assignment, **POLICIES[policy]}


def router_to(policy: str, count: int) -> fastroute.Router:
    """A router whose only route goes to a cluster of `count` hosts."""
    only = {
        "match": {"prefix": "/"},
        "route": {"cluster": "c", "hash_policy": [{"header": {"header_name": "x-tenant"}}]},
    }
    source = {"routes": [route_configuration([only])], "clusters": [cluster_source(policy, count)]}
    return fastroute.Router(fastroute.load(source), random=lambda: 0x9E3779B97F4A7C15)
