"""Options of connection managers, tables and headers that several groups of rows use."""

from __future__ import annotations

from support.rules.rows import by_header, has, route, table

ANY = table(route("any"))
EVERYWHERE = {"cidr_ranges": [{"address_prefix": "0.0.0.0", "prefix_len": 0}]}
TEN = {"cidr_ranges": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]}
EDGE = {"use_remote_address": True, "skip_xff_append": True}
MUTATION = "type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"


def early(*mutations: dict[str, object]) -> dict[str, object]:
    """Options with an early header mutation."""
    extension = {"name": "early", "typed_config": {"@type": MUTATION, "mutations": list(mutations)}}
    return {"early_header_mutation_extensions": [extension]}


def set_header(name: str, value: str) -> dict[str, object]:
    """One mutation that sets a header."""
    return {"append": {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}


CONNECT_TABLE = table(route("connect", {"connect_matcher": {}}), route("other"))
UPGRADE = {"connection": "upgrade", "upgrade": "websocket"}


def paths(*found: str) -> dict[str, object]:
    """A table with one route for each exact path, called by it."""
    return table(*(route(path, {"path": path}) for path in found))


INTERNAL = table(route("internal", by_header("x-envoy-internal", "true")), route("external"))
RETRY = table(route("kept", has("x-envoy-retry-on")), route("removed"))
