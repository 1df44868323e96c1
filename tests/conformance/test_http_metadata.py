"""Dynamic metadata and filter state matchers against Envoy: RM-52, RM-53, PIPE-03.

A Lua filter turns the header x-meta into dynamic metadata, set_filter_state turns x-state into filter
state, and the route is chosen again after that. The walk gets the same values as inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from support.compare import Differential, budgets, of_decision, of_envoy, of_router, raw, spend
from support.envoy import require_binary
from support.families.common import Table
from support.http_envoy import CLUSTERS, HttpEnvoy

from fastroute.api import names
from fastroute.reference import http
from fastroute.reference.manager import Tables
from fastroute.request import Request

pytestmark = pytest.mark.envoy

PER_TABLE = 40
TYPE = "type.googleapis.com/"
LUA = """
function value(text)
  local kind, rest = text:sub(1, 1), text:sub(3)
  if kind == "n" then return tonumber(rest) end
  if kind == "b" then return rest == "true" end
  if kind == "l" then return {"a", rest} end
  if kind == "o" then return {inner = rest} end
  return rest
end
function envoy_on_request(handle)
  local text = handle:headers():get("x-meta")
  if text ~= nil then handle:streamInfo():dynamicMetadata():set("ns", "key", value(text)) end
  handle:clearRouteCache()
end
"""
STATE = {
    "on_request_headers": [
        {
            "object_key": "state",
            "factory_key": "envoy.string",
            "format_string": {"text_format_source": {"inline_string": "%REQ(x-state)%"}},
            "skip_if_empty": True,
        },
        {
            "object_key": "hashable",
            "factory_key": "envoy.hashable_string",
            "format_string": {
                "text_format_source": {"inline_string": "%REQ(x-hashable)%"},
                "omit_empty_values": True,
            },
            "skip_if_empty": True,
        },
        {
            "object_key": "address",
            "factory_key": "envoy.network.transport_socket.original_dst_address",
            "format_string": {"text_format_source": {"inline_string": "%REQ(x-address)%"}},
            "skip_if_empty": True,
        },
    ]
}
FILTERS = [
    {
        "name": "state",
        "typed_config": {"@type": f"{TYPE}envoy.extensions.filters.http.set_filter_state.v3.Config", **STATE},
    },
    {
        "name": "lua",
        "typed_config": {
            "@type": f"{TYPE}envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": {"inline_string": LUA},
        },
    },
    {"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}},
]
META = ("s:a", "s:ab", "s:", "n:3", "n:5", "n:-1.5", "b:true", "b:false", "l:b", "l:x", "o:a", "o:b", "s:3", "s:true")
STATES = ("abc", "a", "10.1.2.3", "b", "")
ADDRESSES = ("10.1.2.3:80", "11.0.0.1:80", "[::1]:80")


def plain(text: str) -> object:
    """The value that the Lua filter makes of a text."""
    kind, rest = text[0], text[2:]
    match kind:
        case "n":
            return float(rest)
        case "b":
            return rest == "true"
        case "l":
            return ["a", rest]
        case "o":
            return {"inner": rest}
        case _:
            return rest


@st.composite
def value_matchers(draw: st.DrawFn, depth: int = 0) -> dict[str, Any]:
    """A ValueMatcher."""
    kinds = ("string_match", "double_match", "bool_match", "present_match", "null_match", "list_match", "or_match")
    match draw(st.sampled_from(kinds[: 5 if depth > 1 else 7])):
        case "string_match":
            how = draw(st.sampled_from(("exact", "prefix", "suffix", "contains")))
            return {"string_match": {how: draw(st.sampled_from(("a", "b", "ab", "3", "true")))}}
        case "double_match":
            if draw(st.booleans()):
                return {"double_match": {"exact": draw(st.sampled_from((3, 5, -1.5, 0)))}}
            return {
                "double_match": {
                    "range": {"start": draw(st.sampled_from((-2, 3))), "end": draw(st.sampled_from((3, 5)))}
                }
            }
        case "list_match":
            return {"list_match": {"one_of": draw(value_matchers(depth + 1))}}
        case "or_match":
            return {"or_match": {"value_matchers": draw(st.lists(value_matchers(depth + 1), min_size=2, max_size=3))}}
        case "null_match":
            return {"null_match": {}}
        case kind:
            return {kind: draw(st.booleans())}


@st.composite
def matches(draw: st.DrawFn) -> dict[str, Any]:
    """A RouteMatch on metadata, on filter state, or on both."""
    match: dict[str, Any] = {"prefix": "/"}
    if draw(st.integers(0, 3)) > 0:
        keys = draw(st.sampled_from((("key",), ("key", "inner"), ("other",))))
        matcher = {"filter": draw(st.sampled_from(("ns", "ns", "ns", "none"))), "path": [{"key": key} for key in keys]}
        match["dynamic_metadata"] = [{**matcher, "value": draw(value_matchers()), "invert": draw(st.booleans())}]
    else:
        if draw(st.booleans()):
            how = draw(st.sampled_from(("exact", "prefix", "suffix")))
            matcher = {"string_match": {how: draw(st.sampled_from(("abc", "a", "3", "10.1.2.3:80")))}}
            match["filter_state"] = [{"key": draw(st.sampled_from(("state", "address", "none"))), **matcher}]
        else:
            ranges = [{"address_prefix": "10.0.0.0", "prefix_len": draw(st.sampled_from((8, 32, 0)))}]
            address = {"ranges": ranges, "invert_match": draw(st.booleans())}
            match["filter_state"] = [{"key": draw(st.sampled_from(("address", "none"))), "address_match": address}]
    return match


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Routes told apart by what filters wrote."""
    routes = [
        {"name": f"r{number}", "match": match, "route": {"cluster": f"c{number}"}}
        for number, match in enumerate(draw(st.lists(matches(), min_size=1, max_size=8)))
    ]
    return {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}


