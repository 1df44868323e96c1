"""Requests that are none: Envoy's decision, or a TypeError or ValueError with a clear text; nothing crashes."""

from __future__ import annotations

from typing import Any

import pytest

import fastroute

ROUTES = {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}}]}]}
ROUTES["virtual_hosts"][0]["routes"][0]["route"] = {"cluster": "c"}  # type: ignore[index]


@pytest.fixture(scope="module")
def router() -> fastroute.Router:
    return fastroute.Router(fastroute.load({"routes": [ROUTES], "clusters": [{"name": "c"}]}), random=lambda: 0)


@pytest.mark.parametrize(
    ("request_parts", "status", "reason"),
    [
        (("h", ""), 400, "http1.codec_error"),
        (("h", None), 400, "http1.codec_error"),
        ((None, "/"), 400, "missing_host_header"),
        (("h", "x"), 400, "http1.codec_error"),
        (("h", "/\x00"), 400, "http1.invalid_characters"),
        (("h", b"/\xff"), 400, "http1.codec_error"),
        (("h", "/a#b"), 400, "path_normalization_failed"),
        (("h", "/" + "a" * 1_000_000), 431, "http1.headers_too_large"),
        (("h\x00", "/"), 400, "http1.invalid_characters"),
        (("h", "/", ""), 400, "http1.codec_error"),
        (("h", "/", "NOPE"), 400, "http1.codec_error"),
        (("h", "/", "GET", [("a", "b")] * 10_000), 431, "http1.too_many_headers"),
        (("h", "/", "GET", [("accept", "b")] * 10_000), 431, "http1.headers_too_large"),
        (("h", "/", "GET", [("", "b")]), 400, "http1.codec_error"),
        (("h", "/", "GET", [("a b", "b")]), 400, "http1.codec_error"),
        (("h", "/", "GET", [("a", "b\r\nc")]), 400, "http1.invalid_characters"),
    ],
)
def test_a_bad_request_is_answered_as_envoy_does(
    router: fastroute.Router, request_parts: tuple[Any, ...], status: int, reason: str
) -> None:
    decision = router.route(*request_parts)
    assert (decision.kind, decision.status, decision.reason) == ("respond", status, reason)


@pytest.mark.parametrize(
    ("request_parts", "error", "text"),
    [
        ((1, "/"), TypeError, "str or bytes expected, not int"),
        (("h", 1), TypeError, "str or bytes expected, not int"),
        (("h", "/", "GET", [("a", None)]), TypeError, "str or bytes expected, not NoneType"),
        (("h", "/", "GET", [("a",)]), ValueError, "a header is a pair of name and value"),
        (("h", "/", "GET", ["ab"]), ValueError, "a header is a pair of name and value"),
        (("h", "/", "GET", "ab"), TypeError, "headers are pairs or a mapping, not str"),
        (("h", "/\ud800"), ValueError, "surrogates not allowed"),
    ],
)
def test_what_is_no_request_is_an_error(
    router: fastroute.Router, request_parts: tuple[Any, ...], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        router.route(*request_parts)


def test_headers_may_be_any_iterable_of_pairs(router: fastroute.Router) -> None:
    for headers in ({"a": "b"}, {b"a": b"b"}, iter([("a", "b")]), (("a", b"b"),), [["a", "b"]], None):
        assert router.route("h", "/", "GET", headers).cluster == "c"
