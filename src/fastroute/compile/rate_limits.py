"""RateLimit messages to `fastroute.action.rate_limits`.

The runtime's `ratelimit.KEY.http_filter_enabled`, KEY the `disable_key`, switches an entry off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from fastroute.action import rate_limits as limits
from fastroute.compile.action_matchers import compile_headers, compile_string
from fastroute.compile.context import Context
from fastroute.compile.formatter import compile_template
from fastroute.compile.matcher_customs import network
from fastroute.compile.runtime import override_of, runtime_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FORMATS = "envoy.reloadable_features.enable_formatter_for_ratelimit_action_descriptor_value"
_UNITS = ("unknown", "second", "minute", "hour", "day", "month", "year")
_UNUSED = ("default_value",)
_ROUTE_ENTRY = 1


def compile_rate_limits(messages: Iterable[Any], ctx: Context, path: str) -> tuple[limits.RateLimit, ...]:
    """The entries of a list of RateLimit at `path`."""
    return tuple(limit for limit in ctx.each(messages, path, _limit) if limit is not None)


def _limit(message: Any, ctx: Context, path: str) -> limits.RateLimit | None:
    """The RateLimit at `path`; None for one that the runtime disables."""
    handled = ("stage", "disable_key", "actions", "apply_on_stream_done", "limit")
    ctx.only(message, path, handled, ("x_ratelimit_option", "hits_addend"))
    if ctx.runtime and runtime_value(ctx.runtime, _FORMATS) not in (None, False):
        raise ctx.unsupported(path, f"the runtime key {_FORMATS} changes what actions yield, and is not supported")
    if not message.actions:
        raise ctx.reject(f"{path}.actions", "value must contain at least 1 item(s)")
    actions = tuple(ctx.each(message.actions, f"{path}.actions", _action))
    if message.disable_key and not _is_enabled(message.disable_key, ctx, path):
        return None
    limit = None
    if message.HasField("limit"):
        limit = ctx.attempt(None, _override, message.limit, ctx, f"{path}.limit")
    return limits.RateLimit(actions, message.stage.value, message.apply_on_stream_done, limit)


def _is_enabled(key: str, ctx: Context, path: str) -> bool:
    share = override_of(ctx.runtime, f"ratelimit.{key}.http_filter_enabled")
    if share is not None and 0 < share.numerator < share.denominator:
        raise ctx.unsupported(f"{path}.disable_key", "a limit that the runtime enables for a share is not supported")
    return share is None or share.numerator > 0


def _override(message: Any, ctx: Context, path: str) -> limits.Limit:
    ctx.only(message, path, ("rate_limit",))
    if message.WhichOneof("override_specifier") is None:
        raise ctx.reject(path, "override_specifier is required")
    unit = message.rate_limit.unit
    if unit >= len(_UNITS) or unit < 0:
        wrong = f"{unit} is no unit of time"
        raise ctx.unsupported(f"{path}.rate_limit.unit", wrong, remedy="Name one, such as MINUTE.")
    return limits.Limit(message.rate_limit.requests_per_unit, _UNITS[unit])


def _action(message: Any, ctx: Context, path: str) -> limits.Action:
    kind = message.WhichOneof("action_specifier")
    if kind is None:
        raise ctx.reject(path, "action_specifier is required")
    here = f"{path}.{kind}"
    if kind in ("metadata", "dynamic_metadata"):
        return _metadata(getattr(message, kind), kind, ctx, here)
    if kind == "remote_address_match":
        return _remote_address_match(message.remote_address_match, ctx, here)
    make = _KINDS.get(kind)
    if make is None:
        raise ctx.unsupported(here, f"the rate-limit action {kind} is not supported")
    return make(getattr(message, kind), ctx, here)


def _text(message: Any, field: str, ctx: Context, path: str) -> str:
    """A constant: Envoy 1.40 formats none of these values."""
    value: str = getattr(message, field)
    if not value:
        raise ctx.reject(f"{path}.{field}", "value length must be at least 1 characters")
    return value


def _source_cluster(_message: Any, ctx: Context, path: str) -> limits.Action:
    if not ctx.node_cluster:
        raise ctx.unsupported(
            path,
            "the cluster of Envoy's own node is not known",
            remedy="Load a bootstrap with node.cluster.",
        )
    return limits.SourceCluster(ctx.node_cluster)


def _remote_address_match(message: Any, ctx: Context, path: str) -> limits.Action:
    ctx.only(message, path, ("descriptor_value", "descriptor_key", "default_value", "address_matcher"))
    if not message.HasField("address_matcher"):
        raise ctx.reject(f"{path}.address_matcher", "value is required")
    text = _text(message, "descriptor_value", ctx, path)
    networks = tuple(ctx.each(message.address_matcher.ranges, f"{path}.address_matcher.ranges", network))
    return limits.RemoteAddressMatch(
        message.descriptor_key or "remote_address_match",
        compile_template(text, ctx, f"{path}.descriptor_value"),
        message.default_value,
        networks,
        message.address_matcher.invert_match,
    )


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
    ctx.only(message, path, ("descriptor_value", "descriptor_key"), _UNUSED)
    return limits.GenericKey(message.descriptor_key or "generic_key", _text(message, "descriptor_value", ctx, path))


def _expected(message: Any) -> bool:
    return bool(message.expect_match.value) if message.HasField("expect_match") else True


def _header_match(message: Any, ctx: Context, path: str) -> limits.Action:
    ctx.only(message, path, ("descriptor_value", "descriptor_key", "expect_match", "headers"), _UNUSED)
    return limits.HeaderValueMatch(
        message.descriptor_key or "header_match",
        _text(message, "descriptor_value", ctx, path),
        _expected(message),
        compile_headers(message.headers, ctx, f"{path}.headers"),
    )


def _query_match(message: Any, ctx: Context, path: str) -> limits.Action:
    ctx.only(message, path, ("descriptor_value", "descriptor_key", "expect_match", "query_parameters"), _UNUSED)
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


def _metadata(message: Any, kind: str, ctx: Context, path: str) -> limits.Action:
    ctx.only(message, path, ("descriptor_key", "metadata_key", "default_value", "source", "skip_if_absent"))
    steps = (message.metadata_key.key, *(segment.key for segment in message.metadata_key.path))
    from_route = kind == "metadata" and message.source == _ROUTE_ENTRY
    if kind == "metadata" and message.source > _ROUTE_ENTRY:
        raise ctx.unsupported(f"{path}.source", "metadata of the cluster or of its locality is not supported here")
    skip = message.skip_if_absent if kind == "metadata" else False
    return limits.MetadataValue(message.descriptor_key, steps, message.default_value, skip, from_route)


_KINDS: Mapping[str, Callable[[Any, Context, str], limits.Action]] = {
    "source_cluster": _source_cluster,
    "destination_cluster": lambda _message, _ctx, _path: limits.DestinationCluster(),
    "remote_address": lambda _message, _ctx, _path: limits.RemoteAddress(),
    "request_headers": _request_headers,
    "query_parameters": _query_parameters,
    "masked_remote_address": _masked,
    "generic_key": _generic_key,
    "header_value_match": _header_match,
    "query_parameter_value_match": _query_match,
}
