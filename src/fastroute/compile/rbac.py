"""Network RBAC to functions over a `Chain`.

NF-11  A policy matches when any permission and any principal match; policies are asked in ascending order
       of their names, and the first that matches is the one reported. ALLOW lets pass what some policy
       matches, DENY what none does, LOG everything; without rules everything passes.
NF-12  Shadow rules only count.
NF-13  What an expression language, a matcher tree or HTTP decides is not supported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastroute.compile.action_matchers import compile_string
from fastroute.compile.context import Context
from fastroute.compile.filter_chains import compile_prefix
from fastroute.core.chain import Chain
from fastroute.core.cidr import CidrTrie

Test = Callable[[Chain], bool]
Check = Callable[[Chain], tuple[bool, str | None]]
ALLOW, DENY, LOG = 0, 1, 2


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
    if not message.HasField("rules"):
        return None
    rules = message.rules
    ctx.only(rules, f"{path}.rules", ("action", "policies"), ("audit_logging_options",))
    policies = [
        (name, *_policy(rules.policies[name], ctx, f'{path}.rules.policies["{name}"]'))
        for name in sorted(rules.policies)
    ]
    action = rules.action

    def check(chain: Chain) -> tuple[bool, str | None]:
        matched = next((name for name, may, who in policies if may(chain) and who(chain)), None)
        if action == ALLOW:
            return matched is not None, matched
        return action == LOG or matched is None, matched

    return check


def _policy(policy: Any, ctx: Context, path: str) -> tuple[Test, Test]:
    ctx.only(policy, path, ("permissions", "principals"))
    for field in ("permissions", "principals"):
        if not getattr(policy, field):
            raise ctx.reject(f"{path}.{field}", "value must contain at least 1 item(s)")
    return (
        _any(_permission(each, ctx, f"{path}.permissions[{i}]") for i, each in enumerate(policy.permissions)),
        _any(_principal(each, ctx, f"{path}.principals[{i}]") for i, each in enumerate(policy.principals)),
    )


def _any(tests: Iterable[Test]) -> Test:
    kept = tuple(tests)
    return lambda chain: any(test(chain) for test in kept)


def _all(tests: Iterable[Test]) -> Test:
    kept = tuple(tests)
    return lambda chain: all(test(chain) for test in kept)


def _not(test: Test) -> Test:
    return lambda chain: not test(chain)


def _permission(rule: Any, ctx: Context, path: str) -> Test:
    kind = rule.WhichOneof("rule")
    where = f"{path}.{kind}"
    match kind:
        case "and_rules" | "or_rules":
            parts = [_permission(each, ctx, f"{where}.rules[{i}]") for i, each in enumerate(getattr(rule, kind).rules)]
            return _all(parts) if kind == "and_rules" else _any(parts)
        case "not_rule":
            return _not(_permission(rule.not_rule, ctx, where))
        case "any":
            return _constant(rule.any)
        case "destination_ip":
            return _inside([rule.destination_ip], lambda chain: chain.destination[0], ctx, where)
        case "destination_port":
            start, end = rule.destination_port, rule.destination_port + 1
            return lambda chain: bool(chain.destination[0]) and start <= chain.destination_port < end
        case "destination_port_range":
            start, end = rule.destination_port_range.start, rule.destination_port_range.end
            return lambda chain: bool(chain.destination[0]) and start <= chain.destination_port < end
        case "requested_server_name":
            match_name = compile_string(rule.requested_server_name, ctx, where)
            return lambda chain: match_name(chain.server_name.encode("latin-1"))
    raise ctx.unsupported(where, f"the permission {kind} is not supported on a connection")


def _principal(rule: Any, ctx: Context, path: str) -> Test:
    kind = rule.WhichOneof("identifier")
    where = f"{path}.{kind}"
    match kind:
        case "and_ids" | "or_ids":
            parts = [_principal(each, ctx, f"{where}.ids[{i}]") for i, each in enumerate(getattr(rule, kind).ids)]
            return _all(parts) if kind == "and_ids" else _any(parts)
        case "not_id":
            return _not(_principal(rule.not_id, ctx, where))
        case "any":
            return _constant(rule.any)
        case "source_ip" | "remote_ip":
            return _inside([getattr(rule, kind)], lambda chain: chain.source[0], ctx, where)
        case "direct_remote_ip":
            return _inside([rule.direct_remote_ip], lambda chain: chain.direct_source[0], ctx, where)
        case "authenticated":
            return _authenticated(rule.authenticated, ctx, where)
    raise ctx.unsupported(where, f"the principal {kind} is not supported on a connection")


def _constant(value: bool) -> Test:
    return lambda _: value


def _inside(ranges: Sequence[Any], address: Callable[[Chain], str], ctx: Context, path: str) -> Test:
    trie = CidrTrie((*compile_prefix(each, ctx, path), 0) for each in ranges)
    return lambda chain: bool(address(chain)) and trie.get(address(chain)) is not None


def _authenticated(rule: Any, ctx: Context, path: str) -> Test:
    """By URI names, else by DNS names, else by the subject; without a name any peer with a certificate."""
    if not rule.HasField("principal_name"):
        return lambda chain: chain.tls is not None and chain.tls.presented
    matches = compile_string(rule.principal_name, ctx, f"{path}.principal_name")

    def test(chain: Chain) -> bool:
        if chain.tls is None:
            return False
        known = chain.tls.uri_sans or chain.tls.dns_sans or ((chain.tls.subject,) if chain.tls.subject else ())
        return any(matches(name.encode()) for name in known)

    return test
