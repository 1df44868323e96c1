"""Constraints are reported all at once, each with its path, place and remedy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.shared import SHARED

from fastroute import config
from fastroute.errors import RejectedError, Where

ROUTES = b"""name: web
virtual_hosts:
- name: ""
  domains: []
  routes:
  - match: {prefix: /}
    route:
      cluster: blue
      retry_policy: {retry_back_off: {base_interval: 0s}}
"""


def errors(source: Any) -> list[RejectedError]:
    with pytest.raises(RejectedError) as caught:
        config.read(source)
    return [caught.value, *caught.value.others]  # type: ignore[list-item]


def test_all_violations_at_once_with_their_places() -> None:
    found = {error.path: error for error in errors(ROUTES)}
    assert set(found) == {
        "virtual_hosts[0].name",
        "virtual_hosts[0].domains",
        "virtual_hosts[0].routes[0].route.retry_policy.retry_back_off.base_interval",
    }
    assert found["virtual_hosts[0].name"].where == Where("<bytes>", 3, 3)
    assert found["virtual_hosts[0].domains"].where == Where("<bytes>", 4, 3)
    assert {error.resource for error in found.values()} == {'RouteConfiguration "web"'}


def test_lenient_reading_notes_them() -> None:
    found = config.read(ROUTES, strict=False)
    assert len(found.notices) == 3
    assert found.routes[0].name == "web"


def test_a_missing_oneof_names_its_members() -> None:
    (error,) = errors(
        {"name": "r", "virtual_hosts": [{"name": "v", "domains": ["*"], "routes": [{"match": {"prefix": "/"}}]}]}
    )
    assert error.code == "required"
    assert error.path == "virtual_hosts[0].routes[0]"
    assert "redirect" in error.remedy


def test_violations_inside_a_filter_of_the_bootstrap() -> None:
    manager = {"@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", "cluster": "c"}
    listener = {
        "address": {"pipe": {"path": "x"}},
        "filter_chains": [{"filters": [{"name": "t", "typed_config": manager}]}],
    }
    text = json.dumps({"static_resources": {"listeners": [listener]}}, indent=1)
    (error,) = errors(text.encode())
    assert error.path == "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.stat_prefix"
    assert error.where is not None
    assert text.splitlines()[(error.where.line or 0) - 1].strip().startswith('"typed_config"')


@pytest.mark.parametrize("vector", sorted(path.name for path in (SHARED / "spec/vectors").glob("*.json")))
def test_what_envoy_took_is_taken(vector: str) -> None:
    tree = json.loads((SHARED / "spec/vectors" / vector).read_text())
    assert config.read(tree["config"]).bootstrap is not None
