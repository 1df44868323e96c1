"""Listener filters, in order, each changing what is known about the connection.

- LF-01, LF-05, LF-07: tls_inspector, http_inspector and proxy_protocol read the first bytes, or take what
  the connection states.
- LF-05: http_inspector is skipped where the transport protocol is already something else.
- LF-10: original_dst restores the destination before iptables; `use_original_dst` appends that filter.
- LF-07: `use_proxy_proto` of the first filter chain appends a proxy_protocol filter.
- LS-12: a filter that needs more bytes waits: for ever with a timeout of 0, else the connection is closed,
  or goes on without the rest of the filters with `continue_on_listener_filters_timeout`.
- LF-13: without a filter that finds it, nothing is known of TLS and HTTP.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from fastroute.api import pool
from fastroute.reference import client_hello, first_bytes
from fastroute.reference.arrival import HTTP_PROTOCOLS, Arrival, Place
from fastroute.reference.client_hello import Verdict
from fastroute.reference.trace import Trace

_LISTENER = "envoy.extensions.filters.listener."
TLS_INSPECTOR = _LISTENER + "tls_inspector.v3.TlsInspector"
HTTP_INSPECTOR = _LISTENER + "http_inspector.v3.HttpInspector"
PROXY_PROTOCOL = _LISTENER + "proxy_protocol.v3.ProxyProtocol"
ORIGINAL_DST = _LISTENER + "original_dst.v3.OriginalDst"
BY_NAME = {
    "envoy.filters.listener.tls_inspector": TLS_INSPECTOR,
    "envoy.filters.listener.http_inspector": HTTP_INSPECTOR,
    "envoy.filters.listener.proxy_protocol": PROXY_PROTOCOL,
    "envoy.filters.listener.original_dst": ORIGINAL_DST,
}


def run(listener: Any, arrival: Arrival, trace: Trace) -> bool:
    """Run the filters; False when they close the connection (`arrival.closed` says why)."""
    for name, type_name, config in _filters(listener, arrival):
        verdict = _one(type_name, config, arrival)
        trace.add("listener filter", name, "kept", f"{verdict}: {_known(arrival)}", "LF-12")
        if verdict == "need more":
            return _wait(listener, arrival, trace)
        if verdict == "refused":
            arrival.closed = "listener_filter_closed"
            trace.add("listener filter", name, "closed", "it refuses the first bytes", "LF-08")
            return False
    return True


def _filters(listener: Any, arrival: Arrival) -> Iterator[tuple[str, str, Any]]:
    for each in listener.listener_filters:
        if each.HasField("filter_disabled") and _holds(each.filter_disabled, arrival.destination[1]):
            continue
        type_name = pool.type_name(each.typed_config.type_url) or BY_NAME.get(each.name, "")
        if type_name not in BY_NAME.values():
            continue
        config: Any = pool.new(type_name)
        config.ParseFromString(each.typed_config.value)
        yield each.name, type_name, config
    if listener.use_original_dst.value:
        yield "use_original_dst", ORIGINAL_DST, None
    first = listener.filter_chains[0] if listener.filter_chains else listener.default_filter_chain
    if first.use_proxy_proto.value:
        yield "use_proxy_proto", PROXY_PROTOCOL, pool.new(PROXY_PROTOCOL)


def _holds(predicate: Any, port: int) -> bool:
    match predicate.WhichOneof("rule"):
        case "or_match":
            return any(_holds(rule, port) for rule in predicate.or_match.rules)
        case "and_match":
            return all(_holds(rule, port) for rule in predicate.and_match.rules)
        case "not_match":
            return not _holds(predicate.not_match, port)
        case "destination_port_range":
            return bool(predicate.destination_port_range.start <= port < predicate.destination_port_range.end)
        case _:
            return True


def _wait(listener: Any, arrival: Arrival, trace: Trace) -> bool:
    timeout = listener.listener_filters_timeout
    if listener.HasField("listener_filters_timeout") and not (timeout.seconds or timeout.nanos):
        arrival.closed = "listener_filter_waiting"
    elif listener.continue_on_listener_filters_timeout:
        trace.add("listener filter", listener.name, "kept", "the timeout goes on without more bytes", "LS-12")
        return True
    else:
        arrival.closed = "listener_filter_timeout"
    trace.add("listener filter", listener.name, "closed", "more bytes are needed and none come", "LS-12")
    return False


def _one(type_name: str, config: Any, arrival: Arrival) -> Verdict:
    if type_name == TLS_INSPECTOR:
        return _tls(config, arrival)
    if type_name == HTTP_INSPECTOR:
        return _http(arrival)
    if type_name == PROXY_PROTOCOL:
        return _proxy(config, arrival)
    _restore(arrival)
    return "found"


def _tls(config: Any, arrival: Arrival) -> Verdict:
    if arrival.data is None:
        if not arrival.is_tls:
            return "not mine"
        arrival.transport_protocol = "tls"
        arrival.server_name = arrival.stated_name or arrival.server_name
        arrival.application_protocols = arrival.stated_protocols or arrival.application_protocols
        return "found"
    limit = config.max_client_hello_size.value if config.HasField("max_client_hello_size") else client_hello.MAX_RECORD
    hello = client_hello.inspect(arrival.data, min(limit, client_hello.MAX_RECORD))
    if hello.protocols is not None:
        arrival.application_protocols = tuple(each.decode("latin-1") for each in hello.protocols)
    if hello.verdict == "found":
        arrival.transport_protocol = "tls"
        arrival.server_name = hello.name.decode("latin-1") if hello.name is not None else arrival.server_name
    if hello.verdict == "not mine" and config.close_connection_on_client_hello_parsing_errors:
        return "refused"
    return hello.verdict


def _http(arrival: Arrival) -> Verdict:
    if arrival.transport_protocol not in ("", "raw_buffer"):
        return "not mine"
    if arrival.data is None:
        stated = arrival.stated_protocols
        if arrival.is_tls or len(stated) != 1 or stated[0] not in HTTP_PROTOCOLS:
            return "not mine"
        arrival.application_protocols = stated
        return "found"
    verdict, protocol = first_bytes.http_inspector(arrival.data)
    if protocol is not None:
        arrival.application_protocols = (protocol,)
    return verdict


def _proxy(config: Any, arrival: Arrival) -> Verdict:
    if arrival.data is None:
        arrival.source = arrival.stated or arrival.source
        _restore(arrival)
        return "found"
    versions = frozenset((1, 2)) - {version + 1 for version in config.disallowed_versions}
    header = first_bytes.proxy_header(
        arrival.data, optional=config.allow_requests_without_proxy_protocol, versions=versions
    )
    if header.verdict != "found":
        return header.verdict
    arrival.data = arrival.data[header.length :]
    if header.source is not None and header.destination is not None:
        arrival.source = _exact(header.source)
        if _exact(header.destination) != arrival.destination:
            arrival.destination = _exact(header.destination)
            arrival.restored = True
    if not config.tlv_location:
        _keep(config.rules, header.extensions, arrival)
    return "found"


def _exact(address: tuple[str, int]) -> Place:
    return ipaddress.ip_address(address[0]), address[1]


def _keep(rules: Any, extensions: tuple[tuple[int, bytes], ...], arrival: Arrival) -> None:
    for kind, value in extensions:
        for rule in rules:
            if rule.tlv_type == kind:
                space = rule.on_tlv_present.metadata_namespace or "envoy.filters.listener.proxy_protocol"
                arrival.metadata.setdefault(space, {})[rule.on_tlv_present.key] = value.decode("utf-8", "replace")


def _restore(arrival: Arrival) -> None:
    if arrival.original is not None:
        arrival.destination = arrival.original
        arrival.restored = True


def _known(arrival: Arrival) -> str:
    protocols = ",".join(arrival.application_protocols) or "no protocol"
    name = f"server name {arrival.server_name}" if arrival.server_name else "no server name"
    return (
        f"{arrival.transport_protocol or 'raw_buffer'}, {name}, {protocols}, "
        f"{arrival.source[0]}:{arrival.source[1]} to {arrival.destination[0]}:{arrival.destination[1]}"
    )
