"""Per-filter configuration of types that Envoy has, and that it lacks (RA-92)."""

from __future__ import annotations

from typing import Any

import pytest
from support.one_route import forward, request, target

from fastroute.errors import RejectedError

STRUCT = "type.googleapis.com/xds.type.v3.TypedStruct"
FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
NAME = "envoy.filters.http.fault"


def per_filter(config: dict[str, Any]) -> dict[str, Any]:
    return {**forward(), "typed_per_filter_config": {NAME: config}}


def test_a_typed_struct_of_a_known_type_is_that_type():
    value = {"abort": {"http_status": 503, "percentage": {"numerator": 100}}}
    found = target(per_filter({"@type": STRUCT, "type_url": FAULT, "value": value})).action
    assert found.fault(request()).status == 503


def test_a_type_that_envoy_lacks_is_refused_and_without_effect_when_lenient():
    unknown = {"@type": STRUCT, "type_url": "type.googleapis.com/istio.telemetry.Anything", "value": {"a": 1}}
    with pytest.raises(RejectedError, match=r"registered implementation.*istio\.telemetry"):
        target(per_filter(unknown))
    found = target(per_filter(unknown), strict=False).action
    assert found.filter_config(request(), NAME) is None
    assert found.fault(request()) is None


def test_an_optional_type_that_envoy_lacks_is_taken():
    wrapper = {
        "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
        "is_optional": True,
        "config": {"@type": STRUCT, "type_url": "type.googleapis.com/none"},
    }
    assert target(per_filter(wrapper)).action.filter_config(request(), NAME) is None


def test_settings_are_plain_values():
    config = {"@type": FAULT, "delay": {"fixed_delay": "1.5s"}, "downstream_nodes": ["n"]}
    found = target(per_filter(config)).action.filter_config(request(), NAME)
    assert found == {"delay": {"fixed_delay": "1.500s"}, "downstream_nodes": ["n"]}
