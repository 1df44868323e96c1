"""Network RBAC over the connection's facts.

- NF-11: a policy matches when any permission and any principal match; policies are asked in ascending
  order of their names. ALLOW lets pass what some policy matches, DENY what none does, LOG everything;
  without rules everything passes.
- NF-13: permissions and principals. Rules about HTTP see no header and an empty path.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fastroute.errors import UnsupportedError
from fastroute.reference import strings
from fastroute.reference.arrival import IP, Arrival

ALLOW, DENY, LOG = 0, 1, 2


def decide(config: Any, arrival: Arrival) -> tuple[bool, str | None]:
    """Whether the connection passes, and the name of the policy that matched."""
    if not config.HasField("rules"):
        return True, None
    matched = next(
        (name for name in sorted(config.rules.policies) if _policy(config.rules.policies[name], arrival)), None
    )
    if config.rules.action == ALLOW:
        return matched is not None, matched
    return config.rules.action == LOG or matched is None, matched


def _policy(policy: Any, arrival: Arrival) -> bool:
    permitted = any(_permission(each, arrival) for each in policy.permissions)
    return permitted and any(_principal(each, arrival) for each in policy.principals)


def _permission(rule: Any, arrival: Arrival) -> bool:
    kind = rule.WhichOneof("rule")
    match kind:
        case "and_rules":
            return all(_permission(each, arrival) for each in rule.and_rules.rules)
        case "or_rules":
            return any(_permission(each, arrival) for each in rule.or_rules.rules)
        case "not_rule":
            return not _permission(rule.not_rule, arrival)
        case "any":
            return bool(rule.any)
        case "destination_ip":
            return _inside(rule.destination_ip, arrival.destination[0])
        case "destination_port":
            return arrival.destination[0] is not None and arrival.destination[1] == rule.destination_port
        case "destination_port_range":
            span = rule.destination_port_range
            return arrival.destination[0] is not None and span.start <= arrival.destination[1] < span.end
        case "requested_server_name":
            return strings.matches(rule.requested_server_name, arrival.server_name.encode("latin-1"))
        case _:
            raise UnsupportedError(f"the permission {kind} cannot be decided on a connection", path=str(kind))


def _principal(rule: Any, arrival: Arrival) -> bool:
    kind = rule.WhichOneof("identifier")
    match kind:
        case "and_ids":
            return all(_principal(each, arrival) for each in rule.and_ids.ids)
        case "or_ids":
            return any(_principal(each, arrival) for each in rule.or_ids.ids)
        case "not_id":
            return not _principal(rule.not_id, arrival)
        case "any":
            return bool(rule.any)
        case "source_ip" | "remote_ip":
            return _inside(getattr(rule, kind), arrival.source[0])
        case "direct_remote_ip":
            return _inside(rule.direct_remote_ip, arrival.direct[0])
        case "authenticated":
            return _authenticated(rule.authenticated, arrival)
        case _:
            raise UnsupportedError(f"the principal {kind} cannot be decided on a connection", path=str(kind))


def _inside(cidr: Any, address: IP | None) -> bool:
    network = ipaddress.ip_network(f"{cidr.address_prefix}/{cidr.prefix_len.value}", strict=False)
    return address is not None and address in network


def _authenticated(rule: Any, arrival: Arrival) -> bool:
    """By URI names, else by DNS names, else by the subject; without a name any peer with a certificate."""
    tls = arrival.tls
    if tls is None:
        return False
    if not rule.HasField("principal_name"):
        return tls.presented
    for known in (tls.uri_sans, tls.dns_sans, (tls.subject,) if tls.subject else ()):
        if known:
            return any(strings.matches(rule.principal_name, name.encode()) for name in known)
    return False
