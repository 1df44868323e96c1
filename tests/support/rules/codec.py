"""The whole way, and what the codec takes: PIPE, HC-01 … HC-11."""

from __future__ import annotations

from support.rules.managers import ANY, EDGE
from support.rules.rows import Refused, Row, by_header, get, has, hosts, route, table

ROWS = (
    Row(
        "PIPE-01 PIPE-02",
        "codec, sanity, normalisation, routes: the first to refuse answers",
        ANY,
        [
            (get("/a#b", "a/b", method="FOO"), "400"),
            (get("/a#b", "a/b"), "400"),
            (get("/a#b"), "400"),
            (get("/a"), "any"),
        ],
    ),
    Row(
        "PIPE-03 RM-52",
        "no filter has written metadata when the route is chosen",
        table(
            route(
                "metadata",
                {
                    "prefix": "/",
                    "dynamic_metadata": [{"filter": "ns", "path": [{"key": "k"}], "value": {"present_match": True}}],
                },
            ),
            route("none"),
        ),
        [(get(), "none")],
    ),
    Row(
        "PIPE-04 RA-03 RA-04",
        "a cluster that does not exist answers 503, or as configured",
        table(
            route("a", "/a", route={"cluster": "missing"}),
            route("b", "/b", route={"cluster": "missing", "cluster_not_found_response_code": "NOT_FOUND"}),
        ),
        [(get("/a"), "503"), (get("/b"), "404"), (get("/c"), "404")],
    ),
    Row(
        "PIPE-06 RA-03",
        "cluster_header reads the request, not what the route adds",
        table(
            {
                **route("r", route={"cluster_header": "x-cluster"}),
                "request_headers_to_add": [{"header": {"key": "x-cluster", "value": "c1"}}],
            }
        ),
        [(get(), "503"), (get(headers={"x-cluster": "c2"}), "r")],
    ),
    Row(
        "HC-02 VH-01",
        "two Host lines become one authority",
        hosts("one.com,two.com", "*"),
        [
            (get(host="one.com", headers={"host": "two.com"}), "one.com,two.com"),
        ],
    ),
    Row(
        "HC-03",
        "an absolute target gives authority and path; `*` is for OPTIONS and is no path",
        hosts("b.com", "*"),
        [
            (get("http://b.com/x"), "b.com"),
            (get("HTTP://u@b.com/x"), "b.com"),
            (get("http://b.com"), "b.com"),
            (get("ftp://b.com/x"), "400"),
            (get("http://a_b/"), "400"),
            (get("http://b.com:/"), "400"),
            (get("http://u@v@b.com/"), "400"),
            (get("http://[::1]:80/"), "*"),
            (get("http:///x"), "400"),
            (get("*"), "400"),
            (get("*", method="OPTIONS"), "404"),
            (get("x"), "400"),
        ],
    ),
    Row(
        "HC-04",
        "foreign characters in the authority are a 400; an empty one is legal",
        ANY,
        [
            (get(host="u@h_1"), "any"),
            (get(host=""), "any"),
            (get(host="a b"), "400"),
            (get(host="a/b"), "400"),
            (get(host="{"), "400"),
            (get(host="\xff"), "400"),
        ],
    ),
    Row(
        "HC-05",
        "only known methods, in upper case; QUERY needs a content type",
        ANY,
        [
            (get(method="PURGE"), "any"),
            (get(method="get"), "400"),
            (get(method="FOO"), "400"),
            (get(method="QUERY"), "400"),
            (get(method="QUERY", headers={"content-type": "a"}), "any"),
        ],
    ),
    Row(
        "HC-05",
        "any method with allow_custom_methods",
        ANY,
        [
            (get(method="FOO"), "any"),
            (get(method="get"), "any"),
            (get(method="G@T"), "400"),
        ],
        {"http_protocol_options": {"allow_custom_methods": True}},
    ),
    Row(
        "HC-06",
        "raw bytes above ASCII, control characters and fragments are a 400",
        ANY,
        [
            (get("/\xc3\xbc"), "400"),
            (get("/\x01"), "400"),
            (get("/a?\xff"), "400"),
            (get("/a?#"), "400"),
        ],
    ),
    Row(
        "HC-07",
        "too many headers are a 431",
        ANY,
        [
            (get(headers={f"x-{n}": "1" for n in range(99)}), "any"),
            (get(headers={f"x-{n}": "1" for n in range(100)}), "431"),
            (get(headers={"x-a": "1" * 62000}), "431"),
        ],
    ),
    Row(
        "HC-07",
        "headers that are merged count once",
        ANY,
        [
            (get(headers={"accept": ["1", "2", "3", "4"]}), "any"),
            (get(headers={"x-a": ["1", "2", "3", "4"]}), "431"),
        ],
        {"common_http_protocol_options": {"max_headers_count": 3}},
    ),
    Row(
        "HC-07",
        "names with an underscore dropped",
        table(route("seen", has("x_y")), route("unseen")),
        [
            (get(headers={"x_y": "1"}), "unseen"),
        ],
        {"common_http_protocol_options": {"headers_with_underscores_action": "DROP_HEADER"}},
    ),
    Row(
        "HC-07",
        "names with an underscore refused",
        ANY,
        [
            (get(headers={"x_y": "1"}), "400"),
            (get(headers={"x-y": "1"}), "any"),
        ],
        {"common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"}},
    ),
    Row(
        "HC-08 RM-31",
        "headers with one slot are joined, empty lines leave no trace; others stay apart",
        table(route("joined", by_header("accept", "a,b")), route("apart", by_header("x-a", "b")), route("else")),
        [
            (get(headers={"accept": ["a", "b"]}), "joined"),
            (get(headers={"accept": ["", "a", "", "b"]}), "joined"),
            (get(headers={"x-a": ["a", "b"]}), "apart"),
            (get(headers={"x-a": ["a,b"]}), "else"),
        ],
    ),
    Row(
        "HC-09",
        "hop-by-hop headers and those that Connection names are gone",
        table(
            *(
                route(name, has(name))
                for name in ("connection", "keep-alive", "proxy-connection", "upgrade", "x-a", "te")
            ),
            route("none"),
        ),
        [
            (get(headers={"connection": "keep-alive", "keep-alive": "5", "proxy-connection": "x"}), "none"),
            (get(headers={"connection": "x-a", "x-a": "1"}), "none"),
            (get(headers={"x-a": "1"}), "x-a"),
            (get(headers={"te": "gzip"}), "none"),
            (get(headers={"te": "gzip, trailers"}), "te"),
            (get(headers={"connection": "x-forwarded-for"}), "400"),
            (get(headers={"connection": "host"}), "400"),
            (get(headers={"connection": "a,b,c,d,e,f,g,h,i,j"}), "400"),
        ],
    ),
    Row("HC-11", "a path that does not start with a slash is a 404", ANY, [(get("http://b.com?q"), "404")]),
    Row(
        "HC-03 HC-46",
        "the edge refuses an https URL on a plain connection",
        ANY,
        [
            (get("https://h.test/"), "403"),
            (get("https://h.test?q"), "403"),
            (get("https://h.test/", method="QUERY"), "403"),
            (get("http://h.test/"), "any"),
        ],
        EDGE,
    ),
    Row(
        "HC-09",
        "an absolute target brings the host that Connection removed",
        ANY,
        [(get("http://b.com/", headers={"connection": "host"}), "any")],
    ),
    Row(
        "HC-09",
        "the Connection header of an upgrade or a CONNECT is left alone",
        table(route("connect", {"connect_matcher": {}}), route("kept", has("x-a")), route("none")),
        [
            (get(headers={"connection": "upgrade, x-a", "upgrade": "websocket", "x-a": "1"}), "kept"),
            (get(headers={"connection": "upgrade, x-a", "upgrade": "h2c", "x-a": "1"}), "none"),
            (get(None, "a:80", "CONNECT", {"connection": "x-forwarded-for"}), "connect"),
        ],
        {"upgrade_configs": [{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}]},
    ),
    Row(
        "HC-03",
        "without absolute targets anything is a path, which must start with a slash",
        ANY,
        [(get("http://b.com/"), "404"), (get("*"), "404"), (get("/"), "any")],
        {"http_protocol_options": {"allow_absolute_url": False}},
    ),
)

REFUSED: tuple[Refused, ...] = ()
