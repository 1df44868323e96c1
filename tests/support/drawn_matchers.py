"""Filter chain matchers drawn over few values, deep enough that nested matchers miss."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from support.connections import chain, listener_filter, tcp
from support.drawn_listeners import IPS, NAMES, PORTS, PREFIXES, SOURCE_PORTS

NETWORK = "type.googleapis.com/envoy.extensions.matching.common_inputs.network.v3."
CHAINS = ("a", "b", "c")
VALUES: dict[str, tuple[str, ...]] = {
    "DestinationIPInput": IPS,
    "SourceIPInput": IPS,
    "DirectSourceIPInput": ("127.0.0.1", "127.0.0.2"),
    "DestinationPortInput": tuple(str(port) for port in PORTS),
    "SourcePortInput": tuple(str(port) for port in SOURCE_PORTS),
    "SourceTypeInput": ("local",),
    "ServerNameInput": ("a.com", "b.a.com", "com"),
    "TransportProtocolInput": ("tls", "raw_buffer"),
    "ApplicationProtocolInput": ("'h2'", "'h2','http/1.1'", "'http/1.1'"),
}
kinds = st.sampled_from(sorted(VALUES))


def read(kind: str) -> dict[str, Any]:
    return {"name": kind, "typed_config": {"@type": NETWORK + kind}}


def action(name: str) -> dict[str, Any]:
    return {
        "action": {
            "name": "x",
            "typed_config": {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": name},
        }
    }


def cidrs() -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.sampled_from(PREFIXES), min_size=1, max_size=2, unique=True).map(
        lambda found: [{"address_prefix": address, "prefix_len": min(length, 32)} for address, length in found]
    )


@st.composite
def on_matches(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    if depth == 0 or draw(st.booleans()):
        return action(draw(st.sampled_from((*CHAINS, *CHAINS, *CHAINS, "absent"))))
    return {"matcher": draw(matchers(depth - 1))}


@st.composite
def predicates(draw: st.DrawFn, depth: int = 1) -> dict[str, Any]:
    how = draw(st.integers(0, 3 if depth else 0))
    if how == 1:
        return {"not_matcher": draw(predicates(depth - 1))}
    if how in (2, 3):
        pair = draw(st.lists(predicates(depth - 1), min_size=2, max_size=2))
        return {"or_matcher" if how == 2 else "and_matcher": {"predicate": pair}}
    kind = draw(kinds)
    value = draw(st.sampled_from(VALUES[kind]))
    test = draw(st.sampled_from(("exact", "prefix", "suffix", "contains")))
    return {"single_predicate": {"input": read(kind), "value_match": {test: value if test == "exact" else value[:3]}}}


@st.composite
def matchers(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """A Matcher message."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["on_no_match"] = draw(on_matches(depth))
    how = draw(st.sampled_from(("list", "exact", "prefix", "ip", "name")))
    if how == "list":
        size = draw(st.integers(1, 3))
        entries = [{"predicate": draw(predicates()), "on_match": draw(on_matches(depth))} for _ in range(size)]
        return {**found, "matcher_list": {"matchers": entries}}
    return {**found, "matcher_tree": draw(trees(how, depth))}


@st.composite
def trees(draw: st.DrawFn, how: str, depth: int) -> dict[str, Any]:
    if how == "ip":
        kind = draw(st.sampled_from(("DestinationIPInput", "SourceIPInput", "DirectSourceIPInput")))
        entries = [
            {"ranges": draw(cidrs()), "on_match": draw(on_matches(depth)), "exclusive": draw(st.booleans())}
            for _ in range(draw(st.integers(1, 3)))
        ]
        config = {"@type": "type.googleapis.com/xds.type.matcher.v3.IPMatcher", "range_matchers": entries}
        return {"input": read(kind), "custom_match": {"name": "ip", "typed_config": config}}
    if how == "name":
        names = draw(st.lists(st.sampled_from(("*", *NAMES)), min_size=1, max_size=4, unique_by=str.lower))
        entries = [{"domains": [name], "on_match": draw(on_matches(depth))} for name in names]
        config = {"@type": "type.googleapis.com/xds.type.matcher.v3.ServerNameMatcher", "domain_matchers": entries}
        return {"input": read("ServerNameInput"), "custom_match": {"name": "sni", "typed_config": config}}
    kind = draw(kinds)
    values = draw(st.lists(st.sampled_from(VALUES[kind]), min_size=1, max_size=3, unique=True))
    if how == "prefix":
        values = sorted({value[: draw(st.integers(1, 6))] for value in values})
    return {"input": read(kind), f"{how}_match_map": {"map": {value: draw(on_matches(depth)) for value in values}}}


@st.composite
def matched_worlds(draw: st.DrawFn, port: int) -> list[dict[str, Any]]:
    """A listener on `port` whose chains are chosen by a matcher."""
    found: dict[str, Any] = {
        "name": "recv",
        "address": tcp("127.0.0.1", port),
        "listener_filters": [listener_filter(name) for name in ("proxy_protocol", "tls_inspector", "http_inspector")],
        "listener_filters_timeout": "0s",
        "filter_chains": [chain(name) for name in CHAINS],
        "filter_chain_matcher": draw(matchers()),
    }
    if draw(st.booleans()):
        found["default_filter_chain"] = chain("default")
    return [found]
