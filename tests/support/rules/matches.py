"""Route matches: RM."""

from __future__ import annotations

from typing import Any

from support.rules.rows import Refused, Row, get, route, table

TEMPLATE = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"


def template(text: str) -> dict[str, Any]:
    """A match on a URI template."""
    return {"path_match_policy": {"name": "t", "typed_config": {"@type": TEMPLATE, "path_template": text}}}


def regex(text: str) -> dict[str, Any]:
    """A match on a regular expression."""
    return {"safe_regex": {"regex": text}}


def header(matcher: dict[str, Any], name: str = "x-a") -> dict[str, Any]:
    """A match on one header."""
    return {"prefix": "/", "headers": [{"name": name, **matcher}]}


def text(**matcher: Any) -> dict[str, Any]:
    """A string matcher of a header."""
    return {"string_match": matcher}


def x(*values: str) -> dict[str, list[str]]:
    """The header x-a, on a line for each value."""
    return {"x-a": list(values)}


def choose(match: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A table that tells whether a match holds: `yes` or `no`."""
    return table(route("yes", match), route("no"), **fields)


def query(**matcher: Any) -> dict[str, Any]:
    """A match on the query parameter `a`."""
    return {"prefix": "/", "query_parameters": [{"name": "a", **matcher}]}


def cookie(value: str, **fields: Any) -> dict[str, Any]:
    """A match on the cookie `sid`."""
    return {"prefix": "/", "cookies": [{"name": "sid", "string_match": {"exact": value}, **fields}]}


def certain(numerator: int, denominator: str = "HUNDRED", key: str = "") -> dict[str, Any]:
    """A runtime fraction."""
    return {
        "prefix": "/",
        "runtime_fraction": {"default_value": {"numerator": numerator, "denominator": denominator}, "runtime_key": key},
    }


ROWS = (
    Row(
        "RM-01 RM-02",
        "all predicates must hold; the path ends at the query",
        choose(
            {"path": "/a", "headers": [{"name": "x-a", "present_match": True}], "query_parameters": [{"name": "q"}]}
        ),
        [
            (get("/a?q", headers=x("1")), "yes"),
            (get("/a?q"), "no"),
            (get("/a", headers=x("1")), "no"),
            (get("/b?q", headers=x("1")), "no"),
        ],
    ),
    Row(
        "RM-03",
        "prefix: bytes of the path; with a query it never matches",
        table(route("query", "/pq?x=1"), route("ab", "/ab"), route("all", "")),
        [
            (get("/abc"), "ab"),
            (get("/ab?x"), "ab"),
            (get("/a"), "all"),
            (get("/pq?x=1"), "all"),
        ],
    ),
    Row(
        "RM-04",
        "path: equality",
        choose({"path": "/exact"}),
        [
            (get("/exact"), "yes"),
            (get("/exact?a"), "yes"),
            (get("/exact/"), "no"),
            (get("/exactly"), "no"),
            (get("/Exact"), "no"),
        ],
    ),
    Row(
        "RM-05",
        "regex: the whole path, and every alternative",
        choose(regex("/a|/ab|/re/[0-9]+")),
        [
            (get("/ab"), "yes"),
            (get("/a"), "yes"),
            (get("/abc"), "no"),
            (get("/re/12?x"), "yes"),
            (get("/re/12/"), "no"),
        ],
    ),
    Row(
        "RM-05 RM-11",
        "regex: case_sensitive is ignored",
        choose({**regex("/Rx"), "case_sensitive": False}),
        [
            (get("/Rx"), "yes"),
            (get("/rx"), "no"),
        ],
    ),
    Row(
        "RM-07",
        "path_separated_prefix",
        choose({"path_separated_prefix": "/api/dev"}),
        [
            (get("/api/dev"), "yes"),
            (get("/api/dev/"), "yes"),
            (get("/api/dev/x?y"), "yes"),
            (get("/api/dev?x"), "yes"),
            (get("/api/developer"), "no"),
            (get("/api"), "no"),
            (get("/api/dev;x=1"), "no"),
        ],
    ),
    Row(
        "RM-08",
        "connect_matcher takes CONNECT only",
        choose({"connect_matcher": {}}),
        [
            (get("/"), "no"),
            (get(None, "a:80", "CONNECT"), "yes"),
        ],
        {"upgrade_configs": [{"upgrade_type": "CONNECT"}]},
    ),
    Row(
        "RM-09",
        "templates",
        table(
            route("one", template("/bar/{country}/x")),
            route("glob", template("/gg/**")),
            route("lit", template("/v/{a=a/*}/z")),
            route("suffix", template("/m/{p=**}.mpd")),
            route("mixed", template("/mix/v{ver}/users/{id}.json")),
        ),
        [
            (get("/bar/fr/x?q"), "one"),
            (get("/bar//x"), "404"),
            (get("/bar/fr/fr/x"), "404"),
            (get("/gg"), "404"),
            (get("/gg/"), "glob"),
            (get("/gg/a/b"), "glob"),
            (get("/v/a/b/z"), "lit"),
            (get("/v/b/b/z"), "404"),
            (get("/m/a/b/c.mpd"), "suffix"),
            (get("/mix/v1/users/7.json"), "mixed"),
            (get("/mix/v/users/7.json"), "404"),
            (get("/Bar/fr/x"), "404"),
        ],
    ),
    Row(
        "RM-11",
        "without case: prefix, path and path_separated_prefix",
        table(
            route("path", {"path": "/CI", "case_sensitive": False}),
            route("separated", {"path_separated_prefix": "/Foo/Bar", "case_sensitive": False}),
            route("prefix", {"prefix": "/PRE", "case_sensitive": False}),
        ),
        [
            (get("/ci"), "path"),
            (get("/Ci?z"), "path"),
            (get("/foo/bar/z"), "separated"),
            (get("/FOO/BARz"), "404"),
            (get("/prefix"), "prefix"),
        ],
    ),
    Row(
        "RM-12",
        "path parameters are cut out of every segment",
        table(
            route("path", {"path": "/a/b"}),
            route("separated", {"path_separated_prefix": "/p/q"}),
            route("regex", regex("/r/[a-z]+")),
            route("template", template("/t/{x}")),
            ignore_path_parameters_in_path_matching=True,
        ),
        [
            (get("/a;x/b;y=2?q"), "path"),
            (get("/a;/b"), "path"),
            (get("/a/;b/b"), "404"),
            (get("/p;1/q;2/z;3"), "separated"),
            (get("/r;a/zz;b"), "regex"),
            (get("/t/v;w"), "template"),
            (get("/t;1/v"), "404"),
        ],
    ),
    Row(
        "RM-12",
        "parameters are part of what a template matches",
        choose(template("/*/v1"), ignore_path_parameters_in_path_matching=True),
        [(get("/x/v1"), "yes"), (get("/x/v1;p=1"), "no"), (get("/x;p=1/v1"), "yes")],
    ),
    Row("RM-13", "nothing is decoded", choose({"path": "/a"}), [(get("/%61"), "no")]),
    Row(
        "RM-20",
        "numerators of zero, of all and of more",
        table(route("never", certain(0)), route("more", certain(101)), route("rest")),
        [(get(), "more")],
    ),
    Row(
        "RM-20 RM-21",
        "no runtime key, and one that nobody set: the default",
        table(route("never", certain(0, key="not.set")), route("always", certain(1000000, "MILLION", "not.set"))),
        [(get(), "always")],
    ),
    Row(
        "RM-30",
        "host is :authority; :path has the query; names have no case",
        table(
            route("host", header(text(exact="A.com:80"), "Host")),
            route("path", header(text(exact="/p?q=1"), ":path")),
            route("method", header(text(exact="PUT"), ":method")),
            route("name", header(text(exact="1"), "X-A")),
            route("none"),
        ),
        [
            (get(host="A.com:80"), "host"),
            (get(host="a.com:80"), "none"),
            (get("/p?q=1"), "path"),
            (get("/p"), "none"),
            (get(method="PUT"), "method"),
            (get(headers=x("1")), "name"),
        ],
    ),
    Row(
        "RM-31",
        "any line matches; inverted none may",
        table(
            route("b", header(text(exact="b"))),
            route("not z", header({**text(exact="z"), "invert_match": True})),
            route("none"),
        ),
        [
            (get(headers=x("a", "b")), "b"),
            (get(headers=x("a,b")), "not z"),
            (get(headers=x("a", "z")), "none"),
        ],
    ),
    Row(
        "RM-32",
        "absent: false, even inverted, unless taken as empty",
        table(
            route("inverted", header({**text(exact="z"), "invert_match": True})),
            route("as empty", header({**text(exact=""), "treat_missing_header_as_empty": True})),
            route("none"),
        ),
        [
            (get(), "as empty"),
            (get(headers=x("z")), "none"),
            (get(headers=x("y")), "inverted"),
        ],
    ),
    Row(
        "RM-33",
        "presence and absence",
        choose(header({"present_match": True})),
        [(get(headers=x("")), "yes"), (get(), "no")],
    ),
    Row("RM-33", "absence", choose(header({"present_match": False})), [(get(headers=x("")), "no"), (get(), "yes")]),
    Row(
        "RM-33",
        "presence, inverted",
        choose(header({"present_match": True, "invert_match": True})),
        [(get(headers=x("v")), "no"), (get(), "yes")],
    ),
    Row(
        "RM-33",
        "absence never holds with missing as empty",
        choose(header({"present_match": False, "treat_missing_header_as_empty": True})),
        [(get(headers=x("v")), "no"), (get(), "no")],
    ),
    Row("RM-33", "no specifier is presence", choose(header({})), [(get(headers=x("v")), "yes"), (get(), "no")]),
    Row(
        "RM-34",
        "the legacy exact_match of nothing is presence",
        choose(header({"exact_match": ""})),
        [(get(headers=x("v")), "yes"), (get(), "no")],
    ),
    Row(
        "RM-34",
        "legacy prefix, suffix, contains and regex",
        table(
            route("prefix", header({"prefix_match": "pre"})),
            route("suffix", header({"suffix_match": "suf"})),
            route("contains", header({"contains_match": "mid"})),
            route("regex", header({"safe_regex_match": {"regex": "r+"}})),
            route("none"),
        ),
        [
            (get(headers=x("prex")), "prefix"),
            (get(headers=x("xsuf")), "suffix"),
            (get(headers=x("xmidx")), "contains"),
            (get(headers=x("rr")), "regex"),
            (get(headers=x("rrx")), "none"),
        ],
    ),
    Row(
        "RM-35",
        "integers in a half-open range",
        choose(header({"range_match": {"start": "-10", "end": "5"}})),
        [
            *((get(headers=x(value)), "yes") for value in ("-10", "4", "+4", "04")),
            *((get(headers=x(value)), "no") for value in ("5", "4.0", "", "1,2", "9223372036854775808")),
            (get(headers=x("99", "3")), "yes"),
        ],
    ),
    Row(
        "RM-36",
        "string matchers without case, but regexes",
        table(
            route("prefix", header(text(prefix="AbC", ignore_case=True))),
            route("regex", header(text(safe_regex={"regex": "Rx"}))),
            route("contains", header(text(contains="MID", ignore_case=True))),
            route("suffix", header(text(suffix="END"))),
            route("none"),
        ),
        [
            (get(headers=x("aBcdef")), "prefix"),
            (get(headers=x("zabc")), "none"),
            (get(headers=x("rx")), "none"),
            (get(headers=x("Rx")), "regex"),
            (get(headers=x("xmidx")), "contains"),
            (get(headers=x("xend")), "none"),
            (get(headers=x("xEND")), "suffix"),
        ],
    ),
    Row("RM-37", "the codec trims values", choose(header(text(exact="a"))), [(get(headers=x("  a\t ")), "yes")]),
    Row(
        "RM-40",
        "query parameters are raw, the first counts",
        choose(query(string_match={"exact": "1"})),
        [
            (get("/?a=1"), "yes"),
            (get("/?a=2&a=1"), "no"),
            (get("/?a=1&a=2"), "yes"),
            (get("/?A=1"), "no"),
            (get("/?a=%31"), "no"),
            (get("/?%61=1"), "no"),
            (get("/?b=2;a=1"), "no"),
            (get("/?b?a=1"), "no"),
            (get("/"), "no"),
        ],
    ),
    Row(
        "RM-40",
        "a parameter without value is empty",
        choose(query(string_match={"exact": ""})),
        [(get("/?a"), "yes"), (get("/?a="), "yes"), (get("/?"), "no")],
    ),
    Row("RM-40", "present, and absent", choose(query(present_match=False)), [(get("/?a"), "no"), (get("/?b"), "yes")]),
    Row("RM-40", "no specifier is presence", choose(query()), [(get("/?a"), "yes"), (get("/?b"), "no")]),
    Row(
        "RM-41",
        "the first cookie of a name; quotes go, spaces in front too",
        choose(cookie("1")),
        [
            (get(headers={"cookie": "sid=1"}), "yes"),
            (get(headers={"cookie": "sid=2; sid=1"}), "no"),
            (get(headers={"cookie": ["a=b", "sid=1"]}), "yes"),
            (get(headers={"cookie": 'sid="1"'}), "yes"),
            (get(headers={"cookie": "a=b,sid=1"}), "no"),
            (get(headers={"cookie": "SID=1"}), "no"),
            (get(headers={"cookie": "sid = 1"}), "no"),
            (get(headers={"cookie": ";sid=1"}), "yes"),
            (get(headers={"cookie": "a=b;\tsid=1"}), "no"),
            (get(headers={"cookie": "sid"}), "no"),
            (get(), "no"),
        ],
    ),
    Row(
        "RM-41",
        "an absent cookie matches inverted",
        choose(cookie("1", invert_match=True)),
        [(get(), "yes"), (get(headers={"cookie": "sid=2"}), "yes"), (get(headers={"cookie": "sid=1"}), "no")],
    ),
    Row(
        "RM-50",
        "gRPC by content type, in that case",
        choose({"prefix": "/", "grpc": {}}),
        [
            *(
                (get(headers={"content-type": value}), "yes")
                for value in ("application/grpc", "application/grpc+proto")
            ),
            *(
                (get(headers={"content-type": value}), "no")
                for value in ("application/grpc;x", "application/grpc-web", "application/GRPC", "text/plain")
            ),
            (get(), "no"),
        ],
    ),
    Row(
        "RM-50",
        "Envoy answers gRPC with 200",
        table(route("direct", {"prefix": "/d"}, direct_response={"status": 503, "body": {"inline_string": "x"}})),
        [
            (get("/d", headers={"content-type": "application/grpc"}), "direct"),
            (get("/d"), "503"),
            (get("/none", headers={"content-type": "application/grpc"}), "200"),
            (get("/none"), "404"),
        ],
    ),
    Row(
        "RM-51",
        "without TLS no certificate is presented or validated",
        table(
            route("presented", {"prefix": "/", "tls_context": {"presented": True}}),
            route("validated", {"prefix": "/", "tls_context": {"validated": True}}),
            route("neither", {"prefix": "/", "tls_context": {"presented": False, "validated": False}}),
        ),
        [(get(), "neither")],
    ),
    Row("RM-51", "nothing asked of TLS holds always", choose({"prefix": "/", "tls_context": {}}), [(get(), "yes")]),
    Row(
        "RM-52",
        "absent metadata: only inverted matchers hold",
        table(
            route(
                "absent",
                {
                    "prefix": "/",
                    "dynamic_metadata": [{"filter": "ns", "path": [{"key": "k"}], "value": {"present_match": False}}],
                },
            ),
            route(
                "inverted",
                {
                    "prefix": "/",
                    "dynamic_metadata": [
                        {"filter": "ns", "path": [{"key": "k"}], "value": {"present_match": True}, "invert": True}
                    ],
                },
            ),
        ),
        [(get(), "inverted")],
    ),
    Row(
        "RM-53",
        "absent filter state does not match",
        choose({"prefix": "/", "filter_state": [{"key": "k", "string_match": {"prefix": "a"}}]}),
        [(get(), "no")],
    ),
    Row(
        "RM-50",
        "the codec answers gRPC as it answers everything; CONNECT is never gRPC",
        choose({"prefix": "/", "grpc": {}}),
        [
            (get(host="a b", headers={"content-type": "application/grpc"}), "400"),
            (get(None, "a:80", "CONNECT", {"content-type": "application/grpc"}), "404"),
        ],
    ),
)

LONG = "a{101}b{101}"

REFUSED: tuple[Refused, ...] = (
    Refused(
        "RM-36",
        "ignore_case beside a regex",
        "ignore_case has no effect for safe_regex",
        table(route("r", header(text(safe_regex={"regex": "a"}, ignore_case=True)))),
    ),
    Refused(
        "RM-06",
        "a regex with a program of more than 100 instructions",
        "RE2 program size",
        table(route("r", regex(LONG))),
    ),
    Refused("RM-06", "a look-ahead", "invalid perl operator", table(route("r", regex("(?=a)b")))),
    Refused("RM-06", "an empty regex", "Regex", table(route("r", {"safe_regex": {"regex": ""}}))),
    Refused("RM-02 RM-55", "no path specifier", "path_specifier", table({"match": {}, "route": {"cluster": "c0"}})),
    Refused("RM-55", "no match", "Match", table({"route": {"cluster": "c0"}})),
    Refused(
        "RM-07",
        "a path_separated_prefix that ends with a slash",
        "PathSeparatedPrefix",
        table(route("r", {"path_separated_prefix": "/a/"})),
    ),
    Refused(
        "RM-10", "a template with a variable twice", "Repeated variable name", table(route("r", template("/{a}/{a}")))
    ),
    Refused(
        "RM-10",
        "a template with six variables",
        "Exceeded variable count limit",
        table(route("r", template("/{a}/{b}/{c}/{d}/{e}/{f}"))),
    ),
    Refused("RM-10", "an operator after **", "nvalid", table(route("r", template("/**/*")))),
    Refused(
        "RM-20",
        "a fraction without default",
        "DefaultValue",
        table(route("r", {"prefix": "/", "runtime_fraction": {"runtime_key": "k"}})),
    ),
    Refused("RM-34", "an empty legacy prefix", "PrefixMatch", table(route("r", header({"prefix_match": ""})))),
)