@pytest.fixture(scope="module")
def bed() -> Iterator[HttpEnvoy]:
    """An Envoy whose filters write metadata and filter state."""
    require_binary()
    found = HttpEnvoy({"plain": {"http_filters": FILTERS}})
    found.start()
    yield found
    found.stop()


def drawn_request(rng: Random) -> tuple[Request, dict[str, object], dict[str, str]]:
    """A request, and the metadata and filter state that its headers become."""
    headers: list[tuple[bytes, bytes]] = []
    metadata: dict[str, object] = {}
    state: dict[str, str] = {}
    if rng.random() < 0.85:
        text = rng.choice(META)
        headers.append((b"x-meta", text.encode()))
        metadata = {"ns": {"key": plain(text)}}
    for key, values in (("state", STATES), ("address", ADDRESSES)):
        if rng.random() < 0.7 and (value := rng.choice(values)):
            headers.append((f"x-{key}".encode(), value.encode()))
            state[key] = value
    return Request(b"h", b"/", headers=tuple(headers)), metadata, state


@budgets(ci=1_500, long=40_000)
def test_metadata_and_filter_state_as_envoy_matches_them(bed: HttpEnvoy, budget: int) -> None:
    differential = Differential(bed)
    differential.options["plain"]["http_filters"] = FILTERS[-1:]

    def check(table: Table, seed: int) -> None:
        rng = Random(seed)
        message = bed.swap(table)
        drawn = [drawn_request(rng) for _ in range(PER_TABLE)]
        router = differential.router(table, "plain")
        connection = differential.connection("plain")
        seen = bed.decide([raw(request) for request, _, _ in drawn])
        for (request, metadata, state), observed in zip(drawn, seen, strict=True):
            at = Request(
                request.authority,
                request.path,
                headers=request.headers,
                connection=connection,
                dynamic_metadata=metadata,
                filter_state=state,
            )
            walked = http.handle(
                differential.managers["plain"], at, tables=Tables({"table": message}), clusters=frozenset(CLUSTERS)
            )
            differential.compared += 1
            envoy = of_envoy(observed)
            assert of_decision(walked.decision) == envoy, f"{raw(request)!r}\n{walked.text()}"
            if router is not None:
                differential.routed += 1
                assert of_router(router.decide(at)) == envoy, f"router: {raw(request)!r}\n{walked.text()}"

    spend(differential, tables(), check, budget, PER_TABLE)


def test_a_hash_of_filter_state_picks_among_weighted_clusters(bed: HttpEnvoy) -> None:
    """RA-133, RA-11: the text of a hashable object; an absent one gives no hash, and `terminal` ends the list."""
    weighted = {"clusters": [{"name": f"c{n}", "weight": 1} for n in range(10)], "use_hash_policy": True}
    state, other = {"filter_state": {"key": "hashable"}}, {"header": {"header_name": "x-other"}}
    policies = ([state], [state, other], [{**state, "terminal": True}, other])
    routes = [
        {
            "name": f"r{number}",
            "match": {"prefix": f"/{number}"},
            "route": {"weighted_clusters": weighted, "hash_policy": list(policy)},
        }
        for number, policy in enumerate(policies)
    ]
    table = {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}
    message, differential = bed.swap(table), Differential(bed)
    differential.options["plain"]["http_filters"] = FILTERS[-1:]
    router = differential.router(table, "plain")
    assert router is not None
    texts = [text for text in (*STATES, "d", "e", "x y", "ü") if text]
    for number, text, value in ((n, text, v) for n in range(3) for text in (*texts, None) for v in ("p", "q", None)):
        given = {b"x-hashable": text and text.encode(), b"x-other": value and value.encode()}
        headers = tuple((name, each) for name, each in given.items() if each)
        if not headers or (number == 0 and text is None):
            continue  # a random cluster
        at = Request(
            b"h",
            f"/{number}".encode(),
            headers=headers,
            connection=differential.connection("plain"),
            filter_state={"hashable": text} if text else {},
        )
        envoy = of_envoy(bed.decide([raw(at)])[0])
        tables = Tables({"table": message})
        walked = http.handle(differential.managers["plain"], at, tables=tables, clusters=frozenset(CLUSTERS))
        assert of_router(router.decide(at)) == of_decision(walked.decision) == envoy, headers
