"""What a chosen route answers: redirects, direct responses, weighted clusters (RA), as far as routing shows it."""

from __future__ import annotations

from typing import Any

from support.rules.rows import Refused, Row, get, route, table


def away(match: dict[str, Any] | str, **redirect: Any) -> dict[str, Any]:
    """A table with one redirect."""
    return table(route("r", match, redirect=redirect))


HTTPS = {"x-forwarded-proto": "https"}

ROWS = (
    Row(
        "RA-40 RA-41",
        "https_redirect drops the default port of the old scheme only",
        away("/", https_redirect=True),
        [
            (get("/x?q", "h.test:80"), "301 https://h.test/x?q"),
            (get("/x", "h.test:8080"), "301 https://h.test:8080/x"),
            (get("/x", "h.test:443"), "301 https://h.test:443/x"),
            (get("/x", "h.test:443", headers=HTTPS), "301 https://h.test:443/x"),
        ],
    ),
    Row(
        "RA-41",
        "port_redirect, with and without host_redirect",
        table(
            route("a", "/a", redirect={"port_redirect": 8443}),
            route("b", "/b", redirect={"host_redirect": "n.com:77", "port_redirect": 81}),
            route("c", "/c", redirect={"scheme_redirect": "http", "response_code": "PERMANENT_REDIRECT"}),
        ),
        [
            (get("/a", "h.test:80"), "301 http://h.test:8443/a"),
            (get("/b"), "301 http://n.com:77:81/b"),
            (get("/c", "h.test:443", headers=HTTPS), "308 http://h.test/c"),
        ],
    ),
    Row(
        "RA-42",
        "path_redirect and the query",
        table(
            route("a", "/a", redirect={"path_redirect": "/new?own=1"}),
            route("b", "/b", redirect={"path_redirect": "new"}),
            route("c", "/c", redirect={"path_redirect": "/new", "strip_query": True}),
        ),
        [
            (get("/a?q"), "301 http://h.test/new?own=1"),
            (get("/b?q"), "301 http://h.test/new?q"),
            (get("/c?q"), "301 http://h.test/new"),
        ],
    ),
    Row(
        "RA-43 RA-21",
        "prefix_rewrite replaces what matched",
        table(
            route("a", "/api/", redirect={"prefix_rewrite": "/"}),
            route("b", {"path": "/whole"}, redirect={"prefix_rewrite": "/x"}),
            route("c", {"prefix": "/FOLD", "case_sensitive": False}, redirect={"prefix_rewrite": "/y"}),
            route(
                "d",
                "/r",
                redirect={"regex_rewrite": {"pattern": {"regex": "/r/([a-z]+)"}, "substitution": "/\\1/\\1"}},
            ),
        ),
        [
            (get("/api/v1?q"), "301 http://h.test/v1?q"),
            (get("/whole?q"), "301 http://h.test/x?q"),
            (get("/folded"), "301 http://h.test/yed"),
            (get("/r/ab/c?q"), "301 http://h.test/ab/ab/c?q"),
            (get("/r/1"), "301 http://h.test/r/1"),
        ],
    ),
    Row(
        "RA-51",
        "a direct response of 201 or 3xx points at the request itself",
        table(
            route("a", "/a", direct_response={"status": 201}),
            route("b", "/b", direct_response={"status": 302}),
            route("c", "/c", direct_response={"status": 404}),
        ),
        [
            (get("/a?q"), "201 http://h.test/a?q"),
            (get("/b"), "302 http://h.test/b"),
            (get("/c"), "404"),
        ],
    ),
    Row(
        "RA-10 RA-11",
        "weights of any sum, chosen by a header's value",
        table(
            route(
                "w",
                route={
                    "weighted_clusters": {
                        "clusters": [{"name": "c1", "weight": 3}, {"name": "missing", "weight": 4}],
                        "header_name": "x-r",
                        "total_weight": 100,
                    }
                },
            )
        ),
        [
            (get(headers={"x-r": "2"}), "w"),
            (get(headers={"x-r": "3"}), "503"),
            (get(headers={"x-r": "+9"}), "w"),
            (get(headers={"x-r": "13"}), "503"),
        ],
    ),
)

REFUSED: tuple[Refused, ...] = (
    Refused(
        "RA-10",
        "a weight that is missing",
        "'weight' is missing",
        table(route("r", route={"weighted_clusters": {"clusters": [{"name": "c1"}]}})),
    ),
    Refused("RA-50", "a direct response of 199", "Status", table(route("r", direct_response={"status": 199}))),
)
