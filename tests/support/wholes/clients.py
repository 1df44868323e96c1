"""Drawn conversations with a whole bootstrap: connections of every kind, and requests near what its routes say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from support import http_tables, manager_bed, near
from support.action_routes import ANSWERS
from support.families import normalisation
from support.wholes import values
from support.wholes.listeners import LOCALS, PROTOCOLS, SOURCES

Address = tuple[str, int]
Pairs = tuple[tuple[bytes, bytes], ...]
SNIS = (None, "a.com", "A.com", "b.a.com", "c.b.a.com", "x.com", "com", "a.com.")
TRUSTED = ("10.0.0.1", "127.0.0.1", "1.2.3.4", "127.1.2.3", "8.8.8.8")


@dataclass(frozen=True)
class Asked:
    """One request as an HTTP/1.1 client writes it: `path` is the request target, None for CONNECT."""

    authority: bytes
    path: bytes | None
    method: bytes = b"GET"
    headers: Pairs = ()

    @property
    def raw(self) -> bytes:
        """The bytes on the wire."""
        target = self.authority if self.path is None else self.path
        lines = [self.method + b" " + target + b" HTTP/1.1", b"Host: " + self.authority]
        lines += [name + b": " + value for name, value in self.headers]
        return b"\r\n".join([*lines, b"", b""])


@dataclass(frozen=True)
class Talk:
    """One connection: to an address, from one, behind a PROXY header or not, with TLS or not, and its requests."""

    destination: Address
    source: str
    requests: tuple[Asked, ...]
    proxy: tuple[Address, Address] | None = None
    tls: tuple[str | None, tuple[str, ...]] | None = None
    port: int = field(default=0)


PLAIN = Asked(b"a.com", b"/")


def conversations(
    bootstrap: Mapping[str, Any], rng: Random, talks: int, each: int, chain_of: Callable[[Talk], str]
) -> Iterator[Talk]:
    """Connections to the bootstrap's sockets, and `each` requests on every one, near the routes of its chain.

    `chain_of` names the filter chain that a conversation comes to.
    """
    tables = list(_tables(bootstrap))
    sockets = [(listener, address) for listener in _bound(bootstrap) for address in _addresses(listener)]
    for _ in range(talks):
        listener, address = rng.choice(sockets)
        port = rng.choice((0, 0, 0, 20_000))
        proxy, tls = _proxy(rng, bootstrap, listener), _tls(rng, listener)
        talk = Talk(address, rng.choice(SOURCES), (PLAIN,), proxy, tls, port)
        chain = chain_of(talk)
        own = [table for name, table in tables if name == chain]
        requests = [_request(rng, rng.choice(own)) for _ in range(each)] if own else [PLAIN]
        yield replace(talk, requests=tuple(requests))


def _bound(bootstrap: Mapping[str, Any]) -> list[Any]:
    return [each for each in bootstrap["static_resources"]["listeners"] if each.get("bind_to_port", True)]


def _addresses(listener: Mapping[str, Any]) -> Iterator[Address]:
    for each in (listener, *listener.get("additional_addresses", ())):
        socket = each["address"]["socket_address"]
        yield socket["address"], socket["port_value"]


def _tables(bootstrap: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The route configurations of a bootstrap, each with the name of its filter chain."""
    for listener in bootstrap["static_resources"]["listeners"]:
        for chain in (*listener["filter_chains"], listener.get("default_filter_chain", {})):
            for each in chain.get("filters", ()):
                config = each["typed_config"]
                if "route_config" in config:
                    yield chain["name"], config["route_config"]
                listed = config.get("scoped_routes", {}).get("scoped_route_configurations_list", {})
                for scope in listed.get("scoped_route_configurations", ()):
                    yield chain["name"], scope["route_configuration"]


def _proxy(rng: Random, bootstrap: Mapping[str, Any], listener: Mapping[str, Any]) -> tuple[Address, Address] | None:
    wanted = any(each["name"].endswith("proxy_protocol") for each in listener["listener_filters"])
    if rng.random() > (0.8 if wanted else 0.02):
        return None
    known = [address for each in bootstrap["static_resources"]["listeners"] for address in _addresses(each)]
    destination = rng.choice((*known, *known, ("10.0.0.9", 80), (rng.choice(LOCALS), rng.choice(known)[1])))
    return (rng.choice((*SOURCES, "10.1.2.3", destination[0])), rng.choice((20_000, 40_000))), destination


def _tls(rng: Random, listener: Mapping[str, Any]) -> tuple[str | None, tuple[str, ...]] | None:
    """Mostly TLS where a chain of the listener speaks it."""
    chains = (*listener["filter_chains"], listener.get("default_filter_chain", {}))
    spoken = any("transport_socket" in each for each in chains)
    if rng.random() > (0.5 if spoken else 0.08):
        return None
    protocols = rng.sample([each for each in PROTOCOLS if each != "h2"], rng.choice((0, 1, 1, 2)))
    return rng.choice(SNIS), tuple(protocols)


