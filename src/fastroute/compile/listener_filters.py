"""Listener filters: which of them find what the filter chain match looks at.

LF-01, LF-05, LF-07, LF-10  tls_inspector, http_inspector, proxy_protocol and original_dst set facts.
LF-11  original_src, local_ratelimit and set_filter_state set none that a match looks at by itself.
LS-09  Envoy refuses a listener filter that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable

from fastroute.compile.extensions import is_of, open_extension
from fastroute.core.filter_chains import ListenerFilter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

PREFIX = "envoy.extensions.filters.listener."
TLS_INSPECTOR = PREFIX + "tls_inspector.v3.TlsInspector"
HTTP_INSPECTOR = PREFIX + "http_inspector.v3.HttpInspector"
PROXY_PROTOCOL = PREFIX + "proxy_protocol.v3.ProxyProtocol"
ORIGINAL_DST = PREFIX + "original_dst.v3.OriginalDst"
INERT = (PREFIX + "original_src.v3.OriginalSrc", PREFIX + "local_ratelimit.v3.LocalRateLimit")

BY_NAME = {
    "envoy.filters.listener.tls_inspector": TLS_INSPECTOR,
    "envoy.filters.listener.http_inspector": HTTP_INSPECTOR,
    "envoy.filters.listener.proxy_protocol": PROXY_PROTOCOL,
    "envoy.filters.listener.original_dst": ORIGINAL_DST,
    "envoy.filters.listener.original_src": INERT[0],
}
MAX_CLIENT_HELLO = 16384

PortTest = Callable[[int], bool]


def compile_listener_filters(listener: Any, ctx: Context) -> tuple[ListenerFilter, ...]:
    """The filters of a Listener message in order, and behind them those that old fields stand for.

    `use_original_dst` appends an original_dst filter; `use_proxy_proto` of the first filter chain (of the
    default chain where there is no other) a proxy_protocol filter.
    """
    made = ctx.each(listener.listener_filters, "listener_filters", _one)
    found = [each for each in made if each is not None]
    if listener.use_original_dst.value:
        found.append(ListenerFilter("envoy.filters.listener.original_dst", "original_dst"))
    first = listener.filter_chains[0] if listener.filter_chains else listener.default_filter_chain
    if first.use_proxy_proto.value:
        found.append(ListenerFilter("envoy.filters.listener.proxy_protocol", "proxy_protocol", None, (False, 6, ())))
    return tuple(found)


def _one(config: Any, ctx: Context, path: str) -> ListenerFilter | None:
    name, message = open_extension(config, ctx, path, effect="the listener filter is left out", by_name=BY_NAME)
    if message is None:
        return None
    disabled = compile_port_test(config.filter_disabled) if config.HasField("filter_disabled") else None
    return _filter(config.name, name, message, disabled, ctx, f"{path}.typed_config")


def _filter(
    name: str, type_name: str, message: Any, disabled: PortTest | None, ctx: Context, path: str
) -> ListenerFilter:
    if type_name == TLS_INSPECTOR:
        return ListenerFilter(name, "tls_inspector", disabled, _tls_options(message, ctx, path))
    if type_name == HTTP_INSPECTOR:
        return ListenerFilter(name, "http_inspector", disabled)
    if type_name == PROXY_PROTOCOL:
        return ListenerFilter(name, "proxy_protocol", disabled, _proxy_options(message, ctx, path))
    if type_name == ORIGINAL_DST:
        return ListenerFilter(name, "original_dst", disabled)
    if type_name in INERT:
        return ListenerFilter(name, "inert", disabled)
    if not is_of(type_name, "envoy.filters.listener"):
        raise ctx.reject(path, f"Didn't find a registered implementation for '{name}' with type URL: '{type_name}'")
    error = ctx.unsupported(path, f"the listener filter {type_name} may change which filter chain is chosen")
    ctx.tolerate(error, "the listener filter is left out")
    return ListenerFilter(name, "inert", disabled)


def _tls_options(message: Any, ctx: Context, path: str) -> tuple[int, bool]:
    """(most bytes of a ClientHello, close when it does not parse)."""
    inert = ("enable_ja3_fingerprinting", "enable_ja4_fingerprinting", "initial_read_buffer_size")
    ctx.only(message, path, ("close_connection_on_client_hello_parsing_errors", "max_client_hello_size"), inert)
    limit = message.max_client_hello_size.value if message.HasField("max_client_hello_size") else MAX_CLIENT_HELLO
    return min(limit, MAX_CLIENT_HELLO), message.close_connection_on_client_hello_parsing_errors


def _proxy_options(message: Any, ctx: Context, path: str) -> tuple[bool, int, tuple[tuple[int, str, str], ...]]:
    """(the header may be missing, bit set of versions, TLV type and the metadata it is stored under)."""
    handled = ("rules", "allow_requests_without_proxy_protocol", "disallowed_versions", "tlv_location")
    ctx.only(message, path, handled, ("pass_through_tlvs", "stat_prefix"))
    disallowed = {version + 1 for version in message.disallowed_versions}
    if len(disallowed) == 2:
        raise ctx.reject(f"{path}.disallowed_versions", "Proxy Protocol filter must have at least one version enabled")
    rules = [
        (
            rule.tlv_type,
            rule.on_tlv_present.metadata_namespace or "envoy.filters.listener.proxy_protocol",
            rule.on_tlv_present.key,
        )
        for rule in message.rules
    ]
    kept = () if message.tlv_location else tuple(rules)
    return message.allow_requests_without_proxy_protocol, 6 - sum(1 << version for version in disallowed), kept


def compile_port_test(predicate: Any) -> PortTest:
    """A ListenerFilterChainMatchPredicate as a test of the destination port (`filter_disabled`)."""
    kind = predicate.WhichOneof("rule")
    if kind == "not_match":
        inner = compile_port_test(predicate.not_match)
        return lambda port: not inner(port)
    if kind in ("or_match", "and_match"):
        parts = [compile_port_test(rule) for rule in getattr(predicate, kind).rules]
        combine = any if kind == "or_match" else all
        return lambda port: combine(part(port) for part in parts)
    if kind == "destination_port_range":
        start, end = predicate.destination_port_range.start, predicate.destination_port_range.end
        return lambda port: start <= port < end
    return _any_port


def _any_port(_: int) -> bool:
    return True
