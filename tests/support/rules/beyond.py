"""What Envoy decides and this version does not: refused when it is loaded."""

from __future__ import annotations

from typing import Any

from support.rules.rows import Beyond, route, table

TYPE = "type.googleapis.com/"
ANY = table(route("any"))
ROUTER = {"name": "router", "typed_config": {"@type": TYPE + "envoy.extensions.filters.http.router.v3.Router"}}


def extension(kind: str, **fields: Any) -> dict[str, Any]:
    """A typed extension."""
    return {"name": "x", "typed_config": {"@type": TYPE + kind, **fields}}


LUA = extension(
    "envoy.extensions.filters.http.lua.v3.Lua",
    default_source_code={"inline_string": "function envoy_on_request(handle) handle:clearRouteCache() end"},
)
BEYOND = (
    Beyond(
        "HC-41",
        "a request without the client's address is rejected",
        "original_ip_detection_extensions[0].typed_config.reject_with_status",
        ANY,
        {
            "original_ip_detection_extensions": [
                extension(
                    "envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig",
                    header_name="x-c",
                    reject_with_status={"code": "Unauthorized"},
                )
            ]
        },
    ),
    Beyond(
        "HC-41",
        "proxies that are trusted by their networks",
        "original_ip_detection_extensions[0].typed_config.xff_trusted_cidrs",
        ANY,
        {
            "original_ip_detection_extensions": [
                extension(
                    "envoy.extensions.http.original_ip_detection.xff.v3.XffConfig",
                    xff_trusted_cidrs={"cidrs": [{"address_prefix": "10.0.0.0", "prefix_len": 8}]},
                )
            ]
        },
    ),
    Beyond("HC-47", "the names of Envoy's own node", "add_user_agent", ANY, {"add_user_agent": True}),
    Beyond(
        "HC-48",
        "an early mutation with a command operator",
        "mutations[0].append.header.value",
        ANY,
        {
            "early_header_mutation_extensions": [
                extension(
                    "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                    mutations=[{"append": {"header": {"key": "x-a", "value": "%REQ(x-b)%"}}}],
                )
            ]
        },
    ),
    Beyond(
        "HC-65",
        "a CONNECT that Envoy ends itself",
        "upgrade_configs[0].connect_config",
        table(
            route(
                "r",
                {"connect_matcher": {}},
                route={"cluster": "c0", "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}]},
            )
        ),
    ),
    Beyond(
        "PIPE-03 VH-16",
        "a filter that makes Envoy choose the route again",
        "http_filters[0]",
        ANY,
        {"http_filters": [LUA, ROUTER]},
    ),
    Beyond(
        "VH-20",
        "a filter that fetches clusters on demand",
        "http_filters[0].typed_config.odcds",
        ANY,
        {
            "http_filters": [
                extension(
                    "envoy.extensions.filters.http.on_demand.v3.OnDemand",
                    odcds={"source": {"ads": {}, "resource_api_version": "V3"}},
                ),
                ROUTER,
            ]
        },
    ),
    Beyond(
        "RM-36",
        "a custom string matcher",
        "string_match.custom",
        table(
            route(
                "r",
                {
                    "prefix": "/",
                    "headers": [
                        {
                            "name": "x-a",
                            "string_match": {
                                "custom": extension(
                                    "envoy.extensions.string_matcher.lua.v3.Lua",
                                    source_code={"inline_string": "function envoy_match(text) return true end"},
                                )
                            },
                        }
                    ],
                },
            )
        ),
    ),
)
