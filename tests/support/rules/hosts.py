"""Virtual hosts and scopes: VH."""

from __future__ import annotations

from typing import Any

from support.rules.rows import Refused, Row, get, hosts, route, table

TYPE = "type.googleapis.com/"


def extension(kind: str, **fields: Any) -> dict[str, Any]:
    """A typed extension; the name of a route is given as `called`."""
    if "called" in fields:
        fields["name"] = fields.pop("called")
    return {"name": "x", "typed_config": {"@type": TYPE + kind, **fields}}


def action(*routes: dict[str, Any]) -> dict[str, Any]:
    """The action of a tree: one route, or a list."""
    if len(routes) == 1:
        fields = {("called" if key == "name" else key): value for key, value in routes[0].items()}
        return {"action": extension("envoy.config.route.v3.Route", **fields)}
    return {"action": extension("envoy.config.route.v3.RouteList", routes=list(routes))}


HEADER = extension("envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name="x-a")


def tree(**matcher: Any) -> dict[str, Any]:
    """A table whose virtual host has a matcher."""
    return {"virtual_hosts": [{"name": "h", "domains": ["*"], "matcher": matcher}]}


def exact(**entries: dict[str, Any]) -> dict[str, Any]:
    """A tree with an exact map over x-a."""
    return {"matcher_tree": {"input": HEADER, "exact_match_map": {"map": entries}}}


def fragment(**extractor: Any) -> dict[str, Any]:
    """A fragment of a scope key."""
    return {"header_value_extractor": {"name": "x-scope", **extractor}}


def scoped(*keys: tuple[str, ...], fragments: list[dict[str, Any]]) -> dict[str, Any]:
    """Options with inline scopes, one for every key; the route is called by the key's parts."""
    scopes = [
        {
            "name": f"scope{number}",
            "key": {"fragments": [{"string_key": part} for part in key]},
            "route_configuration": {"name": f"r{number}", **table(route("+".join(key).replace(" ", "_") or "empty"))},
        }
        for number, key in enumerate(keys)
    ]
    listed = {"scoped_route_configurations": scopes}
    return {
        "scoped_routes": {
            "name": "scopes",
            "scope_key_builder": {"fragments": fragments},
            "scoped_route_configurations_list": listed,
        }
    }


def value(text: str) -> dict[str, str]:
    """The header that scopes look at."""
    return {"x-scope": text}


DOMAINS = hosts(
    "Foo.com",
    "*.foo.com",
    "*-bar.foo.com",
    "foo.*",
    "foo-*",
    "*",
    "foo.com:8080",
    "[::1]",
    "[::1]:81",
    "10.0.0.1",
    "*.com",
    "a*b.com",
    "foo.co.*",
    "trail.com.",
)

ROWS = (
    Row(
        "VH-01 VH-04 VH-09",
        "exact, without case; then suffixes, longest first; prefixes; *",
        DOMAINS,
        [
            (get(host="FOO.com"), "Foo.com"),
            (get(host="x.foo.com"), "*.foo.com"),
            (get(host="x-bar.foo.com"), "*-bar.foo.com"),
            (get(host="foo.org"), "foo.*"),
            (get(host="foo.co.uk"), "foo.co.*"),
            (get(host="foo-a"), "foo-*"),
            (get(host="zz.net"), "*"),
            (get(host="trail.com."), "trail.com."),
            (get(host="10.0.0.1"), "10.0.0.1"),
        ],
    ),
    Row(
        "VH-01",
        "the host in a header, without fallback",
        hosts("a.com", "b.com", vhost_header="x-host"),
        [
            (get(host="a.com", headers={"x-host": "B.com"}), "b.com"),
            (get(host="a.com"), "404"),
            (get(host="a.com", headers={"x-host": ["a.com", "b.com"]}), "a.com"),
        ],
    ),
    Row(
        "VH-02",
        "a port is part of the host",
        DOMAINS,
        [
            (get(host="foo.com:8080"), "foo.com:8080"),
            (get(host="foo.com:80"), "foo.*"),
            (get(host="x.foo.com:99"), "*"),
            (get(host="[::1]:82"), "*"),
        ],
    ),
    Row(
        "VH-02",
        "unless it is ignored",
        hosts("a.com", "[::1]", "*.b.com", ignore_port_in_host_matching=True),
        [
            (get(host="a.com:80"), "a.com"),
            (get(host="[::1]:82"), "[::1]"),
            (get(host="x.b.com:9"), "*.b.com"),
            (get(host="a.com:x"), "a.com"),
        ],
    ),
    Row("VH-03", "with `*` alone nobody looks at the host", hosts("*", vhost_header="x-host"), [(get(), "*")]),
    Row(
        "VH-05",
        "a wildcard stands for one character at least",
        DOMAINS,
        [
            (get(host="-bar.foo.com"), "*.foo.com"),
            (get(host=".foo.com"), "*.com"),
            (get(host="foo."), "*"),
            (get(host="x.y.foo.com"), "*.foo.com"),
            (get(host=".com"), "*"),
            (get(host="foo-"), "*"),
        ],
    ),
    Row("VH-06", "any suffix beats any prefix", hosts("*.com", "www.foo.*"), [(get(host="www.foo.com"), "*.com")]),
    Row(
        "VH-07",
        "a star inside is a character; a first star counts before a last",
        hosts("a*b.com", "*a*", "*"),
        [
            (get(host="axb.com"), "*"),
            (get(host="a*b.com"), "a*b.com"),
            (get(host="xa*"), "*a*"),
            (get(host="xax"), "*"),
        ],
    ),
    Row(
        "VH-08",
        "the empty host, and IPv6 literals",
        hosts("", "[::1]", "x"),
        [
            (get(host=""), "empty"),
            (get(host="[::1]"), "[::1]"),
            (get(host="::1"), "404"),
        ],
    ),
    Row(
        "VH-10",
        "no route in the best host is a 404; names may repeat",
        {
            "virtual_hosts": [
                {"name": "same", "domains": ["a.com"], "routes": [route("a", "/a")]},
                {"name": "same", "domains": ["*"], "routes": [route("any")]},
                {"name": "bare", "domains": ["b.com"]},
            ]
        },
        [(get("/b", "a.com"), "404"), (get("/", "b.com"), "404"), (get("/b", "c.com"), "any")],
    ),
    Row(
        "VH-11",
        "the first route that matches, not the best",
        table(route("wide"), route("narrow", {"path": "/a"})),
        [
            (get("/a"), "wide"),
        ],
    ),
    Row(
        "VH-13 FC-22 FC-23",
        "a map over a header's lines, joined; absent is no value",
        tree(**exact(**{"1": action(route("one")), "1,2": action(route("both"))}), on_no_match=action(route("none"))),
        [
            (get(headers={"x-a": "1"}), "one"),
            (get(headers={"x-a": ["1", "2"]}), "both"),
            (get(), "none"),
            (get(headers={"x-a": "3"}), "none"),
        ],
    ),
    Row(
        "VH-14",
        "the action's routes must match; the tree is not asked again",
        tree(
            **exact(**{"1": action(route("a", "/a"), route("b", "/b")), "2": action(route("c", "/c"))}),
            on_no_match=action(route("none")),
        ),
        [
            (get("/b", headers={"x-a": "1"}), "b"),
            (get("/c", headers={"x-a": "1"}), "404"),
            (get("/", headers={"x-a": "2"}), "404"),
        ],
    ),
    Row(
        "VH-30 VH-31",
        "a scope is found by its whole key",
        {},
        [
            (get(headers=value("a")), "a"),
            (get(headers=value("A")), "404"),
            (get(), "404"),
            (get(headers=value("")), "empty"),
            (get(headers={"x-scope": ["a", "b"]}), "a"),
        ],
        scoped(("a",), ("",), fragments=[fragment(index=0)]),
    ),
    Row(
        "VH-31",
        "the element at an index, untrimmed",
        {},
        [
            (get(headers=value("x,b")), "b"),
            (get(headers=value("x, b")), "_b"),
            (get(headers=value("x")), "404"),
            (get(headers=value("x,,")), "empty"),
        ],
        scoped(("b",), (" b",), ("",), fragments=[fragment(element_separator=",", index=1)]),
    ),
    Row(
        "VH-32",
        "the element of a key",
        {},
        [
            (get(headers=value("j=z;k=a")), "a"),
            (get(headers=value("k =a")), "404"),
            (get(headers=value("k= a")), "_a"),
            (get(headers=value("k")), "empty"),
            (get(headers=value("k=b=c")), "b=c"),
            (get(headers=value("k=a;k=b=c")), "a"),
        ],
        scoped(
            ("a",),
            (" a",),
            ("",),
            ("b=c",),
            fragments=[fragment(element_separator=";", element={"key": "k", "separator": "="})],
        ),
    ),
    Row(
        "VH-30",
        "two fragments",
        {},
        [
            (get(headers=value("a,b")), "a+b"),
            (get(headers=value("b,a")), "404"),
            (get(headers=value("a")), "404"),
        ],
        scoped(
            ("a", "b"), fragments=[fragment(element_separator=",", index=0), fragment(element_separator=",", index=1)]
        ),
    ),
    Row(
        "VH-33",
        "of two scopes with one key the last wins",
        {},
        [(get(headers=value("a")), "second")],
        {
            "scoped_routes": {
                "name": "scopes",
                "scope_key_builder": {"fragments": [fragment(index=0)]},
                "scoped_route_configurations_list": {
                    "scoped_route_configurations": [
                        {
                            "name": name,
                            "key": {"fragments": [{"string_key": "a"}]},
                            "route_configuration": {"name": name, **table(route(name))},
                        }
                        for name in ("first", "second")
                    ]
                },
            }
        },
    ),
    Row(
        "VH-34",
        "the key is made anew of the headers that routes see",
        {},
        [(get(headers=value("a")), "b")],
        {
            **scoped(("a",), ("b",), fragments=[fragment(index=0)]),
            "early_header_mutation_extensions": [
                extension(
                    "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                    mutations=[
                        {
                            "append": {
                                "header": {"key": "x-scope", "value": "b"},
                                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                            }
                        }
                    ],
                )
            ],
        },
    ),
    Row(
        "FC-21 VH-13",
        "no name at all is no server name",
        tree(
            matcher_tree={
                "input": HEADER,
                "custom_match": extension(
                    "xds.type.matcher.v3.ServerNameMatcher",
                    domain_matchers=[{"domains": ["*"], "on_match": action(route("name"))}],
                ),
            },
            on_no_match=action(route("none")),
        ),
        [(get(headers={"x-a": "b.com"}), "name"), (get(headers={"x-a": ""}), "none"), (get(), "none")],
    ),
)

