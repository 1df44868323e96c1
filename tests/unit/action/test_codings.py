"""Compressors and decompressors, case by case: what `conformance/test_action_filters.py` found at the live Envoy."""

from __future__ import annotations

from typing import Any

import pytest
from support.core import Routed
from support.filter_bed import COMPRESSION, ROUTER, TYPE, grpc_web, library, off

from fastroute.action.codings import preferred
from fastroute.errors import UnsupportedError
from fastroute.request import Connection, Request

MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
PER_ROUTE = TYPE + "compressor.v3.CompressorPerRoute"
TEXT = "text " * 20
JSON = (b"content-type", b"application/json")
LONG = (b"content-length", b"300")


def compressor(**fields: Any) -> dict[str, Any]:
    given = {"compressor_library": library("compressor"), **fields}
    return {"name": "comp", "typed_config": {"@type": TYPE + "compressor.v3.Compressor", **given}}


def decompressor(**fields: Any) -> dict[str, Any]:
    given = {"decompressor_library": library("decompressor"), **fields}
    return {"name": "decomp", "typed_config": {"@type": TYPE + "decompressor.v3.Decompressor", **given}}


def direction(**fields: Any) -> dict[str, Any]:
    return {"common_config": fields}


DISABLED = {"enabled": {"default_value": False, "runtime_key": "key"}}


def set_for(**fields: Any) -> dict[str, Any]:
    return {"typed_per_filter_config": {"comp": {"@type": PER_ROUTE, **fields}}}


