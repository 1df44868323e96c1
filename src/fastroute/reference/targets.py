"""What a chosen route does: forward, redirect or answer.

- RA-01: filter_action and non_forwarding_action leave the router without a cluster: 503 cluster_not_found.
- RA-02: `cluster` is the name. RA-03: `cluster_header` is the first value of that header.
- RA-03, RA-04: a cluster that does not exist, or no name, answers `cluster_not_found_response_code`.
- RA-06: cluster specifier plugins: see `cluster_specifiers.py`.
- RA-10, RA-11: weighted clusters: the value modulo the sum of weights, entries in order. The value is
  `header_name`'s number when the header has exactly one value that is one; or, with `use_hash_policy`,
  the route's hash where there is one; else the stream's random.
- RA-12: `runtime_key_prefix`.<name> replaces a weight.
- RA-13: an entry names its cluster, or the header that does.
- RA-50: a direct response has its status and body. RA-51: 201 and 3xx carry the request's own URL.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastroute.api.anys import unpack
from fastroute.errors import UnsupportedError
from fastroute.reference import cluster_specifiers, formatter, fractions, hash_policies, redirects
from fastroute.reference.numbers import unsigned_64
from fastroute.reference.stream import Message, Stream
from fastroute.reference.trace import text

NOT_FOUND_STATUS = {0: 503, 1: 404, 2: 500}

Outcome = dict[str, object]
"""The fields of a decision that the target sets."""


def decide(route: Message, stream: Stream) -> Outcome:
    """What the route does with the request."""
    match route.WhichOneof("action"):
        case "redirect":
            status = redirects.STATUS[route.redirect.response_code]
            return respond(status, "direct_response", kind="redirect", location=redirects.location(route, stream))
        case "direct_response":
            return _direct(route, stream)
        case "route":
            return _forward(route.route, stream)
        case _:
            return _missing(None, "", stream)


def respond(
    status: int, reason: str, *, kind: str = "respond", location: bytes | None = None, body: bytes = b""
) -> Outcome:
    """An answer that Envoy gives itself."""
    shown = None if location is None else text(location)
    return {"kind": kind, "cluster": None, "status": status, "reason": reason, "location": shown, "body": body}


def _direct(route: Message, stream: Stream) -> Outcome:
    status = route.direct_response.status
    away = status == 201 or 300 <= status < 400
    location = redirects.own_location(stream) if away else None
    return respond(status, "direct_response", location=location, body=_body(route, stream))


def _body(route: Message, stream: Stream) -> bytes:
    action = route.direct_response
    if action.HasField("body_format"):
        return _formatted(action.body_format, route, stream)
    return _inline(action.body)


def _formatted(body_format: Message, route: Message, stream: Stream) -> bytes:
    match body_format.WhichOneof("format"):
        case "text_format_source":
            template = _inline(body_format.text_format_source).decode("utf-8")
        case "text_format":
            template = body_format.text_format
        case _:
            raise UnsupportedError("this body_format cannot be decided", path="direct_response.body_format")
    absent = b"" if body_format.omit_empty_values else b"-"
    return formatter.render(template, route, stream, absent=absent)


def _inline(source: Message) -> bytes:
    if source.WhichOneof("specifier") == "inline_string":
        body: bytes = source.inline_string.encode("utf-8")
        return body
    return bytes(source.inline_bytes)


def _forward(action: Message, stream: Stream) -> Outcome:
    match action.WhichOneof("cluster_specifier"):
        case "cluster":
            return _to(action, action.cluster, ("the route's action names it", "RA-02"), stream)
        case "cluster_header":
            why = f"header {action.cluster_header} names it", "RA-03"
            return _to(action, _from_header(action.cluster_header, stream), why, stream)
        case "weighted_clusters":
            entry, point = weighted(action, stream)
            named = entry.name or _from_header(entry.cluster_header, stream)
            return _to(action, named, (point, "RA-11"), stream)
        case _:
            return _from_plugin(action, stream)


def _from_plugin(action: Message, stream: Stream) -> Outcome:
    plugin: Message = cluster_specifiers.plugin_of(action, stream)
    config: Message = unpack(plugin.extension.typed_config)
    if config.DESCRIPTOR.full_name != cluster_specifiers.PRIORITY_GROUP:
        why = "the matcher tree of the route's plugin names it", "RA-06"
        return _to(action, cluster_specifiers.matched(config, stream), why, stream)
    first = config.priority_groups[0]
    weights = [each.weight.value for each in first.clusters]
    entry: Message = _fallen_on(first.clusters, weights, _value(config, action, stream))
    why = f"the first attempt takes group {first.name} and falls on it", "RA-06"
    return _to(action, entry.cluster_name, why, stream)


def _from_header(name: str, stream: Stream) -> str:
    return text(stream.headers.first(name.encode("utf-8")))


def _to(action: Message, cluster: str, why: tuple[str, str], stream: Stream) -> Outcome:
    if not cluster or (stream.clusters is not None and cluster not in stream.clusters):
        return _missing(action, cluster, stream)
    stream.trace.add("cluster", cluster, "chosen", *why)
    return {"kind": "forward", "cluster": cluster, "status": 0, "reason": None, "location": None, "body": b""}


def _missing(action: Message | None, cluster: str, stream: Stream) -> Outcome:
    status = 503 if action is None else NOT_FOUND_STATUS[action.cluster_not_found_response_code]
    stream.trace.add("cluster", cluster or "no name", "answered", f"no such cluster: {status}", "RA-03")
    return respond(status, "cluster_not_found")


def weighted(action: Message, stream: Stream) -> tuple[Message, str]:
    """The entry of `weighted_clusters` that the request falls on, and where it falls."""
    clusters = action.weighted_clusters
    weights = [_weight(clusters, entry, stream) for entry in clusters.clusters]
    value = _value(clusters, action, stream)
    return _fallen_on(clusters.clusters, weights, value), f"{value % sum(weights)} of {sum(weights)} falls on it"


def _fallen_on(entries: Iterable[Message], weights: list[int], value: int) -> Message:
    point, reached = value % sum(weights), 0
    for entry, weight in zip(entries, weights, strict=True):
        reached += weight
        if point < reached:
            return entry
    raise AssertionError("a point below the sum of the weights falls on an entry")


def _weight(clusters: Message, entry: Message, stream: Stream) -> int:
    default: int = entry.weight.value
    if not clusters.runtime_key_prefix:
        return default
    value = fractions.runtime_value(stream.runtime, f"{clusters.runtime_key_prefix}.{entry.name}")
    override = fractions.number(value)
    return int(override) if override is not None and 0 <= override < 2**64 else default


def _value(clusters: Message, action: Message, stream: Stream) -> int:
    """The value that picks among weighted clusters, or among those of a priority group."""
    if clusters.use_hash_policy.value:
        found = hash_policies.combined(action, stream)
        return stream.random if found is None else found
    values = stream.headers.all(clusters.header_name.encode("utf-8")) if clusters.header_name else []
    given = unsigned_64(values[0]) if len(values) == 1 else None
    return stream.random if given is None else given
