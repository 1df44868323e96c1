"""A hash policy's value is the same, whether the header is read as it came or the whole upstream request is made."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import fastroute
from fastroute.action.hashes import Sent, evaluate
from fastroute.api import names

NAMES = ["x-a", "x-b", "x_c", "cookie", "accept", "referer", "te", "user-agent", "x-envoy-max-retries", "grpc-timeout"]
VALUES = st.sampled_from(["", "1", " a ", "http://a/", "k=v", "100m", "é"])
SPELLED = st.sampled_from([*NAMES, *[name.upper() for name in NAMES], "host"])


def added(name: str, value: str, action: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}, "append_action": action}


ADDED = st.builds(
    added,
    st.sampled_from(["x-a", "x-b", "accept", "user-agent"]),
    st.sampled_from(["z", "%REQ(x-b)%"]),
    st.sampled_from(["APPEND_IF_EXISTS_OR_ADD", "ADD_IF_ABSENT", "OVERWRITE_IF_EXISTS_OR_ADD"]),
)


@st.composite
def routers(draw: st.DrawFn) -> fastroute.Router:
    hashed = draw(st.lists(st.sampled_from([*NAMES, ":path", ":authority"]), min_size=1, max_size=3, unique=True))
    policies: list[dict[str, Any]] = [{"header": {"header_name": name}} for name in hashed]
    policies.append({"cookie": {"name": "k"}})
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": "c", "hash_policy": policies},
        "request_headers_to_remove": draw(st.lists(st.sampled_from(["x-a", "cookie"]), max_size=1)),
        "request_headers_to_add": draw(st.lists(ADDED, max_size=2)),
    }
    table = {
        "name": "r",
        "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [route]}],
        "internal_only_headers": draw(st.lists(st.just("x-b"), max_size=1)),
    }
    manager = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": "s",
        "route_config": table,
        "http_filters": [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
        "early_header_mutation_extensions": [],
        "use_remote_address": draw(st.booleans()),
    }
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 80}}
    chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
    listener = {"name": "l", "address": address, "filter_chains": [chain]}
    return fastroute.Router(fastroute.load({"listeners": [listener], "clusters": [{"name": "c"}]}), random=lambda: 0)


@given(routers(), st.lists(st.tuples(SPELLED, VALUES), max_size=6), st.sampled_from(["10.1.1.1", "8.8.8.8"]))
def test_the_hash_is_that_of_the_upstream_request(
    router: fastroute.Router, headers: list[tuple[str, str]], source: str
) -> None:
    chain = router.connect(fastroute.Connection(destination=("10.0.0.1", 80), source=(source, 1)))
    decision = router.route("h", "/p?q=1", "GET", headers, chain=chain)
    action: Any = decision.action
    if decision.kind != "forward":
        return
    found = decision.hash
    whole = action._sent(decision)
    request = Sent(decision, frozenset(name.encode() for name in NAMES), lambda: whole)
    assert found == evaluate(action.policies.hash, decision, request).value
