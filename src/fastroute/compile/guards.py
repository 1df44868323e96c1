"""Runtime keys that Envoy reads by itself, beside those that a configuration names.

A guard (`envoy.reloadable_features.…`) switches a change of Envoy off or on, and some keys stand in for fields.
What is taken into account is read where it belongs (`hcm.py`, `load_balancing.py`, `regexes.py`, `faults.py`). What
could change a decision otherwise is refused here by its name; every other key changes nothing that is decided.
Guards that Envoy 1.40 does not know it ignores. A test holds this list against the binary's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastroute.compile.runtime import GUARD, flat_keys, runtime_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.compile.context import Context

DECIDING_GUARDS = frozenset(
    (
        "coalesce_formatter_accept_empty_values",
        "coalesce_lb_rebuilds_on_batch_update",
        "disallow_redirect_prefix_rewrite_with_path_match_policy",
        "enable_batch_aware_update",
        "enable_new_query_param_present_match_behavior",
        "enable_universal_header_validator",
        "http1_allow_query_method",
        "http_inspector_fast_fail_invalid_method_bytes",
        "http_inspector_use_balsa_parser",
        "json_formatter_omit_empty_values",
        "match_headers_individually",
        "metadata_formatter_only_truncate_string",
        "orca_weight_manager_use_named_metrics_first",
        "preserve_downstream_keepalive",
        "proxy_protocol_allow_duplicate_tlvs",
        "proxy_protocol_remove_too_long_tlvs",
        "rbac_match_headers_individually",
        "rbac_respect_ignore_path_parameters",
        "re2_use_latin1_mode",
        "remove_legacy_route_formatter",
        "sanitize_upstream_stream_duration_header",
        "shadow_policy_inherit_dynamic_metadata",
        "skip_partition_original_dst_hosts",
        "strip_dotdot_segments_with_parameters",
        "strip_path_parameters_per_segment",
        "strip_upgrade_header_on_failed_websocket_upgrades",
        "tcp_proxy_delay_route_selection",
        "tls_inspector_enforce_client_tls_version",
        "uri_template_mixed_variable_literals",
    )
)
"""Guards that change decisions, refused whatever their value: which of them are on by themselves is Envoy's affair."""
HANDLED_GUARDS = frozenset(
    (
        "enable_formatter_for_ratelimit_action_descriptor_value",
        "http_reject_path_with_fragment",
        "max_request_headers_count",
        "max_request_headers_size_kb",
    )
)
_DECIDING = frozenset(
    (
        "http_connection_manager.path_with_escaped_slashes_action_enabled",
        "load_balancing_policy.drop_overload_limit",
        "upstream.base_retry_backoff_ms",
        "upstream.use_retry",
        "upstream.zone_routing.force_local_zone.min_size",
    )
)
_DECIDING_BEGINNINGS = ("upstream.maintenance_mode.", "circuit_breakers.", "outlier_detection.")


def deciding_keys(runtime: Mapping[str, object]) -> Iterator[str]:
    """The keys of `runtime` that may change decisions in a way that is not supported."""
    for key in flat_keys(runtime):
        guard = key.removeprefix(GUARD)
        found = guard in DECIDING_GUARDS if guard != key else key in _DECIDING or key.startswith(_DECIDING_BEGINNINGS)
        if found and not isinstance(runtime_value(runtime, key), Mapping):
            yield key


def check_runtime(runtime: Mapping[str, object], ctx: Context, path: str) -> None:
    """Refuse what `deciding_keys` finds among the runtime keys, which stand at `path`."""
    for key in deciding_keys(runtime):
        error = ctx.unsupported(
            path,
            f"the runtime key {key} may change decisions, and is not supported",
            remedy="Remove the key, or decide this configuration with Envoy itself.",
            code="unsupported-field",
        )
        ctx.tolerate(error, "the key is ignored")
