"""Which HTTP filters have settings in a route, and of which type (RA-92).

A filter whose settings are of a type of their own is found by either type; one that is set of the filter's own type
cannot be unpacked.
"""

from __future__ import annotations

from fastroute.api import extension_types

_HTTP = "envoy.extensions.filters.http."
_MATCHING = "envoy.extensions.common.matching.v3.ExtensionWithMatcher"

OWN: dict[str, str] = {
    _MATCHING: f"{_MATCHING}PerRoute",
    **{
        _HTTP + filter_type: _HTTP + setting
        for filter_type, setting in (
            ("ai_protocol_manager.v3.AiProtocolManager", "ai_protocol_manager.v3.AiProtocolManagerPerRoute"),
            ("api_key_auth.v3.ApiKeyAuth", "api_key_auth.v3.ApiKeyAuthPerRoute"),
            ("aws_lambda.v3.Config", "aws_lambda.v3.PerRouteConfig"),
            ("aws_request_signing.v3.AwsRequestSigning", "aws_request_signing.v3.AwsRequestSigningPerRoute"),
            ("basic_auth.v3.BasicAuth", "basic_auth.v3.BasicAuthPerRoute"),
            ("buffer.v3.Buffer", "buffer.v3.BufferPerRoute"),
            ("composite.v3.Composite", "composite.v3.CompositePerRoute"),
            ("compressor.v3.Compressor", "compressor.v3.CompressorPerRoute"),
            ("cors.v3.Cors", "cors.v3.CorsPolicy"),
            ("dynamic_forward_proxy.v3.FilterConfig", "dynamic_forward_proxy.v3.PerRouteConfig"),
            ("dynamic_modules.v3.DynamicModuleFilter", "dynamic_modules.v3.DynamicModuleFilterPerRoute"),
            ("ext_authz.v3.ExtAuthz", "ext_authz.v3.ExtAuthzPerRoute"),
            ("ext_proc.v3.ExternalProcessor", "ext_proc.v3.ExtProcPerRoute"),
            ("filter_chain.v3.FilterChainConfig", "filter_chain.v3.FilterChainConfigPerRoute"),
            ("grpc_http1_reverse_bridge.v3.FilterConfig", "grpc_http1_reverse_bridge.v3.FilterConfigPerRoute"),
            ("header_mutation.v3.HeaderMutation", "header_mutation.v3.HeaderMutationPerRoute"),
            ("jwt_authn.v3.JwtAuthentication", "jwt_authn.v3.PerRouteConfig"),
            ("lua.v3.Lua", "lua.v3.LuaPerRoute"),
            ("mcp.v3.Mcp", "mcp.v3.McpOverride"),
            ("mcp_json_rest_bridge.v3.McpJsonRestBridge", "mcp_json_rest_bridge.v3.McpJsonRestBridgePerRoute"),
            ("oauth2.v3.OAuth2", "oauth2.v3.OAuth2PerRoute"),
            ("on_demand.v3.OnDemand", "on_demand.v3.PerRouteConfig"),
            ("ratelimit.v3.RateLimit", "ratelimit.v3.RateLimitPerRoute"),
            ("rbac.v3.RBAC", "rbac.v3.RBACPerRoute"),
            ("stateful_session.v3.StatefulSession", "stateful_session.v3.StatefulSessionPerRoute"),
        )
    },
}
"""By the type of a filter's configuration: the type of its settings in a route, where that is another."""

WITHOUT = frozenset(
    _HTTP + name
    for name in (
        "a2a.v3.A2a",
        "adaptive_concurrency.v3.AdaptiveConcurrency",
        "admission_control.v3.AdmissionControl",
        "alternate_protocols_cache.v3.FilterConfig",
        "aws_eventstream_parser.v3.AwsEventstreamParser",
        "body_size_limit.v3.BodySizeLimit",
        "cache.v3.CacheConfig",
        "cache_v2.v3.CacheV2Config",
        "cdn_loop.v3.CdnLoopConfig",
        "connect_grpc_bridge.v3.FilterConfig",
        "credential_injector.v3.CredentialInjector",
        "decompressor.v3.Decompressor",
        "gcp_authn.v3.GcpAuthnFilterConfig",
        "geoip.v3.Geoip",
        "grpc_field_extraction.v3.GrpcFieldExtractionConfig",
        "grpc_http1_bridge.v3.Config",
        "grpc_stats.v3.FilterConfig",
        "grpc_web.v3.GrpcWeb",
        "health_check.v3.HealthCheck",
        "ip_tagging.v3.IPTagging",
        "mcp_router.v3.McpRouter",
        "original_src.v3.OriginalSrc",
        "proto_api_scrubber.v3.ProtoApiScrubberConfig",
        "proto_message_extraction.v3.ProtoMessageExtractionConfig",
        "rate_limit_quota.v3.RateLimitQuotaFilterConfig",
        "rate_limit_quota.v3.RateLimitQuotaOverride",
        "router.v3.Router",
        "sse_to_metadata.v3.SseToMetadata",
        "tap.v3.Tap",
        "thrift_to_metadata.v3.ThriftToMetadata",
        "wasm.v3.Wasm",
    )
)
"""Filters that have no settings in a route."""


def refusal(type_name: str, empty: bool) -> str:
    """Why Envoy refuses a setting of the type, which is `empty` or not; "" where it takes it."""
    if type_name not in extension_types.types_of("envoy.filters.http"):
        return f"Didn't find a registered implementation for type URL: '{type_name}'"
    if type_name in WITHOUT:
        return f"The filter of {type_name} doesn't support virtual host or route specific configurations"
    if type_name in OWN and not empty:
        return f"Unable to unpack as {OWN[type_name]}: it is a {type_name}"
    return ""
