"""Normalisation of path and authority: HC-20 … HC-32."""

from __future__ import annotations

from support.rules.managers import ANY, CONNECT_TABLE, paths
from support.rules.rows import Refused, Row, by_header, get, hosts, route, table

ROWS = (
    Row(
        "HC-20",
        "escaped slashes refused, in the path only",
        ANY,
        [
            (get("/a%2fb"), "400"),
            (get("/a%5Cb"), "400"),
            (get("/a?x=%2f"), "any"),
        ],
        {"path_with_escaped_slashes_action": "REJECT_REQUEST"},
    ),
    Row(
        "HC-20",
        "escaped slashes unescaped before the rest",
        paths("/y", "/a/b", "/x/../y"),
        [
            (get("/x%2f..%2fy"), "/y"),
            (get("/a%2Fb"), "/a/b"),
        ],
        {"path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD", "normalize_path": True},
    ),
    Row(
        "HC-21",
        "a redirect to the normal path, not for gRPC",
        ANY,
        [
            (get("/a%2fb?x=%2f"), "307 /a/b?x=%2f"),
            (get("/x%2f..%2fy"), "307 /y"),
            (get("/a"), "any"),
            (get("/a%2fb", headers={"content-type": "application/grpc"}), "200"),
        ],
        {"path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT", "normalize_path": True},
    ),
    Row(
        "HC-22",
        "only unreserved characters are decoded",
        paths("/A~-_", "/a%2Fb", "/%zz", "/a%", "/%C3%BC"),
        [
            (get("/%41%7e%2D%5f"), "/A~-_"),
            (get("/a%2Fb"), "/a%2Fb"),
            (get("/%zz"), "/%zz"),
            (get("/a%"), "/a%"),
            (get("/%C3%BC"), "/%C3%BC"),
            (get("/a%00"), "400"),
        ],
        {"normalize_path": True},
    ),
    Row(
        "HC-23",
        "backslashes turn, odd characters are escaped",
        paths("/a/b", "/a%22%3C%3E%5E%60%7B%7C%7D", "/a[b]!$&'()*+,:=@;"),
        [
            (get("/a\\b"), "/a/b"),
            (get('/a"<>^`{|}'), "/a%22%3C%3E%5E%60%7B%7C%7D"),
            (get("/a[b]!$&'()*+,:=@;"), "/a[b]!$&'()*+,:=@;"),
        ],
        {"normalize_path": True},
    ),
    Row(
        "HC-24",
        "dot segments",
        paths("/a/b", "/b", "/", "/a/", "/a", "/a/...", "/a//b", "/%2e%2e;x"),
        [
            (get("/a/./b"), "/a/b"),
            (get("/a/../b"), "/b"),
            (get("/a/.."), "/"),
            (get("/a/."), "/a/"),
            (get("/../a"), "/a"),
            (get("/%2e%2e/a"), "/a"),
            (get("/a/..."), "/a/..."),
            (get("/a//b"), "/a//b"),
            (get("/a;p=1/..;x/b"), "/b"),
            (get("/%2e%2e;x"), "404"),
        ],
        {"normalize_path": True},
    ),
    Row(
        "HC-25 HC-27",
        "the query is untouched, routes see the normal path",
        table(route("r", {"path": "/a", "headers": [{"name": ":path", "string_match": {"exact": "/a?x=/../y//z"}}]})),
        [
            (get("/b/../a?x=/../y//z"), "r"),
        ],
        {"normalize_path": True, "merge_slashes": True},
    ),
    Row(
        "HC-26",
        "merging slashes",
        paths("//", "/a", "/a/", "/a/b"),
        [
            (get("//"), "//"),
            (get("///"), "//"),
            (get("//a"), "/a"),
            (get("/a//"), "/a/"),
            (get("/a//b"), "/a/b"),
        ],
        {"merge_slashes": True},
    ),
    Row(
        "HC-28 HC-63 VH-15 RM-08",
        "CONNECT has no path",
        CONNECT_TABLE,
        [
            (get(None, "a:80", "CONNECT"), "connect"),
            (get("/x"), "other"),
        ],
        {"upgrade_configs": [{"upgrade_type": "CONNECT"}], "normalize_path": True},
    ),
    Row(
        "HC-30",
        "one trailing dot goes, before the port",
        hosts("a.com", "a.com.", "a.com:80", "*"),
        [
            (get(host="a.com."), "a.com"),
            (get(host="a.com.."), "a.com."),
            (get(host="a.com.:80"), "a.com:80"),
            (get(host="."), "*"),
        ],
        {"strip_trailing_host_dot": True},
    ),
    Row(
        "HC-31",
        "any port is cut when it is a number",
        hosts("a.com", "[::1]", "a.com:x", "a.com:", "*"),
        [
            (get(host="a.com:8080"), "a.com"),
            (get(host="[::1]:80"), "[::1]"),
            (get(host="a.com:x"), "a.com:x"),
            (get(host="a.com:"), "a.com:"),
            (get(host="a.com:+80"), "a.com"),
        ],
        {"strip_any_host_port": True},
    ),
    Row(
        "HC-32 RM-30",
        "the authority keeps its case, the lookup has none",
        {
            "virtual_hosts": [
                {
                    "name": "a",
                    "domains": ["a.com"],
                    "routes": [route("upper", by_header(":authority", "A.com")), route("lower")],
                }
            ]
        },
        [
            (get(host="A.com"), "upper"),
            (get(host="a.com"), "lower"),
        ],
    ),
)

REFUSED: tuple[Refused, ...] = (
    Refused(
        "HC-31",
        "both ways to strip ports",
        "Only one of `strip_matching_host_port` or `strip_any_host_port`",
        options={"strip_any_host_port": True, "strip_matching_host_port": True},
    ),
)
