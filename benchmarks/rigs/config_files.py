"""Configuration files of any size, which fastroute and Envoy read alike: bootstraps of routes or of clusters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastroute.api import names, transcode

FORMATS = ("pb", "json", "yaml")
_MANAGER = names.url(names.HTTP_CONNECTION_MANAGER)
_ROUTER = names.url(names.ROUTER)


def prefix_path(number: int) -> str:
    """The prefix of route `number`."""
    return f"/service-{number}/api/"


def prefix_route(number: int) -> dict[str, Any]:
    """A route of a generated table: a prefix and a cluster."""
    return {"match": {"prefix": prefix_path(number)}, "route": {"cluster": f"cluster-{number % 10}"}}


def answering_route(number: int) -> dict[str, Any]:
    """A route that Envoy answers without an upstream."""
    answer = {"status": 200, "body": {"inline_string": f"route {number}"}}
    return {"name": f"route-{number}", "match": {"prefix": prefix_path(number)}, "direct_response": answer}


def mixed_route(number: int) -> dict[str, Any]:
    """Routes as people write them: names, headers, rewrites, timeouts, retries, weights, redirects by turns."""
    route: dict[str, Any] = {"name": f"route-{number}", **prefix_route(number)}
    action = route["route"]
    match number % 6:
        case 0:
            action |= {"timeout": f"{number % 7}s", "prefix_rewrite": "/"}
        case 1:
            route["match"]["headers"] = [{"name": "x-tenant", "string_match": {"exact": f"t{number}"}}]
        case 2:
            action["retry_policy"] = {"retry_on": "5xx", "num_retries": 2, "per_try_timeout": "1s"}
        case 3:
            weights = [{"name": f"cluster-{at}", "weight": 50} for at in range(2)]
            route["route"] = {"weighted_clusters": {"clusters": weights}}
        case 4:
            route["match"] = {"safe_regex": {"regex": f"/service-{number}/[0-9]+"}}
        case _:
            del route["route"]
            route["redirect"] = {"path_redirect": f"/moved/{number}"}
    return route


def cluster(number: int) -> dict[str, Any]:
    """A static cluster of three endpoints."""
    hosts = [f"10.{number // 250 % 250}.{number % 250}.{host}" for host in (1, 2, 3)]
    addresses = [{"socket_address": {"address": host, "port_value": 8080}} for host in hosts]
    return {
        "name": f"cluster-{number}",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": f"cluster-{number}",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": each}} for each in addresses]}],
        },
    }


def routes(table: list[dict[str, Any]], port: int = 10_000) -> dict[str, Any]:
    """A bootstrap: one listener whose connection manager has the table."""
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "ingress",
        "route_config": {"name": "web", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": table}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": _ROUTER}}],
    }
    listener = {
        "name": "main",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster(number) for number in range(10)]}}


def clusters(count: int) -> dict[str, Any]:
    """A bootstrap of nothing but clusters."""
    return {"static_resources": {"clusters": [cluster(number) for number in range(count)]}}


def write(tree: dict[str, Any], folder: Path, name: str, form: str) -> Path:
    """The tree as a file; `form` is one of FORMATS."""
    path = folder / f"{name}.{form}"
    if form == "pb":
        path.write_bytes(transcode.encode(names.BOOTSTRAP, tree))
    elif form == "json":
        path.write_text(json.dumps(tree), encoding="utf-8")
    else:
        path.write_text("".join(_yaml(tree, 0)), encoding="utf-8")
    return path


def _yaml(value: object, indent: int) -> Iterator[str]:
    """YAML in blocks, as generators write it; strings that YAML could take for something else are quoted."""
    space = " " * indent
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{space}{_text(key)}:"
            yield from _below(item, indent + 2)
    elif isinstance(value, list):
        for item in value:
            first, *rest = "".join(_yaml(item, indent + 2)).splitlines(keepends=True)
            yield f"{space}- {first.lstrip()}"
            yield from rest
    else:
        yield f"{space}{_text(value)}\n"


def _below(item: object, indent: int) -> Iterator[str]:
    if isinstance(item, dict | list):
        yield "\n"
        yield from _yaml(item, indent)
    else:
        yield f" {_text(item)}\n"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value if value[:1].isalpha() or value[:1] == "/" else json.dumps(value)
    return json.dumps(value)
