"""Filter chain matchers: an xDS matcher tree over a connection, as nested functions.

FC-19  Every chain has a unique name; the action is a chain's name, and a FilterChainMatch is not looked at.
FC-20  Inputs: addresses, ports, source type, server name, transport and application protocols.
FC-21  IPMatcher and ServerNameMatcher go on to the next less specific entry after a nested miss; an
       exclusive range is skipped unless it is the most specific one.
FC-22  A list takes the first entry whose predicate holds and whose match yields an action. A map that has
       the key asks nothing else of its entries; then on_no_match.
FC-23  An absent input makes a predicate false and sends a map to on_no_match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastroute.compile.action_matchers import compile_string
from fastroute.compile.extensions import open_any
from fastroute.compile.filter_chains import compile_prefix
from fastroute.core.chain import Chain
from fastroute.core.cidr import CidrTrie

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context

Evaluate = Callable[[Chain], str | None]
Input = Callable[[Chain], str | None]
Test = Callable[[Chain], bool]

_NETWORK = "envoy.extensions.matching.common_inputs.network.v3."
ACTION = "google.protobuf.StringValue"
IP_MAP = "xds.type.matcher.v3.IPMatcher"
NAME_MAP = "xds.type.matcher.v3.ServerNameMatcher"
IP_TEST = "envoy.extensions.matching.input_matchers.ip.v3.Ip"

INPUTS: dict[str, Input] = {
    _NETWORK + "DestinationIPInput": lambda chain: chain.destination[0] or None,
    _NETWORK + "DestinationPortInput": lambda chain: str(chain.destination_port) if chain.destination[0] else None,
    _NETWORK + "SourceIPInput": lambda chain: chain.source[0] or None,
    _NETWORK + "SourcePortInput": lambda chain: str(chain.source_port) if chain.source[0] else None,
    _NETWORK + "DirectSourceIPInput": lambda chain: chain.direct_source[0] or None,
    _NETWORK + "SourceTypeInput": lambda chain: "local" if chain.local else None,
    _NETWORK + "ServerNameInput": lambda chain: chain.server_name or None,
    _NETWORK + "TransportProtocolInput": lambda chain: chain.transport_protocol or None,
    _NETWORK + "ApplicationProtocolInput": lambda chain: (
        ",".join(f"'{protocol}'" for protocol in chain.application_protocols) or None
    ),
}


def compile_chain_matcher(listener: Any, ctx: Context) -> Evaluate | None:
    """The `filter_chain_matcher` of a Listener message: the name of the chain for a connection."""
    if not listener.HasField("filter_chain_matcher"):
        return None
    seen: dict[str, int] = {}
    for index, chain in enumerate(listener.filter_chains):
        path = f"filter_chains[{index}].name"
        if not chain.name:
            ctx.gather(ctx.reject(path, '"name" field is required when using a listener matcher'))
        elif chain.name in seen:
            conflict = ctx.conflict(f"filter_chains[{seen[chain.name]}].name")
            ctx.gather(ctx.reject(path, f"\"name\" field is duplicated with value '{chain.name}'", conflict=conflict))
        seen.setdefault(chain.name, index)
    return _matcher(listener.filter_chain_matcher, ctx, "filter_chain_matcher")


def _matcher(message: Any, ctx: Context, path: str) -> Evaluate:
    kind = message.WhichOneof("matcher_type")
    otherwise = _on_match(message.on_no_match, ctx, f"{path}.on_no_match") if message.HasField("on_no_match") else _miss
    if kind is None:
        return otherwise
    first = (_list if kind == "matcher_list" else _tree)(getattr(message, kind), ctx, f"{path}.{kind}")

    def evaluate(chain: Chain) -> str | None:
        found = first(chain)
        return otherwise(chain) if found is None else found

    return evaluate


def _miss(_: Chain) -> str | None:
    return None


def _never(_: Chain) -> bool:
    return False


def _on_match(message: Any, ctx: Context, path: str) -> Evaluate:
    ctx.only(message, path, ("matcher", "action"))
    if message.WhichOneof("on_match") == "matcher":
        return _matcher(message.matcher, ctx, f"{path}.matcher")
    type_name, action = open_any(message.action.typed_config, ctx, f"{path}.action.typed_config")
    if type_name != ACTION or action is None:
        raise ctx.unsupported(f"{path}.action", f"the action {type_name} of a filter chain matcher is not supported")
    name: str = action.value
    return lambda _: name


def _list(message: Any, ctx: Context, path: str) -> Evaluate:
    entries = [
        (
            ctx.attempt(_never, _predicate, entry.predicate, ctx, f"{path}.matchers[{index}].predicate"),
            ctx.attempt(_miss, _on_match, entry.on_match, ctx, f"{path}.matchers[{index}].on_match"),
        )
        for index, entry in enumerate(message.matchers)
    ]

    def evaluate(chain: Chain) -> str | None:
        for holds, then in entries:
            if holds(chain):
                found = then(chain)
                if found is not None:
                    return found
        return None

    return evaluate


def _predicate(message: Any, ctx: Context, path: str) -> Test:
    kind = message.WhichOneof("match_type")
    if kind == "single_predicate":
        return _single(message.single_predicate, ctx, f"{path}.single_predicate")
    if kind == "not_matcher":
        inner = _predicate(message.not_matcher, ctx, f"{path}.not_matcher")
        return lambda chain: not inner(chain)
    if kind is None:
        raise ctx.reject(path, "PredicateValidationError.MatchType: is required")
    parts = [
        ctx.attempt(_never, _predicate, part, ctx, f"{path}.{kind}.predicate[{index}]")
        for index, part in enumerate(getattr(message, kind).predicate)
    ]
    combine = any if kind == "or_matcher" else all
    return lambda chain: combine(part(chain) for part in parts)


def _single(message: Any, ctx: Context, path: str) -> Test:
    read = _input(message.input, ctx, f"{path}.input")
    if message.WhichOneof("matcher") == "value_match":
        match = compile_string(message.value_match, ctx, f"{path}.value_match")
        return lambda chain: (value := read(chain)) is not None and match(value.encode("latin-1"))
    where = f"{path}.custom_match.typed_config"
    type_name, config = open_any(message.custom_match.typed_config, ctx, where)
    if type_name != IP_TEST or config is None:
        raise ctx.unsupported(where, f"the matcher {type_name} is not supported")
    ranges = set(ctx.each(config.cidr_ranges, f"{where}.cidr_ranges", compile_prefix))
    trie = CidrTrie((address, length, 0) for address, length in ranges)
    return lambda chain: (value := read(chain)) is not None and _is_ip(value) and trie.get(value) is not None


def _input(message: Any, ctx: Context, path: str) -> Input:
    type_name, _ = open_any(message.typed_config, ctx, f"{path}.typed_config")
    if type_name.startswith("envoy.type.matcher.v3.Http"):
        raise ctx.reject(path, f"Didn't find a registered implementation for type: '{type_name}'")
    if type_name not in INPUTS:
        raise ctx.unsupported(path, f"the input {type_name} of a filter chain matcher is not supported")
    return INPUTS[type_name]


def _tree(message: Any, ctx: Context, path: str) -> Evaluate:
    read = _input(message.input, ctx, f"{path}.input")
    kind = message.WhichOneof("tree_type")
    if kind == "custom_match":
        return _custom(message.custom_match, read, ctx, f"{path}.custom_match")
    if kind is None:
        raise ctx.reject(path, "MatcherTreeValidationError.TreeType: is required")
    entries = {
        key.encode().decode("latin-1"): ctx.attempt(_miss, _on_match, value, ctx, f'{path}.{kind}.map["{key}"]')
        for key, value in getattr(message, kind).map.items()
    }
    return _exact(entries, read) if kind == "exact_match_map" else _prefix(entries, read)


def _exact(entries: dict[str, Evaluate], read: Input) -> Evaluate:
    def evaluate(chain: Chain) -> str | None:
        value = read(chain)
        return None if value is None or value not in entries else entries[value](chain)

    return evaluate


def _prefix(entries: dict[str, Evaluate], read: Input) -> Evaluate:
    lengths = sorted({len(key) for key in entries}, reverse=True)

    def evaluate(chain: Chain) -> str | None:
        value = read(chain)
        if value is None:
            return None
        return _first((entries[value[:length]] for length in lengths if value[:length] in entries), chain)

    return evaluate


def _first(candidates: Any, chain: Chain) -> str | None:
    return next((found for each in candidates if (found := each(chain)) is not None), None)


def _custom(extension: Any, read: Input, ctx: Context, path: str) -> Evaluate:
    type_name, config = open_any(extension.typed_config, ctx, f"{path}.typed_config")
    if type_name == IP_MAP and config is not None:
        return _ranges(config.range_matchers, read, ctx, f"{path}.typed_config")
    if type_name == NAME_MAP and config is not None:
        return _domains(config.domain_matchers, read, ctx, f"{path}.typed_config")
    raise ctx.unsupported(path, f"the matcher {type_name} is not supported")


def _ranges(matchers: Sequence[Any], read: Input, ctx: Context, path: str) -> Evaluate:
    """Networks by their length: a look-up asks each length once, longest first, then in list order."""
    import ipaddress

    table: dict[tuple[int, int, int], list[tuple[Evaluate, bool]]] = {}
    for index, entry in enumerate(matchers):
        where = f"{path}.range_matchers[{index}]"
        then = ctx.attempt(_miss, _on_match, entry.on_match, ctx, f"{where}.on_match")
        for address, length in ctx.each(entry.ranges, f"{where}.ranges", compile_prefix):
            network = ipaddress.ip_address(address)
            key = (network.version, length, int(network))
            table.setdefault(key, []).append((then, entry.exclusive))
    lengths = sorted({key[:2] for key in table}, reverse=True)

    def evaluate(chain: Chain) -> str | None:
        value = read(chain)
        if value is None or not _is_ip(value):
            return None
        address = ipaddress.ip_address(value)
        first = True
        for version, length in lengths:
            if version != address.version:
                continue
            behind = address.max_prefixlen - length
            for then, exclusive in table.get((version, length, int(address) >> behind << behind), ()):
                found = then(chain) if first or not exclusive else None
                first = False
                if found is not None:
                    return found
        return None

    return evaluate


def _domains(matchers: Sequence[Any], read: Input, ctx: Context, path: str) -> Evaluate:
    entries: dict[str, Evaluate] = {}
    for index, entry in enumerate(matchers):
        where = f"{path}.domain_matchers[{index}]"
        then = ctx.attempt(_miss, _on_match, entry.on_match, ctx, f"{where}.on_match")
        for place, domain in enumerate(entry.domains):
            key, here = domain.encode().decode("latin-1"), f"{where}.domains[{place}]"
            if "*" in key.removeprefix("*.") and key != "*":
                ctx.gather(ctx.reject(here, f"partial wildcards are not supported: {domain}"))
            if key in entries:
                ctx.gather(ctx.reject(here, f"Duplicate domain in ServerNameMatcher: {domain}"))
            entries[key] = then

    def evaluate(chain: Chain) -> str | None:
        value = read(chain)
        if not value:
            return None
        labels = value.split(".")
        wanted = [value, *("*." + ".".join(labels[at:]) for at in range(1, len(labels))), "*"]
        return _first((entries[name] for name in wanted if name in entries), chain)

    return evaluate


def _is_ip(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
