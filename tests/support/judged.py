"""What strict loading says of one resource, beside the clusters that it may name."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from fastroute import snapshot
from fastroute.api import names
from fastroute.errors import ConfigError, UnsupportedError
from support.near_valid import message

SOURCE = {"path_config_source": {"path": "/none"}}
SURROUNDINGS = [
    message(names.CLUSTER, {"name": "blue"}),
    message(names.CLUSTER, {"name": "e", "type": "EDS", "eds_cluster_config": {"eds_config": SOURCE}}),
]
LISTS = {
    names.LISTENER: "listeners",
    names.CLUSTER: "clusters",
    names.ROUTE_CONFIGURATION: "routes",
    names.CLUSTER_LOAD_ASSIGNMENT: "endpoints",
}


def errors(source: Any) -> list[ConfigError]:
    """Every error that strict loading raises."""
    try:
        snapshot.load(source)
    except ConfigError as error:
        return [error, *error.others]
    return []


def at_once(source: Any) -> list[ConfigError]:
    """Those of a bootstrap that `envoy --mode validate` sees too."""
    return [error for error in errors(source) if error.code != "start"]


def alone(resource: Message) -> dict[str, list[Any]]:
    """A resource among the clusters that it may name."""
    source: dict[str, list[Any]] = {"clusters": list(SURROUNDINGS)}
    source.setdefault(LISTS[resource.DESCRIPTOR.full_name], []).append(resource)
    return source


def expected(found: list[ConfigError]) -> bool | None:
    """Whether Envoy takes a configuration with these errors; None where fastroute does not say."""
    refused = any(not isinstance(error, UnsupportedError) for error in found)
    return False if refused else None if found else True
