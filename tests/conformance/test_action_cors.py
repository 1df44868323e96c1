"""CORS policies compared with the live Envoy's filter: who is allowed, and which preflights it answers (RA-142)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from support.action_bed import ActionBed, Sent
from support.envoy import require_binary

pytestmark = pytest.mark.envoy

CORS = "type.googleapis.com/envoy.extensions.filters.http.cors.v3."
ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
FILTERS = [
    {"name": "envoy.filters.http.cors", "typed_config": {"@type": f"{CORS}Cors"}},
    {"name": "router", "typed_config": {"@type": ROUTER}},
]
ORIGINS = [{"exact": "http://a"}, {"prefix": "http://b"}, {"safe_regex": {"regex": "http://[cd]"}}, {"suffix": ".e"}]
SENT = ("http://a", "http://A", "http://b.com", "http://c", "http://cd", "x.e", "*", "")


class CorsBed(ActionBed):
    """An ActionBed with the CORS filter before the router."""

    def managers(self) -> dict[str, dict[str, Any]]:
        """One listener."""
        return {"plain": {"generate_request_id": False, "local_reply_config": {}, "http_filters": FILTERS}}


@pytest.fixture(scope="module")
def bed() -> Iterator[CorsBed]:
    require_binary()
    made = CorsBed()
    made.start()
    yield made
    made.stop()


def policy(draw: random.Random) -> dict[str, Any]:
    """A CorsPolicy with some of its fields."""
    fields: dict[str, Any] = {
        "allow_origin_string_match": draw.sample(ORIGINS, draw.randrange(3)),
        "allow_methods": draw.choice(["GET", "GET,PUT"]),
        "allow_headers": "x-h",
        "expose_headers": "x-e",
        "max_age": draw.choice(["5", "60"]),
        "allow_credentials": draw.random() < 0.5,
        "forward_not_matching_preflights": draw.random() < 0.5,
    }
    chosen = {name: value for name, value in fields.items() if draw.random() < 0.6}
    if draw.random() < 0.2:
        chosen["filter_enabled"] = {"default_value": {"numerator": draw.choice([0, 100])}}
    return {"envoy.filters.http.cors": {"@type": f"{CORS}CorsPolicy", **chosen}}


def configuration(draw: random.Random) -> dict[str, Any]:
    """Routes r0 … r5 with policies at the route, the virtual host, both, or neither."""
    routes = []
    for number in range(6):
        route: dict[str, Any] = {"match": {"path_separated_prefix": f"/r{number}"}, "route": {"cluster": "up0"}}
        if draw.random() < 0.6:
            route["typed_per_filter_config"] = policy(draw)
        routes.append(route)
    host: dict[str, Any] = {"name": "vh", "domains": ["h"], "routes": routes}
    if draw.random() < 0.5:
        host["typed_per_filter_config"] = policy(draw)
    return {"name": "table", "virtual_hosts": [host]}


def request(draw: random.Random) -> Sent:
    """A request, now and then a preflight."""
    options = {
        "origin": draw.choice(SENT),
        "access-control-request-method": draw.choice(["PUT", ""]),
    }
    headers = tuple((name, value) for name, value in options.items() if draw.random() < 0.8)
    return Sent(f"/r{draw.randrange(6)}", "h", draw.choice(["OPTIONS", "OPTIONS", "GET"]), headers)


def ours(bed: CorsBed, sent: Sent) -> dict[str, Any]:
    """What the decision's policy says of the response."""
    found = bed.decide(sent).cors
    if found is None:
        return {
            "answered": False,
            "allow-origin": None,
            "credentials": None,
            "methods": None,
            "age": None,
            "expose": None,
        }
    answered = found.answers
    return {
        "answered": answered,
        "allow-origin": found.origin.decode() if found.allowed else None,
        "credentials": "true" if found.allow_credentials and (found.allowed or answered) else None,
        "methods": found.allow_methods or None if answered else None,
        "age": found.max_age or None if answered else None,
        "expose": found.expose_headers or None if found.allowed else None,
    }


def theirs(response: Any) -> dict[str, Any]:
    """What Envoy made of it."""
    return {
        "answered": response.header("x-upstream") is None,
        "allow-origin": response.header("access-control-allow-origin"),
        "credentials": response.header("access-control-allow-credentials"),
        "methods": response.header("access-control-allow-methods"),
        "age": response.header("access-control-max-age"),
        "expose": response.header("access-control-expose-headers"),
    }


@pytest.mark.parametrize("seed", range(40))
def test_policies_as_the_filter_applies_them(bed, seed):
    draw = random.Random(seed)
    made = configuration(draw)
    assert bed.load(made) == ("", "")
    requests = [request(draw) for _ in range(60)]
    responses = bed.envoy.client("plain").send_all([sent.raw for sent in requests])
    for sent, response in zip(requests, responses, strict=True):
        assert theirs(response) == ours(bed, sent), (sent, made)
