"""Scoped routes: the key of headers chooses the route configuration (VH-30 to VH-33)."""

from __future__ import annotations

from typing import Any

import pytest
from support.envoy import parse

from fastroute.api import names
from fastroute.compile.context import Context
from fastroute.compile.hcm import compile_hcm
from fastroute.config.resources import Resource
from fastroute.core.hcm import HttpManager
from fastroute.errors import RejectedError, UnsupportedError

ROUTER = {"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}


def configuration(name: str) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}, "name": name}
    return {"name": name, "virtual_hosts": [{"name": "h", "domains": ["*"], "routes": [route]}]}


def scope(key: list[str], name: str) -> dict[str, Any]:
    return {
        "name": f"s-{name}",
        "key": {"fragments": [{"string_key": part} for part in key]},
        "route_configuration": configuration(name),
    }


def compiled(extractor: dict[str, Any], *scopes: dict[str, Any]) -> HttpManager:
    builder = {"fragments": [{"header_value_extractor": {"name": "x-scope", **extractor}}]}
    scoped = {
        "name": "s",
        "scope_key_builder": builder,
        "scoped_route_configurations_list": {"scoped_route_configurations": list(scopes)},
    }
    message = parse(
        {"stat_prefix": "s", "scoped_routes": scoped, "http_filters": [ROUTER]}, names.HTTP_CONNECTION_MANAGER
    )
    return compile_hcm(message, Context(Resource("hcm", message)), "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a;k=one", "one"),
        ("k=two,k=one", "two"),
        ("k=one=x", None),
        ("k =one", None),
        ("", None),
        (None, None),
        ("k", ""),
    ],
)
def test_an_element_of_the_header_is_the_key(value: str | None, expected: str | None) -> None:
    """VH-31, VH-32: untrimmed, exact, the first element with the key counts."""
    separator = ";" if value == "a;k=one" else ","
    extractor = {"element_separator": separator, "element": {"key": "k", "separator": "="}}
    manager = compiled(extractor, scope(["one"], "one"), scope(["two"], "two"), scope([""], ""))
    assert manager.scopes is not None
    found = manager.scopes.find("h", [] if value is None else [("X-Scope", value)], {})
    assert (None if found is None else found.name) == expected


def test_the_last_of_equal_keys_wins_among_inline_scopes() -> None:
    """VH-33."""
    manager = compiled({"index": 0}, scope(["k"], "first"), scope(["k"], "second"))
    assert manager.scopes is not None
    found = manager.scopes.find("h", {"x-scope": "k"}, {})
    assert found is not None
    assert found.name == "second"


def test_an_index_needs_a_separator() -> None:
    """VH-31."""
    with pytest.raises(RejectedError, match="Index > 0 for empty string element separator"):
        compiled({"index": 1}, scope(["k"], "first"))


@pytest.mark.parametrize("name", ["x-envoy-internal", "X-Forwarded-For", ":authority", "Host", "via", "x-request-id"])
def test_a_key_of_a_header_that_the_manager_may_change_is_refused(name: str) -> None:
    """VH-34: Envoy finds the scope again after it processed the headers."""
    fragment = {"header_value_extractor": {"name": name}}
    scoped = {"name": "s", "scope_key_builder": {"fragments": [fragment]}}
    message = parse(
        {"stat_prefix": "s", "scoped_routes": scoped, "http_filters": [ROUTER]}, names.HTTP_CONNECTION_MANAGER
    )
    with pytest.raises(UnsupportedError, match=r"\(VH-34\)") as caught:
        compile_hcm(message, Context(Resource("l", message)), "hcm")
    assert caught.value.path == "hcm.scoped_routes.scope_key_builder.fragments[0].header_value_extractor.name"