def _request(rng: Random, table: Mapping[str, Any]) -> Asked:
    hosts = table["virtual_hosts"]
    host = rng.choice([each for each in hosts if each.get("routes")] or hosts)
    routes = host.get("routes", ())
    domains = host["domains"] if rng.random() < 0.8 else [domain for each in hosts for domain in each["domains"]]
    route = rng.choice(routes)["match"] if routes and rng.random() < 0.85 else {}
    method = rng.choice(values.METHODS)
    if "connect_matcher" in route and rng.random() < 0.6:
        method = "CONNECT"
    authority = near.host(rng, domains) if rng.random() < 0.85 else rng.choice(values.ODD_HOSTS)
    path: str | None = _path(rng, route)
    if method == "CONNECT":
        path = None if rng.random() < 0.9 else path
        authority = rng.choice(("a.com:80", "x.a.com:443", "b.c:1", authority))
    headers = [
        pair for pair in _headers(rng, route) if pair[0].lower() not in ("host", "transfer-encoding", "content-length")
    ]
    written = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers)
    return Asked(
        authority.encode("latin-1"), path if path is None else path.encode("latin-1"), method.encode(), written
    )


def _path(rng: Random, match: Mapping[str, Any]) -> str:
    drawn = rng.random()
    if drawn < 0.04:
        return rng.choice(values.TARGETS)
    if drawn < 0.2:
        return rng.choice(values.ODD_PATHS)
    path = near.path(rng, _paths(match))
    if drawn > 0.85:
        path = rng.choice((path + rng.choice(manager_bed.TAILS), path.replace("/", "//", 1), "/x/.." + path))
    wanted = [each["name"] for each in match.get("query_parameters", ())]
    if wanted and rng.random() < 0.7:
        return f"{path}?{wanted[0]}={rng.choice(('a', 'b', 'ab', '1', ''))}".replace(" ", "+")
    return path + "?" + rng.choice(values.QUERIES) if rng.random() < 0.3 else path


def _paths(match: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths that a match takes, or nearly takes."""
    for kind in ("prefix", "path", "path_separated_prefix"):
        if kind in match:
            return (match[kind] or "/",)
    return http_tables.PATHS


def _headers(rng: Random, match: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for matcher in match.get("headers", ()):
        if not matcher["name"].startswith(":") and rng.random() < 0.75:
            found.append((matcher["name"], _wanted(rng, matcher)))
    if "cookies" in match and rng.random() < 0.7:
        found.append(("cookie", rng.choice(values.COOKIES)))
    if "grpc" in match and rng.random() < 0.8:
        found.append(("content-type", "application/grpc"))
    for _ in range(rng.choice((0, 1, 1, 2, 3, 5))):
        found.append(_header(rng))
    for name, share, some in (
        ("x-cluster", 0.6, values.CLUSTERS),
        ("x-pick", 0.6, ("0", "1", "2", "3", "49", "50", "51", "99", "100", "x", "")),
        ("x-hash", 0.5, ("a", "b", "c", "d", "e", "")),
        ("x-tenant", 0.4, ("a", "b", "ab", "A", "1", "", "k=a", "x,a", "a,b", "k=a;j=b", "j=b,k=1", "k=", "k")),
        ("x-answer", 0.15, ANSWERS),
        ("x-status", 0.12, ("404", "302", "500", "503", "418", "409")),
    ):
        if rng.random() < share:
            found.append((name, rng.choice(some)))
    rng.shuffle(found)
    return found


def _wanted(rng: Random, matcher: Mapping[str, Any]) -> str:
    """A value near the one that a header matcher looks for."""
    texts = [each for each in matcher.get("string_match", {}).values() if isinstance(each, str)]
    texts += [matcher["exact_match"]] if "exact_match" in matcher else []
    value = rng.choice(texts or ["a", "b", "5", "7", "1"])
    return near.text(rng, value) if rng.random() < 0.3 else value


def _header(rng: Random) -> tuple[str, str]:
    drawn = rng.random()
    if drawn < 0.3:
        name, some = rng.choice(normalisation.HEADERS)
        return name, rng.choice(some)
    if drawn < 0.5:
        return rng.choice(manager_bed.HEADERS)
    if drawn < 0.58:
        return "cookie", rng.choice(values.COOKIES)
    if drawn < 0.62:
        return (
            "x-host",
            f"{rng.choice(('127.0.1.1', '127.0.1.2', '10.0.0.1', 'x', ''))}:{rng.choice(('1', '0', 'x', '65536'))}",
        )
    return rng.choice(values.NAMES), rng.choice(values.VALUES)
