"""The hash of a route (`RouteAction.hash_policy`), as weighted clusters with `use_hash_policy` see it.

- RA-130: every policy yields a hash or none; they combine as rotl64(h, 1) xor next; after a `terminal`
  policy with any hash so far the rest is not asked.
- RA-131: a header's values, rewritten, sorted and chained: the hash of one is the seed of the next.
- RA-132: a cookie's value, when it is not empty; without one and with `ttl`, the cookie that Envoy would
  make up of the connection's addresses.
- RA-133: the first raw value of a query parameter; the client's address without port; the text of an
  object of the filter state.
"""

from __future__ import annotations

from fastroute.core.hashing import xxh64
from fastroute.errors import UnsupportedError
from fastroute.reference import cookies, queries, regexes
from fastroute.reference.stream import Message, Stream


def combined(action: Message, stream: Stream) -> int | None:
    """The hash of a route action for a request, or None when no policy yields one."""
    found: int | None = None
    for policy in action.hash_policy:
        value = _one(policy, stream)
        if value is not None:
            found = value if found is None else _rotated(found) ^ value
        if policy.terminal and found is not None:
            break
    return found


def _rotated(value: int) -> int:
    return (value << 1 | value >> 63) & (2**64 - 1)


def _one(policy: Message, stream: Stream) -> int | None:
    match policy.WhichOneof("policy_specifier"):
        case "header":
            return _header(policy.header, stream)
        case "cookie":
            return _cookie(policy.cookie, stream)
        case "query_parameter":
            value = queries.parameters(stream.path or b"").get(policy.query_parameter.name.encode("utf-8"))
            return None if value is None else xxh64(value)
        case "connection_properties":
            known = policy.connection_properties.source_ip and stream.client is not None
            return xxh64(str(stream.client).encode()) if known else None
        case "filter_state":
            text = stream.filter_state.get(policy.filter_state.key)
            return None if text is None else xxh64(text.encode("utf-8"))
        case kind:
            raise UnsupportedError(f"hash policy {kind} cannot be decided", path="hash_policy")


def _header(policy: Message, stream: Stream) -> int | None:
    values = stream.headers.all(policy.header_name.encode("utf-8"))
    if policy.HasField("regex_rewrite"):
        rewrite = policy.regex_rewrite
        values = [regexes.replace(rewrite.pattern.regex, rewrite.substitution, value) for value in values]
    found = 0
    for value in sorted(values):
        found = xxh64(value, found)
    return found if values else None


def _cookie(policy: Message, stream: Stream) -> int | None:
    value = cookies.cookies(stream.headers).get(policy.name.encode("utf-8"))
    if value:
        return xxh64(value)
    if not policy.HasField("ttl") or stream.connection is None:
        return None
    source, destination = stream.connection.source, stream.connection.destination
    addresses = f"{source[0]}:{source[1]}{destination[0]}:{destination[1]}"
    return xxh64(f"{xxh64(addresses.encode()):016x}".encode())
