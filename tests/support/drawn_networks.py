"""Listeners whose chains forward: plain and weighted TCP proxies, sni_cluster, RBAC before them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.connections import EXTENSION, chain, listener_filter, tcp, tcp_proxy
from support.drawn_listeners import PREFIXES

CLUSTERS = ("a.com", "b.a.com", "one", "two")
NAMES = (*CLUSTERS, "missing")


def cidr(found: tuple[str, int]) -> dict[str, Any]:
    return {"address_prefix": found[0], "prefix_len": min(found[1], 32 if ":" not in found[0] else 128)}


cidrs = st.sampled_from(PREFIXES).map(cidr)
texts = st.sampled_from(({"exact": "a.com"}, {"suffix": ".com"}, {"prefix": "b"}, {"exact": ""}, {"contains": "a."}))
permissions: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(
        st.just({"any": True}),
        st.sampled_from((21005, 21006)).map(lambda port: {"destination_port": port}),
        st.just({"destination_port_range": {"start": 21005, "end": 21006}}),
        cidrs.map(lambda found: {"destination_ip": found}),
        texts.map(lambda found: {"requested_server_name": found}),
    ),
    lambda inner: st.one_of(
        inner.map(lambda rule: {"not_rule": rule}),
        st.lists(inner, min_size=1, max_size=2).map(lambda rules: {"and_rules": {"rules": rules}}),
        st.lists(inner, min_size=1, max_size=2).map(lambda rules: {"or_rules": {"rules": rules}}),
    ),
    max_leaves=3,
)
principals: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(
        st.just({"any": True}),
        cidrs.map(lambda found: {"direct_remote_ip": found}),
        cidrs.map(lambda found: {"remote_ip": found}),
        st.just({"authenticated": {}}),
    ),
    lambda inner: st.one_of(
        inner.map(lambda rule: {"not_id": rule}),
        st.lists(inner, min_size=1, max_size=2).map(lambda rules: {"and_ids": {"ids": rules}}),
        st.lists(inner, min_size=1, max_size=2).map(lambda rules: {"or_ids": {"ids": rules}}),
    ),
    max_leaves=3,
)
policies = st.fixed_dictionaries(
    {
        "permissions": st.lists(permissions, min_size=1, max_size=2),
        "principals": st.lists(principals, min_size=1, max_size=2),
    }
)


@st.composite
def rbacs(draw: st.DrawFn) -> dict[str, Any]:
    """A network RBAC filter."""
    config: dict[str, Any] = {"@type": EXTENSION + "network.rbac.v3.RBAC", "stat_prefix": "rbac"}
    if draw(st.integers(0, 9)):
        named = draw(st.dictionaries(st.sampled_from(("p", "q", "Q")), policies, max_size=2))
        config["rules"] = {"action": draw(st.sampled_from(("ALLOW", "DENY", "LOG"))), "policies": named}
    return {"name": "rbac", "typed_config": config}


@st.composite
def forwarding(draw: st.DrawFn, steady: bool) -> list[dict[str, Any]]:
    """Network filters that end in a TCP proxy; `steady`: no weight leaves anything to the draw."""
    filters: list[dict[str, Any]] = []
    if draw(st.booleans()):
        filters.append(draw(rbacs()))
    if draw(st.booleans()):
        filters.append({"name": "sni", "typed_config": {"@type": EXTENSION + "network.sni_cluster.v3.SniCluster"}})
    if draw(st.integers(0, 3)):
        return [*filters, tcp_proxy(draw(st.sampled_from(NAMES)))]
    size = 1 if steady else draw(st.integers(1, 3))
    entries = [{"name": draw(st.sampled_from(NAMES)), "weight": draw(st.integers(1, 5))} for _ in range(size)]
    return [*filters, tcp_proxy(weighted_clusters={"clusters": entries})]


@st.composite
def network_worlds(draw: st.DrawFn, port: int, steady: bool = False) -> list[dict[str, Any]]:
    """One listener on `port` with a chain for TLS and one for the rest."""
    names = ("proxy_protocol", "tls_inspector")
    return [
        {
            "name": "recv",
            "address": tcp("127.0.0.1", port),
            "listener_filters": [listener_filter(name) for name in names],
            "listener_filters_timeout": "0s",
            "filter_chains": [
                chain("tls", {"transport_protocol": "tls"}, *draw(forwarding(steady))),
                chain("raw", {"transport_protocol": "raw_buffer"}, *draw(forwarding(steady))),
            ],
        }
    ]
