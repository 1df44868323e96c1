"""Drawn HTTP connection managers: options of every kind, filters before the router, inline or scoped routes."""

from __future__ import annotations

from random import Random
from typing import Any

from fastroute.api import names
from support import manager_bed
from support.families import http_rbac
from support.wholes.ledger import access_log
from support.wholes.routes import Routes

Json = dict[str, Any]


def manager(rng: Random, routes: Routes, name: str) -> Json:
    """A connection manager as a network filter; `name` begins the names of its route configurations."""
    made: Json = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": "t",
        "delayed_close_timeout": "0s",
        "access_log": [access_log("http")],
        **_options(rng),
    }
    rbac = rng.random() < 0.12
    if rbac:
        two = rng.random() < 0.3
        made["http_filters"] = http_rbac.manager(rng, two=two)["http_filters"]
    elif "http_filters" not in made:
        made["http_filters"] = [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}]
    if rng.random() < 0.15 and "early_header_mutation_extensions" not in made:
        made["scoped_routes"] = _scoped(rng, routes, name, rbac=rbac)
    else:
        made["route_config"] = routes.configuration(name, rbac=rbac)
    return {"name": "manager", "typed_config": made}


def _options(rng: Random) -> Json:
    made = manager_bed.options(rng)
    del made["local_reply_config"]
    if rng.random() < 0.3:
        made["generate_request_id"] = True
    if rng.random() < 0.2:
        made["preserve_external_request_id"] = True
    if rng.random() < 0.2:
        made["codec_type"] = rng.choice(("HTTP1", "AUTO"))
    if rng.random() < 0.2:
        made["server_name"] = "drawn"
    if rng.random() < 0.1:
        http1 = made.setdefault("http_protocol_options", {})
        http1["header_key_format"] = {"proper_case_words": {}}
    if rng.random() < 0.3:
        kinds = rng.sample(("websocket", "CONNECT", "foo", "h2c"), rng.randint(1, 3))
        made["upgrade_configs"] = [{"upgrade_type": each, "enabled": rng.random() < 0.7} for each in kinds]
    return made


def _scoped(rng: Random, routes: Routes, name: str, *, rbac: bool) -> Json:
    """Scopes by one or two fragments; some keys lie near each other."""
    keys = rng.sample(("a", "b", "ab", "A", "1", ""), rng.randint(1, 3))
    value: Json = {"name": rng.choice(("x-tenant", "X-A"))}
    kind = rng.choice(("element", "split", "whole"))
    if kind == "element":
        value["element_separator"] = rng.choice((",", ";"))
        value["element"] = {"separator": "=", "key": "k"}
    elif kind == "split":
        value |= {"element_separator": ",", "index": rng.choice((0, 0, 1))}
    else:
        value["index"] = 0
    fragments = [{"header_value_extractor": value}]
    listed = []
    for number, key in enumerate(keys):
        scope = f"{name}/s{number}"
        listed.append(
            {
                "name": scope,
                "key": {"fragments": [{"string_key": key}]},
                "route_configuration": routes.configuration(scope, rbac=rbac),
            }
        )
    return {
        "name": f"{name}/scopes",
        "scope_key_builder": {"fragments": fragments},
        "scoped_route_configurations_list": {"scoped_route_configurations": listed},
    }
