"""The support itself: does the test bed see what Envoy decides?"""

from __future__ import annotations

import pytest
from support.envoy import SwapRefusedError, validate
from support.http1 import render
from support.http_envoy import HttpEnvoy

pytestmark = pytest.mark.envoy

TABLE = {
    "virtual_hosts": [
        {
            "name": "shop",
            "domains": ["shop.test"],
            "routes": [
                {"name": "cart", "match": {"prefix": "/cart"}, "route": {"cluster": "c1"}},
                {"name": "old", "match": {"path": "/old"}, "redirect": {"path_redirect": "/new"}},
                {"name": "teapot", "match": {"path": "/tea"}, "direct_response": {"status": 418}},
            ],
        }
    ]
}


def test_decisions_are_seen(http_envoy: HttpEnvoy) -> None:
    http_envoy.swap(TABLE)
    raws = [render("GET", path, b"shop.test") for path in (b"/cart/1", b"/old", b"/tea", b"/none")]
    raws.append(render("GET", b"/cart", b"other.test"))
    seen = [(o.kind, o.virtual_host, o.route, o.cluster, o.status, o.location) for o in http_envoy.decide(raws)]
    assert seen == [
        ("forward", "shop", "cart", "c1", 503, None),
        ("redirect", "shop", "old", "", 301, "http://shop.test/new"),
        ("respond", "shop", "teapot", "", 418, None),
        ("respond", "shop", "", "", 404, None),
        ("respond", "", "", "", 404, None),
    ]


def test_a_refused_swap_tells_why_and_leaves_the_table(http_envoy: HttpEnvoy) -> None:
    http_envoy.swap(TABLE)
    with pytest.raises(SwapRefusedError, match="Only a single wildcard domain"):
        http_envoy.swap({"virtual_hosts": [{"name": "a", "domains": ["*"]}, {"name": "b", "domains": ["*"]}]})
    assert http_envoy.decide([render("GET", b"/cart", b"shop.test")])[0].route == "cart"


def test_a_request_that_closes_the_connection_does_not_lose_the_next(http_envoy: HttpEnvoy) -> None:
    http_envoy.swap(TABLE)
    good = render("GET", b"/cart", b"shop.test")
    seen = http_envoy.decide([good, b"GET /cart HTTP/1.1\r\nHost: shop.test\r\nbad\x00name: 1\r\n\r\n", good])
    assert [each.status for each in seen] == [503, 400, 503]


def test_every_swap_is_seen_at_once(http_envoy: HttpEnvoy) -> None:
    for number in range(20):
        host = {"name": f"h{number}", "domains": ["*"]}
        http_envoy.swap(
            {"virtual_hosts": [{**host, "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "c0"}}]}]}
        )
        assert http_envoy.decide([render("GET", b"/", b"x")])[0].virtual_host == f"h{number}"


def test_validation() -> None:
    assert validate({"static_resources": {}}).ok
    refused = validate({"static_resources": {"clusters": [{"name": ""}]}})
    assert not refused.ok
    assert "ClusterValidationError.Name" in refused.message