RDS: dict[str, Any] = {"rds_config_source": {"ads": {}}}

REFUSED = (
    Refused(
        "VH-09",
        "a domain twice, whatever its case",
        "Only unique values for domains are permitted",
        hosts("a.com", "A.com"),
    ),
    Refused("VH-09", "the star twice", "Only a single wildcard domain is permitted", hosts("*", ["b.com", "*"])),
    Refused("VH-10", "no domains", "Domains", {"virtual_hosts": [{"name": "h"}]}),
    Refused("VH-10", "no name", "Name", {"virtual_hosts": [{"domains": ["*"]}]}),
    Refused(
        "VH-12",
        "matcher and routes",
        "cannot set both matcher and routes",
        table(route("r"), matcher=exact(a=action(route("a")))),
    ),
    Refused(
        "VH-13",
        "another input",
        "Route table can only match on request headers",
        tree(
            matcher_tree={
                "input": extension("envoy.extensions.matching.common_inputs.network.v3.SourceIPInput"),
                "exact_match_map": {"map": {"a": action(route("a"))}},
            }
        ),
    ),
    Refused(
        "VH-13",
        "keep_matching",
        "keep_matching is not supported",
        tree(**exact(a={**action(route("a")), "keep_matching": True})),
    ),
    Refused(
        "VH-18",
        "a virtual cluster without headers",
        "virtual clusters must define 'headers'",
        {"virtual_hosts": [{"name": "h", "domains": ["*"], "virtual_clusters": [{"name": "v"}]}]},
    ),
    Refused(
        "VH-31",
        "an index without separator",
        "Index > 0 for empty string element separator",
        options=scoped(("a",), fragments=[fragment(index=1)]),
    ),
    Refused(
        "VH-33",
        "an inline scope that names a route configuration",
        "not supported with inline scoped routes",
        options={
            "scoped_routes": {
                "name": "scopes",
                "scope_key_builder": {"fragments": [fragment(index=0)]},
                "scoped_route_configurations_list": {
                    "scoped_route_configurations": [
                        {"name": "s", "key": {"fragments": [{"string_key": "a"}]}, "route_configuration_name": "other"}
                    ]
                },
            }
        },
    ),
)
