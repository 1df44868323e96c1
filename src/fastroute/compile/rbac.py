"""Network RBAC to functions over a `Chain`, and what it shares with the HTTP filter.

NF-11  A policy matches when any permission and any principal match; policies are asked in ascending order
       of their names, and the first that matches is the one reported. ALLOW lets pass what some policy
       matches, DENY what none does, LOG everything; without rules everything passes.
NF-12  Shadow rules only count.
NF-13  Metadata is dynamic, or that of the route; a template takes the path without its query. What an expression
       language or a matcher tree decides is not supported, nor what HTTP decides on a connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fastroute.compile.action_matchers import compile_header, compile_string
from fastroute.compile.context import Context
from fastroute.compile.extensions import open_any
from fastroute.compile.filter_chains import compile_prefix
from fastroute.compile.metadata_matchers import compile_metadata_matcher
from fastroute.compile.path_matches import URI_TEMPLATE
from fastroute.compile.templates import compile_template
from fastroute.core.chain import Chain
from fastroute.core.cidr import CidrTrie
from fastroute.records import record
from fastroute.request import Address, TlsFacts

Test = Callable[[Any], bool]
Verdict = tuple[bool, str | None]
Check = Callable[[Any], Verdict]
ALLOW, DENY, LOG = 0, 1, 2
_OF_ROUTE = 1


@record
class Facts:
    """How rules read what they are asked about (`where` it is: for errors); None reads what it does not have."""

    where: str
    destination: Callable[[Any], Address | None]
    source: Callable[[Any], Address | None]
    direct_source: Callable[[Any], Address | None]
    remote: Callable[[Any], Address | None]
    server_name: Callable[[Any], str]
    tls: Callable[[Any], TlsFacts | None]
    headers: Callable[[Any, bytes], Sequence[bytes]] | None = None
    path: Callable[[Any], bytes | None] | None = None
    metadata: Callable[[Any], Mapping[str, object]] | None = None
    route_metadata: Callable[[Any], Mapping[str, object] | None] | None = None


def _of_chain(chain: Chain) -> Address:
    return chain.source


ON_CONNECTIONS = Facts(
    where="on a connection",
    destination=lambda chain: chain.destination,
    source=_of_chain,
    direct_source=lambda chain: chain.direct_source,
    remote=_of_chain,
    server_name=lambda chain: chain.server_name,
    tls=lambda chain: chain.tls,
)


def compile_network_rbac(message: Any, ctx: Context, path: str) -> Check | None:
    """Whether a connection passes, and which policy matched; None when everything passes."""
    inert = (
        "shadow_rules",
        "shadow_matcher",
        "shadow_rules_stat_prefix",
        "stat_prefix",
        "enforcement_type",
        "delay_deny",
    )
    ctx.only(message, path, ("rules",), inert)
    return compile_rules(message, ON_CONNECTIONS, ctx, path)


def compile_rules(message: Any, facts: Facts, ctx: Context, path: str) -> Check | None:
    """The `rules` of the filter at `path`; None when it has none and everything passes."""
    if not message.HasField("rules"):
        return None
    rules = message.rules
    ctx.only(rules, f"{path}.rules", ("action", "policies"), ("audit_logging_options",))
    policies = [
        (name, *ctx.attempt(_SILENT, _policy, rules.policies[name], facts, ctx, f'{path}.rules.policies["{name}"]'))
        for name in sorted(rules.policies)
    ]
    action = rules.action

    def check(subject: Any) -> Verdict:
        matched = next((name for name, may, who in policies if may(subject) and who(subject)), None)
        if action == ALLOW:
            return matched is not None, matched
        return action == LOG or matched is None, matched

    return check


def _policy(policy: Any, facts: Facts, ctx: Context, path: str) -> tuple[Test, Test]:
    ctx.only(policy, path, ("permissions", "principals"))
    for field in ("permissions", "principals"):
        if not getattr(policy, field):
            ctx.gather(ctx.reject(f"{path}.{field}", "value must contain at least 1 item(s)"))

    def permission(rule: Any, ctx: Context, path: str) -> Test:
        return _permission(rule, facts, ctx, path)

    def principal(rule: Any, ctx: Context, path: str) -> Test:
        return _principal(rule, facts, ctx, path)

    return (
        _any(ctx.each(policy.permissions, f"{path}.permissions", permission)),
        _any(ctx.each(policy.principals, f"{path}.principals", principal)),
    )


def _any(tests: Iterable[Test]) -> Test:
    kept = tuple(tests)
    return lambda subject: any(test(subject) for test in kept)


def _all(tests: Iterable[Test]) -> Test:
    kept = tuple(tests)
    return lambda subject: all(test(subject) for test in kept)


def _not(test: Test) -> Test:
    return lambda subject: not test(subject)


def _permission(rule: Any, facts: Facts, ctx: Context, path: str) -> Test:
    kind = rule.WhichOneof("rule")
    where = f"{path}.{kind}"
    match kind:
        case "and_rules" | "or_rules":
            rules = enumerate(getattr(rule, kind).rules)
            never = _constant(False)
            parts = [ctx.attempt(never, _permission, each, facts, ctx, f"{where}.rules[{i}]") for i, each in rules]
            return _all(parts) if kind == "and_rules" else _any(parts)
        case "not_rule":
            return _not(_permission(rule.not_rule, facts, ctx, where))
        case "any":
            return _constant(rule.any)
        case "destination_ip":
            return _inside(rule.destination_ip, facts.destination, ctx, where)
        case "destination_port":
            return _port(facts, rule.destination_port, rule.destination_port + 1)
        case "destination_port_range":
            start, end = rule.destination_port_range.start, rule.destination_port_range.end
            if start >= end:
                raise ctx.reject(where, f"range start {start} cannot be greater or equal than range end {end}")
            return _port(facts, start, end)
        case "requested_server_name":
            match_name = compile_string(rule.requested_server_name, ctx, where)
            return lambda subject: match_name(facts.server_name(subject).encode("latin-1"))
    test = _of_http(kind, rule, facts, ctx, where)
    if test is None:
        raise ctx.unsupported(where, f"the permission {kind} is not supported {facts.where}")
    return test


def _principal(rule: Any, facts: Facts, ctx: Context, path: str) -> Test:
    kind = rule.WhichOneof("identifier")
    where = f"{path}.{kind}"
    match kind:
        case "and_ids" | "or_ids":
            ids = enumerate(getattr(rule, kind).ids)
            never = _constant(False)
            parts = [ctx.attempt(never, _principal, each, facts, ctx, f"{where}.ids[{i}]") for i, each in ids]
            return _all(parts) if kind == "and_ids" else _any(parts)
        case "not_id":
            return _not(_principal(rule.not_id, facts, ctx, where))
        case "any":
            return _constant(rule.any)
        case "source_ip":
            return _inside(rule.source_ip, facts.source, ctx, where)
        case "remote_ip":
            return _inside(rule.remote_ip, facts.remote, ctx, where)
        case "direct_remote_ip":
            return _inside(rule.direct_remote_ip, facts.direct_source, ctx, where)
        case "authenticated":
            return _authenticated(rule.authenticated, facts, ctx, where)
    test = _of_http(kind, rule, facts, ctx, where)
    if test is None:
        raise ctx.unsupported(where, f"the principal {kind} is not supported {facts.where}")
    return test


def _of_http(kind: str | None, rule: Any, facts: Facts, ctx: Context, path: str) -> Test | None:
    """The rules that permissions and principals share: of a header, each value by itself, the path, metadata."""
    headers, url_path = facts.headers, facts.path
    if kind == "metadata":
        return _metadata(rule.metadata, facts.metadata, ctx, path)
    if kind == "sourced_metadata":
        return _sourced(rule.sourced_metadata, facts, ctx, path)
    if kind == "uri_template" and url_path is not None:
        return _template(rule.uri_template, url_path, ctx, path)
    if kind == "header" and headers is not None:
        matcher = compile_header(rule.header, ctx, path)
        return lambda subject: matcher.matches(headers(subject, matcher.name))
    if kind == "url_path" and url_path is not None:
        if rule.url_path.WhichOneof("rule") is None:
            raise ctx.reject(f"{path}.rule", "value is required")
        matches = compile_string(rule.url_path.path, ctx, f"{path}.path")

        def test(subject: Any) -> bool:
            found = url_path(subject)
            return found is not None and matches(found.partition(b"?")[0].partition(b"#")[0])

        return test
    return None


def _metadata(
    message: Any, read: Callable[[Any], Mapping[str, object] | None] | None, ctx: Context, path: str
) -> Test | None:
    if read is None:
        return None
    matcher = compile_metadata_matcher(message, ctx, path)

    def test(subject: Any) -> bool:
        values = read(subject)
        return values is not None and matcher.holds(values)  # without a route, not even an inverted matcher holds

    return test


def _sourced(message: Any, facts: Facts, ctx: Context, path: str) -> Test | None:
    if not message.HasField("metadata_matcher"):
        raise ctx.reject(f"{path}.metadata_matcher", "value is required")
    read = facts.route_metadata if message.metadata_source == _OF_ROUTE else facts.metadata
    return _metadata(message.metadata_matcher, read, ctx, f"{path}.metadata_matcher")


def _template(extension: Any, read: Callable[[Any], bytes | None], ctx: Context, path: str) -> Test:
    name, found = open_any(extension.typed_config, ctx, f"{path}.typed_config")
    if name != URI_TEMPLATE:
        raise ctx.unsupported(path, f"the path matcher {name} is not supported")
    config: Any = found
    regex = compile_template(config.path_template, ctx, f"{path}.typed_config.path_template").regex

    def test(subject: Any) -> bool:
        path_of = read(subject)
        return path_of is not None and regex.fullmatch(path_of.partition(b"?")[0].partition(b"#")[0])

    return test


def _constant(value: bool) -> Test:
    return lambda _: value


_SILENT = _constant(False), _constant(False)
"""What stands for a policy with errors."""


def _port(facts: Facts, start: int, end: int) -> Test:
    def test(subject: Any) -> bool:
        address = facts.destination(subject)
        return address is not None and bool(address[0]) and start <= address[1] < end

    return test


def _inside(prefix: Any, read: Callable[[Any], Address | None], ctx: Context, path: str) -> Test:
    trie = CidrTrie([(*compile_prefix(prefix, ctx, path), 0)])

    def test(subject: Any) -> bool:
        address = read(subject)
        return address is not None and bool(address[0]) and trie.get(address[0]) is not None

    return test


def _authenticated(rule: Any, facts: Facts, ctx: Context, path: str) -> Test:
    """By URI names, else by DNS names, else by the subject, which may be empty; without a name any TLS connection.

    Envoy does not ask for a certificate here: `authenticated: {}` takes every connection with TLS.
    """
    matches = None
    if rule.HasField("principal_name"):
        matches = compile_string(rule.principal_name, ctx, f"{path}.principal_name")

    def test(subject: Any) -> bool:
        tls = facts.tls(subject)
        if tls is None or matches is None:
            return tls is not None
        known = tls.uri_sans or tls.dns_sans or (tls.subject,)
        return any(matches(name.encode()) for name in known)

    return test
