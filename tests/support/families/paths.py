"""Path specifiers against Envoy: RM-02 … RM-13, VH-11."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st

from fastroute.request import Request
from support import near
from support.families.common import PLAIN, Listener, Table

LISTENERS = PLAIN
PER_TABLE = 60
SEGMENTS = ("a", "b", "ab", "api", "v1", "API", "x.y", "a-b", "%61", "a;p=1", "a*b", "*", "a=b", "a~b!$&'()+,:@")
REGEXES = ("/a|/ab", "/[a-z]+", "/api/.*", "/(a|b)/v[0-9]", "(?i)/api", "/.", "/a/?", ".*/v1", "/a.b")
TEMPLATES = ("/{x}", "/a/{x=*}", "/a/**", "/{x=a/*}/b", "/*/v1", "/v{n}/{x}", "/{p=**}", "/{p=**}.y", "/api/{a}/{b=**}")
TEMPLATE_TYPE = "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"

plain_paths = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@st.composite
def specifiers(draw: st.DrawFn) -> dict[str, Any]:
    """One path specifier of any kind."""
    kind = draw(
        st.sampled_from(("prefix", "prefix", "path", "path", "safe_regex", "path_separated_prefix", "template"))
    )
    match kind:
        case "safe_regex":
            return {"safe_regex": {"regex": draw(st.sampled_from(REGEXES))}}
        case "template":
            template = {"@type": TEMPLATE_TYPE, "path_template": draw(st.sampled_from(TEMPLATES))}
            return {"path_match_policy": {"name": "t", "typed_config": template}}
        case "prefix":
            value = draw(plain_paths) + draw(st.sampled_from(("", "", "/", "?a=b")))
            return {"prefix": draw(st.sampled_from((value, value, value, "/", "")))}
        case "path":
            return {"path": draw(plain_paths) + draw(st.sampled_from(("", "", "/")))}
        case _:
            return {"path_separated_prefix": draw(plain_paths)}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """One virtual host with many routes told apart by path."""
    routes = []
    for number, match in enumerate(draw(st.lists(specifiers(), min_size=1, max_size=12))):
        if draw(st.integers(0, 3)) == 0:
            match["case_sensitive"] = draw(st.booleans())
        routes.append({"name": f"r{number}", "match": match, "route": {"cluster": f"c{number % 10}"}})
    table: Table = {"virtual_hosts": [{"name": "h", "domains": ["*"], "routes": routes}]}
    if draw(st.integers(0, 3)) == 0:
        table["ignore_path_parameters_in_path_matching"] = True
    return table


def values(match: dict[str, Any]) -> list[str]:
    """Paths that a specifier takes, or nearly takes."""
    if "safe_regex" in match:
        return ["/a", "/ab", "/api", "/api/v1", "/b/v2", "/a/", "/a/b", "/a.b", "/axb", "/*", "/a*b"]
    if "path_match_policy" in match:
        return [
            "/a",
            "/a/b",
            "/a/b/c",
            "/v1",
            "/v1/x",
            "/x/v1",
            "/a/b.y",
            "/b.y",
            "/api/a/b/c",
            "/api/a/",
            "/a/",
            "/a*b",
            "/*",
            "/a/*/b",
        ]
    return [str(next(value for key, value in match.items() if key != "case_sensitive"))]


def requests(table: Table, seed: int) -> tuple[Listener, list[Request]]:
    """Requests whose paths are near the table's."""
    rng = Random(seed)
    known = [path for route in table["virtual_hosts"][0]["routes"] for path in values(route["match"])]
    return "plain", [Request(b"h.test", near.path(rng, known).encode()) for _ in range(PER_TABLE)]
