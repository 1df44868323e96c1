"""RateLimit messages to `fastroute.action.rate_limits`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastroute.action import rate_limits as limits
from fastroute.compile.action_matchers import compile_headers, compile_string
from fastroute.compile.context import Context
from fastroute.compile.runtime import runtime_value


def compile_rate_limits(
    messages: Iterable[Any], metadata: Mapping[str, object], ctx: Context, path: str
) -> tuple[limits.RateLimit, ...]:
    """The entries of a list of RateLimit at `path`; `metadata` is that of the route."""
    return tuple(_limit(message, metadata, ctx, f"{path}[{index}]") for index, message in enumerate(messages))


def _limit(message: Any, metadata: Mapping[str, object], ctx: Context, path: str) -> limits.RateLimit:
    handled = ("stage", "disable_key", "actions", "hits_addend", "apply_on_stream_done")
    ctx.only(message, path, handled, ("x_ratelimit_option",))
    if message.disable_key and runtime_value(ctx.runtime, message.disable_key) is not None:
        raise ctx.unsupported(f"{path}.disable_key", "a disable_key that the runtime has is not supported")
    actions = tuple(
        _action(action, metadata, ctx, f"{path}.actions[{index}]") for index, action in enumerate(message.actions)
    )
    return limits.RateLimit(actions, message.stage.value, _hits(message, ctx, path), message.apply_on_stream_done)


def _hits(message: Any, ctx: Context, path: str) -> int | None:
    if not message.HasField("hits_addend"):
        return None
    ctx.only(message.hits_addend, f"{path}.hits_addend", ("number",))
    return int(message.hits_addend.number.value)


def _action(message: Any, metadata: Mapping[str, object], ctx: Context, path: str) -> limits.Action:
    kind = message.WhichOneof("action_specifier")
    if kind is None:
        raise ctx.reject(path, "action_specifier is required")
    here = f"{path}.{kind}"
    if kind in ("metadata", "dynamic_metadata"):
        return _metadata(getattr(message, kind), kind, metadata, ctx, here)
    make = _KINDS.get(kind)
    if make is None:
        raise ctx.unsupported(here, f"the rate-limit action {kind} is not supported")
    return make(getattr(message, kind), ctx, here)


def _text(message: Any, field: str, ctx: Context, path: str) -> str:
    """A constant; Envoy formats a value with a per cent sign."""
    value: str = getattr(message, field)
    if "%" in value:
        raise ctx.unsupported(f"{path}.{field}", "a formatted value of a rate-limit action is not supported")
    return value


def _request_headers(message: Any, _ctx: Context, _path: str) -> limits.Action:
    return limits.RequestHeader(message.header_name.lower().encode(), message.descriptor_key, message.skip_if_absent)


def _query_parameters(message: Any, _ctx: Context, _path: str) -> limits.Action:
    return limits.QueryParameter(message.query_parameter_name.encode(), message.descriptor_key, message.skip_if_absent)


def _masked(message: Any, _ctx: Context, _path: str) -> limits.Action:
    v4, v6 = message.v4_prefix_mask_len, message.v6_prefix_mask_len
    return limits.MaskedRemoteAddress(
        v4.value if message.HasField("v4_prefix_mask_len") else 32,
        v6.value if message.HasField("v6_prefix_mask_len") else 128,
    )


def _generic_key(message: Any, ctx: Context, path: str) -> limits.Action:
    ctx.only(message, path, ("descriptor_value", "descriptor_key"))
    return limits.GenericKey(message.descriptor_key or "generic_key", _text(message, "descriptor_value", ctx, path))


def _expected(message: Any) -> bool:
    return bool(message.expect_match.value) if message.HasField("expect_match") else True


def _header_match(message: Any, ctx: Context, path: str) -> limits.Action:
    ctx.only(message, path, ("descriptor_value", "descriptor_key", "expect_match", "headers"))
    return limits.HeaderValueMatch(
        message.descriptor_key or "header_match",
        _text(message, "descriptor_value", ctx, path),
        _expected(message),
        compile_headers(message.headers, ctx, f"{path}.headers"),
    )


def _query_match(message: Any, ctx: Context, path: str) -> limits.Action:
    ctx.only(message, path, ("descriptor_value", "descriptor_key", "expect_match", "query_parameters"))
    parameters = []
    for index, each in enumerate(message.query_parameters):
        test = None
        if each.HasField("string_match"):
            test = compile_string(each.string_match, ctx, f"{path}.query_parameters[{index}].string_match")
        present = each.present_match if each.WhichOneof("query_parameter_match_specifier") == "present_match" else True
        parameters.append(limits.QueryMatcher(each.name.encode(), test, present))
    return limits.QueryValueMatch(
        message.descriptor_key or "query_match",
        _text(message, "descriptor_value", ctx, path),
        _expected(message),
        tuple(parameters),
    )


def _metadata(message: Any, kind: str, static: Mapping[str, object], ctx: Context, path: str) -> limits.Action:
    ctx.only(message, path, ("descriptor_key", "metadata_key", "default_value", "source", "skip_if_absent"))
    steps = (message.metadata_key.key, *(segment.key for segment in message.metadata_key.path))
    from_route = kind == "metadata" and message.source == 1
    skip = message.skip_if_absent if kind == "metadata" else False
    return limits.MetadataValue(
        message.descriptor_key, steps, message.default_value, skip, static if from_route else None
    )


_KINDS: Mapping[str, Callable[[Any, Context, str], limits.Action]] = {
    "destination_cluster": lambda _message, _ctx, _path: limits.DestinationCluster(),
    "remote_address": lambda _message, _ctx, _path: limits.RemoteAddress(),
    "request_headers": _request_headers,
    "query_parameters": _query_parameters,
    "masked_remote_address": _masked,
    "generic_key": _generic_key,
    "header_value_match": _header_match,
    "query_parameter_value_match": _query_match,
}
