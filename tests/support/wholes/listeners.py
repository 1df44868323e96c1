"""Drawn listeners: sockets on loopback, inspectors, PROXY protocol, hand-off, chains told apart by all criteria."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from support.connections import chain, direct_response, listener_filter, tcp, tcp_proxy
from support.wholes.ledger import access_log
from support.wholes.managers import manager
from support.wholes.routes import Routes
from support.wholes.values import CLUSTERS

Json = dict[str, Any]
Address = tuple[str, int]

LOCALS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
SOURCES = ("127.0.0.1", "127.0.0.2", "127.0.0.9", "127.1.2.3", "127.1.2.4")
PREFIXES = (
    ("127.0.0.0", 8),
    ("127.0.0.2", 32),
    ("127.0.0.2", 31),
    ("127.1.0.0", 16),
    ("127.1.2.3", 32),
    ("10.0.0.0", 8),
    ("::1", 128),
)
SERVER_NAMES = ("a.com", "*.a.com", "b.a.com", "*.com", "A.com", "com")
PROTOCOLS = ("h2", "http/1.1", "http/1.0", "h2c", "foo")
SOURCE_PORTS = (20_000, 65_535)
TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"


def listeners(rng: Random, ports: Sequence[int], server: tuple[str, str]) -> list[Json]:
    """One to three listeners on these ports, and perhaps one without a socket; `server`: a certificate and its key."""
    routes = Routes(rng)
    found = []
    addresses = [(rng.choice(LOCALS), port) for port in ports[: rng.randint(1, 3)]]
    for number, address in enumerate(addresses):
        made = _listener(rng, routes, f"l{number}", address, addresses, server)
        if rng.random() < 0.2:
            more = (rng.choice(LOCALS), ports[3 + number])
            made["additional_addresses"] = [{"address": tcp(*more)}]
        found.append(made)
    if rng.random() < 0.5:
        inner = _listener(rng, routes, "inner", ("127.0.0.3", ports[-1]), addresses, server)
        found.append({**inner, "bind_to_port": False})
    return found


def _listener(
    rng: Random, routes: Routes, name: str, address: Address, addresses: Sequence[Address], server: tuple[str, str]
) -> Json:
    filters = [listener_filter(each) for each in ("tls_inspector", "http_inspector") if rng.random() < 0.75]
    rng.shuffle(filters)
    if rng.random() < 0.3:
        optional = rng.random() < 0.5
        proxy = listener_filter("proxy_protocol", allow_requests_without_proxy_protocol=optional)
        filters.insert(rng.choice((0, 0, 0, len(filters))), proxy)
    if rng.random() < 0.15:
        filters.append(listener_filter("original_dst"))
    made: Json = {
        "name": name,
        "address": tcp(*address),
        "listener_filters": filters,
        "listener_filters_timeout": "0s",
        "use_original_dst": rng.random() < 0.4,
        "access_log": [access_log("connection")],
    }
    local_ports = [port for _, port in addresses]
    matches: list[Json] = []
    for _ in range(rng.choice((1, 2, 3, 4))):
        match = _match(rng, local_ports)
        if match not in matches:
            matches.append(match)
    made["filter_chains"] = [_chain(rng, routes, f"{name}/{at}", match, server) for at, match in enumerate(matches)]
    if rng.random() < 0.6:
        made["default_filter_chain"] = _chain(rng, routes, f"{name}/default", None, server)
    return made


def _match(rng: Random, ports: Sequence[int]) -> Json:
    def ranges() -> list[Json]:
        chosen = rng.sample(PREFIXES, rng.randint(1, 2))
        return [{"address_prefix": address, "prefix_len": length} for address, length in chosen]

    options: Json = {
        "destination_port": rng.choice(ports),
        "prefix_ranges": ranges(),
        "server_names": rng.sample(SERVER_NAMES[:4], rng.randint(1, 2)),
        "transport_protocol": rng.choice(("tls", "raw_buffer")),
        "application_protocols": rng.sample(PROTOCOLS, rng.randint(1, 2)),
        "direct_source_prefix_ranges": ranges(),
        "source_type": rng.choice(("SAME_IP_OR_LOOPBACK", "EXTERNAL")),
        "source_prefix_ranges": ranges(),
        "source_ports": [rng.choice(SOURCE_PORTS)],
    }
    wanted = rng.sample(sorted(options), rng.choice((0, 0, 1, 1, 2, 3)))
    return {name: options[name] for name in wanted}


def _chain(rng: Random, routes: Routes, name: str, match: Json | None, server: tuple[str, str]) -> Json:
    kind = rng.random()
    if kind < 0.78:
        filters = [manager(rng, routes, name)]
    elif kind < 0.93:
        filters = [_proxy(rng)]
    else:
        filters = [direct_response(name)]
    made = chain(name, match, *filters)
    if (match or {}).get("transport_protocol") == "tls" or rng.random() < (
        0.3 if "server_names" in (match or {}) else 0.05
    ):
        made["transport_socket"] = _tls(rng, server)
    return made


def _proxy(rng: Random) -> Json:
    if rng.random() < 0.3:
        entries = [{"name": name, "weight": rng.randint(1, 5)} for name in rng.sample(CLUSTERS, 2)]
        made = tcp_proxy(weighted_clusters={"clusters": entries})
    else:
        made = tcp_proxy(rng.choice((*CLUSTERS, "absent")))
    config: Json = made["typed_config"]
    config["access_log"] = [access_log("tcp")]
    if rng.random() < 0.5:
        config["hash_policy"] = [{"source_ip": {}}]
    if rng.random() < 0.3:
        config["metadata_match"] = {"filter_metadata": {"envoy.lb": {"stage": "prod"}}}
    return made


def _tls(rng: Random, server: tuple[str, str]) -> Json:
    certificate, key = server
    common: Json = {
        "tls_certificates": [
            {"certificate_chain": {"inline_string": certificate}, "private_key": {"inline_string": key}}
        ]
    }
    if rng.random() < 0.7:
        common["alpn_protocols"] = rng.choice((["h2", "http/1.1"], ["http/1.1"], ["h2"]))
    return {"name": "tls", "typed_config": {"@type": TLS, "common_tls_context": common}}
