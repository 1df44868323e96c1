"""What of a bootstrap, its runtime and its connection managers is refused because decisions would differ silently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.whole import bootstrap_of, runtime

import fastroute
from fastroute.api import names
from fastroute.errors import UnsupportedError
from fastroute.request import Connection

FILTERS = "envoy.extensions.filters.http."
ROUTES = [{"match": {"prefix": "/"}, "route": {"cluster": "c1"}}]
ROUTER = {"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}
MANAGER = "filter_chains[0].filters[0].typed_config"
RE2 = names.url("envoy.extensions.regex_engines.v3.GoogleRE2")
GUARD = "envoy.reloadable_features."


def http_filter(kind: str) -> dict[str, Any]:
    first = {"name": "f", "typed_config": {"@type": names.url(FILTERS + kind)}}
    return {"manager": {"http_filters": [first, ROUTER]}}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "header_prefix": ({"header_prefix": "x-own"}, "header_prefix", "header_prefix of Bootstrap is not supported"),
    "inline_headers": (
        {"inline_headers": [{"inline_header_name": "x-a", "inline_header_type": "REQUEST_HEADER"}]},
        "inline_headers",
        "inline_headers of Bootstrap is not supported",
    ),
    "disk layer": (
        {"layered_runtime": {"layers": [{"name": "d", "disk_layer": {"symlink_root": "/none"}}]}},
        "layered_runtime.layers[0].disk_layer",
        "lies in a directory",
    ),
    "guard": (
        runtime(**{GUARD + "match_headers_individually": False}),
        "layered_runtime",
        "match_headers_individually",
    ),
    "nested guard": (
        runtime(envoy={"reloadable_features": {"re2_use_latin1_mode": False}}),
        "layered_runtime",
        "re2_use_latin1_mode",
    ),
    "maintenance": (runtime(**{"upstream.maintenance_mode.c1": 100}), "layered_runtime", "maintenance_mode.c1"),
    "retries": (runtime(**{"upstream.use_retry": 0}), "layered_runtime", "upstream.use_retry"),
    "breakers": (runtime(**{"circuit_breakers.c1.default.max_requests": 0}), "layered_runtime", "circuit_breakers.c1"),
    "proxy status": (
        {"manager": {"proxy_status_config": {"set_recommended_response_code": True}}},
        f"{MANAGER}.proxy_status_config",
        "proxy_status_config of HttpConnectionManager is not supported",
    ),
    "no filters": ({"manager": {"http_filters": []}}, f"{MANAGER}.http_filters", "no request is ever answered"),
    "sessions": (
        http_filter("stateful_session.v3.StatefulSession"),
        f"{MANAGER}.http_filters[0]",
        "chooses the host of a session",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_differ_silently_is_refused(what: str) -> None:
    fields, path, words = REFUSED[what]
    source = json.dumps(bootstrap_of(ROUTES, **fields)).encode()
    with pytest.raises(UnsupportedError) as caught:
        fastroute.load(source)
    assert caught.value.path == path
    assert words in str(caught.value)
    lenient = fastroute.load(source, strict=False)
    assert [words in str(notice.error) for notice in lenient.notices] == [True]
    router = fastroute.Router(lenient)
    decision = router.route("h", "/", chain=router.connect(Connection(("127.0.0.1", 0))))
    assert decision.cluster == "c1"
    assert decision.notices == lenient.notices


def test_keys_that_envoy_takes_by_itself_may_be_given_to_load() -> None:
    with pytest.raises(UnsupportedError, match=r"the runtime key upstream\.use_retry may change decisions"):
        fastroute.load({"name": "r"}, runtime={"upstream.use_retry": 50})


def test_an_upgrade_without_the_faults_of_the_manager_is_refused() -> None:
    fault = {"name": "fault", "typed_config": {"@type": names.url(names.FAULT)}}
    upgrade = {"upgrade_type": "websocket", "filters": [ROUTER]}
    manager = {"http_filters": [fault, ROUTER], "upgrade_configs": [upgrade]}
    with pytest.raises(UnsupportedError, match="an upgrade with other fault or CORS filters"):
        fastroute.load(json.dumps(bootstrap_of(ROUTES, manager=manager)).encode())
    upgrade["filters"] = [fault, ROUTER]
    fastroute.load(json.dumps(bootstrap_of(ROUTES, manager=manager)).encode())


TAKEN: dict[str, dict[str, Any]] = {
    "a guard that no Envoy of this version has": runtime(**{GUARD + "strict_1xx_and_204_response_headers": False}),
    "a guard of HTTP/2": runtime(**{GUARD + "http2_use_oghttp2": False}),
    "a limit of connections": runtime(**{"overload.global_downstream_max_connections": "2147483647"}),
    "the usual regex engine": {"default_regex_engine": {"name": "e", "typed_config": {"@type": RE2}}},
    "a key of one's own": runtime(routing={"canary": 5}),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_changes_no_decision_is_taken(what: str) -> None:
    fastroute.load(json.dumps(bootstrap_of(ROUTES, **TAKEN[what])).encode())
