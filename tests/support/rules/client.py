"""Addresses, internal requests, sanitising and scheme: HC-40 … HC-49."""

from __future__ import annotations

from support.families.normalisation import by_header as by_client_header
from support.families.normalisation import by_hops
from support.rules.managers import ANY, EDGE, EVERYWHERE, INTERNAL, RETRY, TEN, early, set_header
from support.rules.rows import Refused, Row, by_header, get, has, route, table

ROWS = (
    Row(
        "HC-41 HC-42",
        "a header of its own tells the client's address",
        INTERNAL,
        [
            (get(headers={"x-client": "10.1.2.3"}), "internal"),
            (get(headers={"x-client": "1.2.3.4"}), "external"),
            (get(headers={"x-client": ["10.1.2.3", "1.2.3.4"]}), "internal"),
            (get(headers={"x-client": "junk", "x-forwarded-for": "10.1.2.3"}), "internal"),
            (get(headers={"x-client": "junk", "x-forwarded-for": "1.1.1.1,10.1.2.3"}), "external"),
            (get(headers={"x-client": "1.2.3.4", "x-forwarded-for": "10.1.2.3"}), "external"),
        ],
        {
            "internal_address_config": TEN,
            "original_ip_detection_extensions": [by_client_header("x-client", True), by_hops(0)],
        },
    ),
    Row(
        "HC-41 HC-42",
        "an address that is not to be trusted is external",
        INTERNAL,
        [(get(headers={"x-client": "10.1.2.3"}), "external")],
        {"internal_address_config": TEN, "original_ip_detection_extensions": [by_client_header("x-client", False)]},
    ),
    Row(
        "HC-40 HC-44",
        "the edge sees the peer as the client",
        table(route("told", by_header("x-envoy-external-address", "127.0.0.1")), route("not")),
        [
            (get(headers={"x-forwarded-for": "1.2.3.4"}), "told"),
            (get(), "told"),
        ],
        EDGE,
    ),
    Row(
        "HC-40",
        "the edge with a trusted hop takes the address before it",
        table(route("told", by_header("x-envoy-external-address", "1.2.3.4")), route("not")),
        [
            (get(headers={"x-forwarded-for": "9.9.9.9, 1.2.3.4"}), "told"),
            (get(), "not"),
        ],
        {**EDGE, "xff_num_trusted_hops": 1},
    ),
    Row(
        "HC-41 HC-42",
        "inside, the only address of x-forwarded-for may be internal",
        INTERNAL,
        [
            (get(headers={"x-forwarded-for": "10.0.0.1"}), "internal"),
            (get(headers={"x-forwarded-for": "1.1.1.1, 10.0.0.1"}), "external"),
            (get(headers={"x-forwarded-for": "junk"}), "external"),
            (get(headers={"x-forwarded-for": "11.0.0.1"}), "external"),
            (get(), "external"),
        ],
        {"internal_address_config": TEN},
    ),
    Row(
        "HC-42",
        "at the edge only a request without x-forwarded-for may be internal",
        INTERNAL,
        [
            (get(), "internal"),
            (get(headers={"x-forwarded-for": "10.0.0.1"}), "external"),
        ],
        {**EDGE, "internal_address_config": EVERYWHERE},
    ),
    Row(
        "HC-43",
        "by default nobody is internal, whatever the client says",
        INTERNAL,
        [
            (get(headers={"x-envoy-internal": "true"}), "external"),
            (get(headers={"x-forwarded-for": "10.0.0.1"}), "external"),
        ],
    ),
    Row(
        "HC-44",
        "the edge takes what only Envoys tell each other",
        table(route("kept", has("x-envoy-original-path")), route("gone")),
        [
            (get(headers={"x-envoy-original-path": "/x"}), "gone"),
        ],
        EDGE,
    ),
    Row(
        "HC-44",
        "not at the edge it stays",
        table(route("kept", has("x-envoy-original-path")), route("gone")),
        [
            (get(headers={"x-envoy-original-path": "/x"}), "kept"),
        ],
    ),
    Row(
        "HC-45",
        "an external request loses the headers that steer retries",
        RETRY,
        [
            (get(headers={"x-envoy-retry-on": "5xx"}), "removed"),
        ],
    ),
    Row(
        "HC-45",
        "an internal one keeps them",
        RETRY,
        [
            (get(headers={"x-envoy-retry-on": "5xx", "x-forwarded-for": "10.0.0.1"}), "kept"),
        ],
        {"internal_address_config": TEN},
    ),
    Row(
        "HC-45",
        "internal_only_headers are removed from an external request",
        table(route("kept", has("x-secret")), route("gone"), internal_only_headers=["x-secret"]),
        [
            (get(headers={"x-secret": "1"}), "gone"),
        ],
    ),
    Row(
        "HC-46",
        "the scheme follows x-forwarded-proto where that is one",
        table(route("https", by_header(":scheme", "https")), route("http")),
        [
            (get(headers={"x-forwarded-proto": "https"}), "https"),
            (get(headers={"x-forwarded-proto": "HTTPS"}), "https"),
            (get(headers={"x-forwarded-proto": "ftp"}), "http"),
            (get(), "http"),
            (get("https://h.test/"), "https"),
        ],
    ),
    Row(
        "HC-46",
        "a configured scheme overwrites both",
        table(
            route(
                "both",
                {
                    "prefix": "/",
                    "headers": [
                        {"name": ":scheme", "string_match": {"exact": "https"}},
                        {"name": "x-forwarded-proto", "string_match": {"exact": "https"}},
                    ],
                },
            ),
            route("not"),
        ),
        [
            (get(headers={"x-forwarded-proto": "http"}), "both"),
        ],
        {"scheme_header_transformation": {"scheme_to_overwrite": "https"}},
    ),
    Row(
        "HC-47 RM-54",
        "x-request-id is there, the client's certificate header is not, via is appended",
        table(
            route("via", by_header("via", "1.1 a, here")),
            route("cert", has("x-forwarded-client-cert")),
            route("id", has("x-request-id")),
            route("none"),
        ),
        [
            (get(headers={"via": "1.1 a"}), "via"),
            (get(headers={"x-forwarded-client-cert": "By=x"}), "id"),
        ],
        {"via": "here"},
    ),
    Row(
        "HC-48",
        "early mutations run before routes and sanitising",
        table(route("early", by_header("x-a", "early")), route("not")),
        [
            (get(headers={"x-a": "client"}), "early"),
            (get(), "early"),
        ],
        early(set_header("x-a", "early")),
    ),
    Row(
        "HC-49 VH-11",
        "require_tls looks at x-forwarded-proto",
        table(route("r"), require_tls="ALL"),
        [
            (get("/x?y=1", "h.test:80"), "301 https://h.test:80/x?y=1"),
            (get(headers={"x-forwarded-proto": "https"}), "r"),
            (get(headers={"x-forwarded-proto": "HTTPS"}), "301 https://h.test/"),
            (get(headers={"x-forwarded-proto": ""}), "404"),
        ],
    ),
    Row(
        "HC-03 HC-46",
        "an edge that trusts a hop takes an https URL",
        ANY,
        [(get("https://h.test/"), "any")],
        {**EDGE, "xff_num_trusted_hops": 1},
    ),
)

REFUSED: tuple[Refused, ...] = (
    Refused(
        "HC-41",
        "two ways to find the client",
        "may not be mixed",
        options={"use_remote_address": True, "original_ip_detection_extensions": [by_client_header("x-client", False)]},
    ),
    Refused(
        "HC-41",
        "two numbers of hops",
        "may not be mixed",
        options={"xff_num_trusted_hops": 1, "original_ip_detection_extensions": [by_hops(0)]},
    ),
    Refused(
        "HC-48", "early mutation of a pseudo-header", "may not be modified", options=early(set_header(":path", "/"))
    ),
)
