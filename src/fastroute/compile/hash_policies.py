"""HashPolicy messages to `fastroute.action.hashes`."""

from __future__ import annotations

from collections.abc import Iterable

from fastroute.action.hashes import CookieHash, FilterStateHash, HashPolicy, HeaderHash, QueryHash, SourceAddressHash
from fastroute.compile.context import Context
from fastroute.compile.durations import optional_milliseconds
from fastroute.compile.regexes import compile_regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def compile_hash_policies(messages: Iterable[Any], ctx: Context, path: str) -> tuple[HashPolicy, ...]:
    """The policies of a list of HashPolicy at `path`."""
    return tuple(policy for policy in ctx.each(messages, path, _policy) if policy is not None)


def _policy(message: Any, ctx: Context, path: str) -> HashPolicy | None:
    kind = message.WhichOneof("policy_specifier")
    if kind is None:
        raise ctx.reject(path, "policy_specifier is required")
    if kind == "header":
        return _header(message.header, message.terminal, ctx, f"{path}.header")
    if kind == "cookie":
        return _cookie(message.cookie, message.terminal, ctx, f"{path}.cookie")
    if kind == "connection_properties":
        return SourceAddressHash(message.terminal) if message.connection_properties.source_ip else None
    if kind == "query_parameter":
        return QueryHash(message.query_parameter.name.encode(), message.terminal)
    if kind == "filter_state":
        if not message.filter_state.key:
            raise ctx.reject(f"{path}.filter_state.key", "value length must be at least 1 characters")
        return FilterStateHash(message.filter_state.key, message.terminal)
    raise ctx.unsupported(f"{path}.{kind}", f"the hash policy {kind} is not supported")


def _header(message: Any, terminal: bool, ctx: Context, path: str) -> HeaderHash:
    name = message.header_name.lower().encode()
    if not message.HasField("regex_rewrite"):
        return HeaderHash(name, terminal=terminal)
    rewrite = message.regex_rewrite
    regex = compile_regex(rewrite.pattern, ctx, f"{path}.regex_rewrite.pattern")
    return HeaderHash(name, regex, rewrite.substitution.encode(), terminal)


def _cookie(message: Any, terminal: bool, ctx: Context, path: str) -> CookieHash:
    ttl = optional_milliseconds(message, "ttl", ctx, path)
    return CookieHash(
        message.name.encode(),
        None if ttl is None else ttl // 1000,
        message.path.encode(),
        tuple((attribute.name.encode(), attribute.value.encode()) for attribute in message.attributes),
        terminal,
    )
