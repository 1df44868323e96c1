"""Listeners to the table that connections are looked up in.

LS-07  `additional_addresses` are further addresses of the same listener.
LS-09  Refused: no address, no filter chain at all, an address that an earlier listener has. Port 0 is one
       that the earlier one has only if it does not bind. One listener may name an address twice.
LS-10  Of two static listeners with one name the first counts; two dynamic ones are refused.
LS-12  `listener_filters_timeout`: 15 s unless given, 0 waits for ever.
LS-13  What tunes sockets and statistics never changes a choice.
FC-19  With a `filter_chain_matcher` every chain has a name of its own, and its match is not looked at.

UDP listeners take no connections and API listeners have no socket: neither is in the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from fastroute.api import durations
from fastroute.compile import connection_matchers
from fastroute.compile.addresses import Bound, compile_address, is_udp
from fastroute.compile.filter_chains import compile_matches
from fastroute.compile.listener_filters import compile_listener_filters
from fastroute.compile.network_filters import CompileManager, Surroundings, compile_chain
from fastroute.config.resources import Resource, Resources, label_of
from fastroute.core.chain import ChainEntry
from fastroute.core.filter_chains import Listener, ListenerTable
from fastroute.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

HANDLED = (
    "name",
    "address",
    "additional_addresses",
    "filter_chains",
    "filter_chain_matcher",
    "use_original_dst",
    "default_filter_chain",
    "deprecated_v1",
    "listener_filters",
    "listener_filters_timeout",
    "continue_on_listener_filters_timeout",
    "bind_to_port",
    "internal_listener",
)
MOST_PORT = 65535
INERT = (
    "stat_prefix",
    "stats_matcher",
    "per_connection_buffer_limit_bytes",
    "per_connection_buffer_high_watermark_timeout",
    "metadata",
    "drain_type",
    "transparent",
    "freebind",
    "socket_options",
    "tcp_fast_open_queue_length",
    "traffic_direction",
    "connection_balance_config",
    "reuse_port",
    "enable_reuse_port",
    "access_log",
    "tcp_backlog_size",
    "max_connections_to_accept_per_socket_event",
    "enable_mptcp",
    "ignore_global_conn_limit",
    "bypass_overload_manager",
    "tcp_keepalive",
)


def compile_listeners(
    resources: Resources,
    ctx: Context,
    *,
    compile_manager: CompileManager | None = None,
    reuse: Mapping[str, Listener] = MappingProxyType({}),
) -> ListenerTable:
    """The listeners of `resources`, ready for `connect`.

    `compile_manager` compiles HTTP connection managers; without it a chain's `manager` is the message.
    Clusters that tcp_proxy names are known when `resources` has a bootstrap or any cluster. `reuse` are
    listeners that were compiled before from the resource of their name.
    """
    known = frozenset(each.name for each in resources.clusters)
    around = Surroundings(known if known or resources.bootstrap is not None else None, compile_manager)
    addresses: dict[str, tuple[Listener, Context]] = {}
    compiled = []
    for resource, message, is_first in _distinct(resources.listeners, ctx):
        here = ctx.for_resource(resource, "Listener")
        if label_of("Listener", resource.name) in resources.broken:
            listener = undecided_listener(message, here)
        else:
            listener = reuse.get(resource.name) or _kept_listener(message, here, around)
        if listener is not None and is_first:
            _check_addresses(listener, addresses, here)
            compiled.append(listener)
    return ListenerTable(compiled)


def _kept_listener(message: Any, ctx: Context, around: Surroundings) -> Listener | None:
    notices = len(ctx.notices)
    try:
        return compile_listener(message, ctx, around)
    except ConfigError as error:
        del ctx.notices[notices:]
        ctx.keep(error, "connections to the listener are not decided")
        return undecided_listener(message, ctx)


def undecided_listener(message: Any, ctx: Context) -> Listener | None:
    """What stands for a listener that cannot be decided: its addresses, and a chain that closes every connection."""
    try:
        places = list(_places(message, ctx))
        ports = [place.port for place in places if isinstance(place, Bound)]
        return _closing_listener(message, places) if all(0 <= port <= MOST_PORT for port in ports) else None
    except ConfigError:  # the address is none
        return None


def _closing_listener(message: Any, places: list[Bound | str]) -> Listener:
    return Listener(
        name=message.name,
        addresses=[(place.ip, place.port, place.compat) for place in places if isinstance(place, Bound)],
        internal_name=next((place for place in places if isinstance(place, str)), ""),
        bound=is_bound(message),
        hands_off=False,
        continues=False,
        waits=False,
        filters=(),
        entries=(),
        default_entry=undecided_chain(message.default_filter_chain, -1),
        sieve={},
        matcher=None,
    )


def _distinct(listeners: list[Resource], ctx: Context) -> Iterator[tuple[Resource, Any, bool]]:
    """The listeners that Envoy builds, each with whether it is the first of its name."""
    seen: dict[str, bool] = {}
    first: dict[str, Resource] = {}
    for resource in listeners:
        static = resource.root.startswith("static_resources")
        first.setdefault(resource.name, resource)
        if resource.name in seen and resource.name and not static and not seen[resource.name]:
            other = ctx.for_resource(first[resource.name], "Listener").conflict("name", named=True)
            here = ctx.for_resource(resource, "Listener")
            wrong = f"duplicate listener {resource.name} found"
            ctx.keep(here.reject("name", wrong, remedy="Rename one of the two.", conflict=other), "the first counts")
            yield resource, resource.message, False
        elif resource.name not in seen or not resource.name:
            yield resource, resource.message, True
        seen.setdefault(resource.name, static)


def _check_addresses(listener: Listener, addresses: dict[str, tuple[Listener, Context]], ctx: Context) -> None:
    for ip, port, compat in listener.addresses:
        text = str(Bound(ip, port, compat))
        other, there = addresses.get(text, (listener, ctx))
        if other is not listener:
            error = ctx.reject(
                "address",
                f"'{listener.name}' has duplicate address '{text}' as existing listener '{other.name}'",
                remedy="Give one of the two another address.",
                conflict=there.conflict("address", named=True),
            )
            ctx.keep(error, "the first listener takes the connections")
        elif port or not listener.bound:
            addresses[text] = listener, ctx


def compile_listener(message: Any, ctx: Context, around: Surroundings) -> Listener | None:
    """One Listener message; None for those that take no connections."""
    if message.HasField("api_listener"):
        return None
    if is_udp(message.address) or message.HasField("udp_listener_config"):
        return None
    ctx.only(message, "", HANDLED, INERT)
    places = ctx.attempt([], _all_places, message, ctx)
    if not message.filter_chains and not message.HasField("default_filter_chain"):
        ctx.gather(ctx.reject("filter_chains", "no filter chains specified"))
    chains = [
        _kept_chain(chain, index, ctx, f"filter_chains[{index}]", around)
        for index, chain in enumerate(message.filter_chains)
    ]
    default = None
    if message.HasField("default_filter_chain"):
        default = _kept_chain(message.default_filter_chain, -1, ctx, "default_filter_chain", around)
    by_match = not message.HasField("filter_chain_matcher")
    matcher = None
    if not by_match:
        matcher = ctx.attempt(None, connection_matchers.compile_chain_matcher, message, ctx)
    return Listener(
        name=message.name,
        addresses=[(place.ip, place.port, place.compat) for place in places if isinstance(place, Bound)],
        internal_name=next((place for place in places if isinstance(place, str)), ""),
        bound=is_bound(message),
        hands_off=message.use_original_dst.value,
        continues=message.continue_on_listener_filters_timeout,
        waits=message.HasField("listener_filters_timeout")
        and not durations.nanoseconds(message.listener_filters_timeout),
        filters=compile_listener_filters(message, ctx),
        entries=tuple(chains),
        default_entry=default,
        sieve=compile_matches(message.filter_chains, ctx) if by_match else None,
        matcher=matcher,
    )


def _kept_chain(chain: Any, index: int, ctx: Context, path: str, around: Surroundings) -> ChainEntry:
    notices = len(ctx.notices)
    try:
        return compile_chain(chain, index, ctx, path, around)
    except ConfigError as error:
        del ctx.notices[notices:]
        ctx.keep(error, "connections of the filter chain are not decided")
        return undecided_chain(chain, index)


def undecided_chain(chain: Any, index: int) -> ChainEntry:
    """What stands for a filter chain that cannot be decided: its connections are closed, as `undecidable`."""
    filters = tuple(config.name for config in chain.filters)
    return ChainEntry(name=chain.name, index=index, kind="closed", reason="undecidable", filters=filters)


def is_bound(message: Any) -> bool:
    """Whether the listener's own socket accepts connections: neither field `bind_to_port` may say no."""
    given = (each.bind_to_port for each in (message, message.deprecated_v1) if each.HasField("bind_to_port"))
    return all(field.value for field in given)


def _all_places(message: Any, ctx: Context) -> list[Bound | str]:
    return list(_places(message, ctx))


def _places(message: Any, ctx: Context) -> Iterator[Bound | str]:
    if message.HasField("internal_listener"):
        yield "envoy://" + message.name
        return
    if not message.HasField("address"):
        raise ctx.reject("address", "error adding listener: address is necessary")
    yield compile_address(message.address, ctx, "address")
    for index, extra in enumerate(message.additional_addresses):
        path = f"additional_addresses[{index}]"
        ctx.only(extra, path, ("address",), ("socket_options", "tcp_keepalive"))
        yield compile_address(extra.address, ctx, f"{path}.address")