def routed(*filters: dict[str, Any], runtime: dict[str, object] | None = None, **options: Any) -> Routed:
    remove = {"response_direction_config": {"remove_accept_encoding_header": True}}
    routes: list[dict[str, Any]] = [
        {"match": {"prefix": "/text"}, "direct_response": {"status": 200, "body": {"inline_string": TEXT}}},
        {"match": {"prefix": "/not"}, "route": {"cluster": "c"}, **set_for(disabled=True)},
        {"match": {"prefix": "/yes"}, "route": {"cluster": "c"}, **set_for(overrides=remove)},
        {"match": {"prefix": "/off"}, "route": {"cluster": "c"}, "typed_per_filter_config": off("comp")},
        {"match": {"prefix": "/"}, "route": {"cluster": "c"}},
    ]
    table = {"name": "t", "virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}
    manager = {"@type": MANAGER, "stat_prefix": "m", "http_filters": [*filters, ROUTER], "route_config": table}
    return Routed.of({**manager, **options}, {}, Connection(("10.0.0.1", 80)), ["c"], runtime)


def request(path: str = "/", method: str = "GET", **headers: str) -> Request:
    return Request(
        b"h",
        path.encode(),
        method.encode(),
        headers=[(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    )


def sent(found: Routed, asked: Request) -> dict[bytes, bytes]:
    return dict(found.decide(asked).upstream_headers())


def answered(found: Routed, asked: Request, *given: tuple[bytes, bytes], status: int = 200) -> dict[bytes, bytes]:
    return dict(found.decide(asked).downstream_headers(status, given))


GZIP = request(accept_encoding="gzip")


def test_a_response_is_compressed() -> None:
    told = answered(routed(compressor()), GZIP, LONG, JSON, (b"etag", b"x"), (b"vary", b"q"))
    assert told == {b"content-type": b"application/json", b"content-encoding": b"gzip", b"vary": b"q, Accept-Encoding"}


@pytest.mark.parametrize(
    "given",
    [
        (JSON, (b"content-length", b"29")),
        ((b"content-type", b"image/png"), LONG),
        ((b"cache-control", b"x, No-Transform"), LONG),
        ((b"content-encoding", b"br"), LONG),
    ],
)
def test_a_response_is_left_alone(given: tuple[tuple[bytes, bytes], ...]) -> None:
    assert answered(routed(compressor()), GZIP, *given) == dict(given)


@pytest.mark.parametrize("content_type", ["Text/HTML", "text/js ; x", "application/grpc-web+proto"])
def test_types_that_are_compressed_whatever_their_case(content_type: str) -> None:
    told = answered(routed(compressor()), GZIP, (b"content-type", content_type.encode()), LONG)
    assert told[b"content-encoding"] == b"gzip"


def test_a_body_of_unknown_length_is_compressed() -> None:
    assert answered(routed(compressor()), GZIP, JSON)[b"content-encoding"] == b"gzip"


@pytest.mark.parametrize("asked", [request(), request(method="HEAD", accept_encoding="gzip")])
def test_vary_comes_where_only_the_client_or_head_stands_against_it(asked: Request) -> None:
    told = answered(routed(compressor()), asked, JSON, LONG)
    assert told == {**dict([JSON, LONG]), b"vary": b"Accept-Encoding"}


def test_vary_is_compared_by_case() -> None:
    assert answered(routed(compressor()), GZIP, (b"vary", b"accept-encoding"))[b"vary"].endswith(b", Accept-Encoding")
    assert answered(routed(compressor()), GZIP, (b"vary", b"Accept-Encoding"))[b"vary"] == b"Accept-Encoding"


def test_tags_are_weakened_rather_than_a_reason_against_it() -> None:
    kept = routed(compressor(response_direction_config={"disable_on_etag_header": True}))
    assert b"content-encoding" not in answered(kept, GZIP, (b"etag", b"x"))
    both = {"disable_on_etag_header": True, "weaken_etag_on_compress": True}
    told = answered(routed(compressor(response_direction_config=both)), GZIP, (b"etag", b"x"))
    assert told[b"etag"] == b"W/x"
    assert answered(routed(compressor()), GZIP, (b"etag", b"w/x"))[b"etag"] == b"w/x"


def test_statuses_that_are_not_compressed() -> None:
    found = routed(compressor(response_direction_config={"uncompressible_response_codes": [206]}))
    assert answered(found, GZIP, JSON, status=206) == dict([JSON])


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("gzip", True),
        ("*", True),
        ("GZIP", False),
        ("identity, gzip", False),
        ("gzip;q=0.5, identity;q=.4", True),
        ("*;q=0.1,gzip;q=0", False),
        ("gzip, gzip;q=0", False),
        ("gzip;q=x, br", False),
        ("gzip;q=0x1", True),
        ("gzip ; Q = 0.3", True),
        ("", False),
    ],
)
def test_what_a_client_prefers(accepted: str, used: bool) -> None:
    assert preferred(accepted.encode(), b"gzip") is used


def test_an_own_answer_has_the_headers_of_a_compressed_one() -> None:
    found = routed(compressor()).decide(request("/text", accept_encoding="gzip"))
    assert dict(found.downstream_headers())[b"content-encoding"] == b"gzip"
    assert found.body == TEXT.encode()


def test_an_answer_in_front_of_the_filters_varies_all_the_same() -> None:
    found = routed(compressor()).decide(request("/#f", accept_encoding="gzip"))
    assert dict(found.downstream_headers()) == {b"vary": b"Accept-Encoding"}


def test_accept_encoding_goes_where_responses_are_compressed() -> None:
    remove = {"remove_accept_encoding_header": True}
    assert b"accept-encoding" not in sent(routed(compressor(response_direction_config=remove)), GZIP)
    kept = routed(compressor(response_direction_config={**remove, **direction(**DISABLED)}))
    assert b"accept-encoding" in sent(kept, GZIP)
    assert b"content-encoding" not in answered(kept, GZIP, JSON)


def test_settings_of_routes() -> None:
    found = routed(compressor(request_direction_config=direction(), response_direction_config=direction(**DISABLED)))
    yes = request("/yes", accept_encoding="gzip")
    assert b"accept-encoding" not in sent(found, yes)
    assert answered(found, yes, JSON)[b"content-encoding"] == b"gzip"
    body = {"content_length": "100"}
    assert sent(found, request("/not", "POST", **body))[b"content-encoding"] == b"gzip"
    assert b"content-encoding" not in sent(found, request("/off", "POST", **body))


def test_a_request_is_compressed() -> None:
    found = routed(compressor(request_direction_config=direction()))
    told = sent(found, request(method="POST", content_length="100", content_type="text/plain"))
    assert (told[b"content-encoding"], b"content-length" in told) == (b"gzip", False)
    assert sent(found, request(method="POST", transfer_encoding="chunked"))[b"content-encoding"] == b"gzip"
    assert b"content-encoding" not in sent(found, request(method="POST", content_length="29"))
    assert b"content-encoding" not in sent(found, request())
    assert b"content-encoding" not in sent(routed(compressor()), request(method="POST", content_length="100"))


def test_a_least_length_of_0_is_the_usual_one() -> None:
    found = routed(compressor(request_direction_config=direction(min_content_length=0)))
    assert b"content-encoding" not in sent(found, request(method="POST", content_length="29"))
    assert b"content-encoding" in sent(found, request(method="POST", content_length="30"))


def test_a_runtime_key_decides() -> None:
    found = routed(compressor(response_direction_config=direction(**DISABLED)), runtime={"key": True})
    assert answered(found, GZIP, JSON)[b"content-encoding"] == b"gzip"
    with pytest.raises(UnsupportedError, match="the runtime key key is neither true nor false"):
        routed(compressor(response_direction_config=direction(**DISABLED)), runtime={"key": 7})


@pytest.mark.parametrize(
    ("given", "told"), [(None, b"gzip"), ("br", b"br,gzip"), ("gzip;q=0, x", b"x,gzip"), ("GZIP", b"GZIP,gzip")]
)
def test_a_decompressor_asks_for_its_coding(given: str | None, told: bytes) -> None:
    asked = request() if given is None else request(accept_encoding=given)
    assert sent(routed(decompressor()), asked)[b"accept-encoding"] == told


def test_it_does_not_ask_where_it_may_not_or_would_not_read_the_answer() -> None:
    quiet = decompressor(request_direction_config={"advertise_accept_encoding": False})
    assert b"accept-encoding" not in sent(routed(quiet), request())
    assert b"accept-encoding" not in sent(
        routed(decompressor(response_direction_config=direction(**DISABLED))), request()
    )


@pytest.mark.parametrize(
    ("coding", "left"), [("gzip", None), ("GZIP , br", b"br"), ("br, gzip", b"br, gzip"), ("x-gzip", b"x-gzip")]
)
def test_bodies_are_decompressed(coding: str, left: bytes | None) -> None:
    found = routed(decompressor())
    told = sent(found, request(method="POST", content_encoding=coding, content_length="9"))
    assert told.get(b"content-encoding") == left
    assert (b"content-length" in told) == (left == coding.encode())
    assert answered(found, request(), (b"content-encoding", coding.encode())).get(b"content-encoding") == left


def test_no_transform_forbids_it_unless_that_is_ignored() -> None:
    given = {"content_encoding": "gzip", "content_length": "9", "cache_control": "no-transform"}
    assert b"content-encoding" in sent(routed(decompressor()), request(method="POST", **given))
    ignoring = decompressor(request_direction_config=direction(ignore_no_transform_header=True))
    assert b"content-encoding" not in sent(routed(ignoring), request(method="POST", **given))


@pytest.mark.parametrize(
    ("filters", "path", "words"),
    [
        ((compressor(), compressor()), "http_filters[1]", "several compressors"),
        ((grpc_web(), compressor()), "http_filters[1]", "behind a gRPC-Web filter"),
        ((compressor(choose_first=True),), "choose_first", "choose_first of Compressor"),
        ((compressor(content_length=5),), "content_length", "content_length of Compressor"),
        (
            (compressor(response_direction_config={"status_header_enabled": True}),),
            "response_direction_config.status_header_enabled",
            "status_header_enabled of ResponseDirectionConfig",
        ),
    ],
)
def test_what_is_not_supported(filters: tuple[dict[str, Any], ...], path: str, words: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        routed(*filters)
    assert caught.value.path.endswith(path)
    assert words in str(caught.value)


def test_other_libraries() -> None:
    brotli = {"name": "b", "typed_config": {"@type": f"{COMPRESSION}brotli.compressor.v3.Brotli"}}
    found = routed(compressor(compressor_library=brotli))
    assert answered(found, request(accept_encoding="br"), JSON)[b"content-encoding"] == b"br"
