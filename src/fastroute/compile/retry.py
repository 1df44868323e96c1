"""RetryPolicy messages to `fastroute.action.retry`.

RA-112  Refused by Envoy: a back-off without base interval or with a maximum below it, and predicates or
        priorities whose extension it does not have. A predicate that is named without a configuration is
        refused too; that is what old Istio configuration holds, so lenient loading goes by the name.
"""

from __future__ import annotations

from fastroute.action.retry import HostPredicate, ResetHeader, RetryPolicy, policy_conditions
from fastroute.api.names import url
from fastroute.api.pool import message_class, type_name
from fastroute.compile.action_matchers import compile_headers
from fastroute.compile.context import Context
from fastroute.compile.durations import milliseconds, optional_milliseconds
from fastroute.compile.plain import metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PREDICATES = {
    "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate": "previous_hosts",
    "envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate": "omit_canary_hosts",
    "envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig": "omit_host_metadata",
}
_PREVIOUS_PRIORITIES = "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"
_LEGACY_PREFIX = "envoy.retry_host_predicates."
_DEFAULT_BASE = 25
_HANDLED = (
    "retry_on",
    "num_retries",
    "per_try_timeout",
    "per_try_idle_timeout",
    "retry_host_predicate",
    "host_selection_retry_max_attempts",
    "retriable_status_codes",
    "retriable_headers",
    "retriable_request_headers",
    "retry_priority",
    "retry_back_off",
    "rate_limited_retry_back_off",
    "refresh_cluster_on_retry",
)


def compile_retry_policy(message: Any, ctx: Context, path: str) -> RetryPolicy:
    """The policy of `message`, a RetryPolicy at `path`."""
    ctx.only(message, path, _HANDLED)
    base, maximum = ctx.attempt((_DEFAULT_BASE, _DEFAULT_BASE), _back_off, message, ctx, path)
    limited = message.rate_limited_retry_back_off
    return RetryPolicy(
        conditions=policy_conditions(message.retry_on),
        num_retries=message.num_retries.value if message.HasField("num_retries") else 1,
        per_try_timeout=optional_milliseconds(message, "per_try_timeout", ctx, path) or 0,
        per_try_idle_timeout=optional_milliseconds(message, "per_try_idle_timeout", ctx, path) or 0,
        base_interval=base,
        max_interval=maximum,
        status_codes=tuple(message.retriable_status_codes),
        headers=compile_headers(message.retriable_headers, ctx, f"{path}.retriable_headers"),
        request_headers=compile_headers(message.retriable_request_headers, ctx, f"{path}.retriable_request_headers"),
        previous_priorities=ctx.attempt(None, _priority, message, ctx, f"{path}.retry_priority"),
        host_predicates=tuple(ctx.each(message.retry_host_predicate, f"{path}.retry_host_predicate", _predicate)),
        host_attempts=message.host_selection_retry_max_attempts or 1,
        reset_headers=tuple(
            ResetHeader(header.name.lower().encode("latin-1"), header.format == 1) for header in limited.reset_headers
        ),
        reset_max_interval=_or(optional_milliseconds(limited, "max_interval", ctx, path), 300_000),
        refresh_cluster=message.refresh_cluster_on_retry,
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _back_off(message: Any, ctx: Context, path: str) -> tuple[int, int]:
    if not message.HasField("retry_back_off"):
        return _DEFAULT_BASE, _DEFAULT_BASE * 10
    back_off, path = message.retry_back_off, f"{path}.retry_back_off"
    if not back_off.HasField("base_interval"):
        raise ctx.reject(f"{path}.base_interval", "base_interval is required")
    base = max(milliseconds(back_off.base_interval, ctx, f"{path}.base_interval"), 1)
    maximum = optional_milliseconds(back_off, "max_interval", ctx, path)
    if maximum is None:
        return base, base * 10
    if max(maximum, 1) < base:
        raise ctx.reject(path, "retry_policy.max_interval must greater than or equal to the base_interval")
    return base, max(maximum, 1)


def _priority(message: Any, ctx: Context, path: str) -> int | None:
    """The update frequency of `previous_priorities`, None without a retry priority."""
    if not message.HasField("retry_priority"):
        return None
    typed = message.retry_priority.typed_config
    if type_name(typed.type_url) != _PREVIOUS_PRIORITIES:
        error = f"Didn't find a registered implementation for '{message.retry_priority.name}'"
        raise ctx.reject(path, f"{error} with type URL: '{type_name(typed.type_url)}'")
    config: Any = message_class(_PREVIOUS_PRIORITIES).FromString(typed.value)
    return int(config.update_frequency)


def _predicate(message: Any, ctx: Context, path: str) -> HostPredicate:
    extension = type_name(message.typed_config.type_url)
    name = _PREDICATES.get(extension)
    if name == "omit_host_metadata":
        config: Any = message_class(extension).FromString(message.typed_config.value)
        criteria = metadata(config.metadata_match).get("envoy.lb", {})
        return HostPredicate(name, tuple(sorted(criteria.items())) if isinstance(criteria, dict) else ())
    if name is not None:
        return HostPredicate(name)
    error = ctx.reject(
        path,
        f"Didn't find a registered implementation for '{message.name}' with type URL: '{extension}'",
        remedy=f"Give it a typed_config such as {{'@type': '{url(next(iter(_PREDICATES)))}'}}.",
        code="untyped-extension",
    )
    named = message.name.removeprefix(_LEGACY_PREFIX)
    if extension or named not in ("previous_hosts", "omit_canary_hosts"):
        raise error
    ctx.tolerate(error, f"the predicate is taken to be {named}, as its name says")
    return HostPredicate(named)
