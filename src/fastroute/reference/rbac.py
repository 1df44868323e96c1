"""RBAC over the facts of a connection, or of a request on one.

- NF-11: a policy matches when any permission and any principal match; policies are asked in ascending
  order of their names. ALLOW lets pass what some policy matches, DENY what none does, LOG everything;
  without rules everything passes.
- NF-13: permissions and principals. A header is matched value by value; the path is without its query.
  Metadata is dynamic, or that of the route.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from fastroute.api.anys import unpack
from fastroute.errors import UnsupportedError
from fastroute.records import record
from fastroute.reference import headers, metadata, strings, uri_template
from fastroute.reference.arrival import IP, Arrival, Place
from fastroute.reference.header_map import HeaderMap
from fastroute.request import TlsFacts

ALLOW, DENY, LOG = 0, 1, 2
OF_ROUTE = 1


@record
class Subject:
    """What rules are asked about; `headers` and what follows them is None on a connection."""

    destination: Place
    source: Place
    direct: Place
    remote: IP | None
    server_name: str
    tls: TlsFacts | None
    headers: HeaderMap | None = None
    metadata: Mapping[str, object] | None = None
    route_metadata: Mapping[str, object] | None = None

    @classmethod
    def of(cls, arrival: Arrival) -> Subject:
        """The connection itself."""
        source = arrival.source
        return cls(arrival.destination, source, arrival.direct, source[0], arrival.server_name, arrival.tls)


def decide(config: Any, subject: Subject) -> tuple[bool, str | None]:
    """Whether the subject passes, and the name of the policy that matched."""
    if not config.HasField("rules"):
        return True, None
    matched = next(
        (name for name in sorted(config.rules.policies) if _policy(config.rules.policies[name], subject)), None
    )
    if config.rules.action == ALLOW:
        return matched is not None, matched
    return config.rules.action == LOG or matched is None, matched


def _policy(policy: Any, subject: Subject) -> bool:
    permitted = any(_permission(each, subject) for each in policy.permissions)
    return permitted and any(_principal(each, subject) for each in policy.principals)


def _permission(rule: Any, subject: Subject) -> bool:
    kind = rule.WhichOneof("rule")
    match kind:
        case "and_rules":
            return all(_permission(each, subject) for each in rule.and_rules.rules)
        case "or_rules":
            return any(_permission(each, subject) for each in rule.or_rules.rules)
        case "not_rule":
            return not _permission(rule.not_rule, subject)
        case "any":
            return bool(rule.any)
        case "destination_ip":
            return _inside(rule.destination_ip, subject.destination[0])
        case "destination_port":
            return subject.destination[0] is not None and subject.destination[1] == rule.destination_port
        case "destination_port_range":
            span = rule.destination_port_range
            return subject.destination[0] is not None and span.start <= subject.destination[1] < span.end
        case "requested_server_name":
            return strings.matches(rule.requested_server_name, subject.server_name.encode("latin-1"))
        case _:
            return _http(kind, rule, subject)


def _principal(rule: Any, subject: Subject) -> bool:
    kind = rule.WhichOneof("identifier")
    match kind:
        case "and_ids":
            return all(_principal(each, subject) for each in rule.and_ids.ids)
        case "or_ids":
            return any(_principal(each, subject) for each in rule.or_ids.ids)
        case "not_id":
            return not _principal(rule.not_id, subject)
        case "any":
            return bool(rule.any)
        case "source_ip":
            return _inside(rule.source_ip, subject.source[0])
        case "remote_ip":
            return _inside(rule.remote_ip, subject.remote)
        case "direct_remote_ip":
            return _inside(rule.direct_remote_ip, subject.direct[0])
        case "authenticated":
            return _authenticated(rule.authenticated, subject)
        case _:
            return _http(kind, rule, subject)


def _http(kind: str, rule: Any, subject: Subject) -> bool:
    if kind == "header" and subject.headers is not None:
        return headers.matches(rule.header, subject.headers)
    if kind == "url_path" and subject.headers is not None:
        path = subject.headers.first(b":path")
        return path is not None and strings.matches(rule.url_path.path, path.partition(b"?")[0].partition(b"#")[0])
    if kind == "uri_template" and subject.headers is not None:
        path = subject.headers.first(b":path")
        template = unpack(rule.uri_template.typed_config).path_template  # type: ignore[attr-defined]
        return path is not None and uri_template.matches(template, path.partition(b"?")[0].partition(b"#")[0])
    if kind == "metadata" and subject.metadata is not None:
        return metadata.why_not([rule.metadata], subject.metadata) is None
    if kind == "sourced_metadata" and subject.metadata is not None:
        of_route = rule.sourced_metadata.metadata_source == OF_ROUTE
        values = subject.route_metadata if of_route else subject.metadata
        # Without a route, not even an inverted matcher holds.
        return values is not None and metadata.why_not([rule.sourced_metadata.metadata_matcher], values) is None
    raise UnsupportedError(f"the RBAC rule {kind} cannot be decided", path=kind)


def _inside(cidr: Any, address: IP | None) -> bool:
    network = ipaddress.ip_network(f"{cidr.address_prefix}/{cidr.prefix_len.value}", strict=False)
    return address is not None and address in network


def _authenticated(rule: Any, subject: Subject) -> bool:
    """By URI names, else by DNS names, else by the subject, which may be empty; without a name any TLS connection."""
    tls = subject.tls
    if tls is None:
        return False
    if not rule.HasField("principal_name"):
        return True
    known = tls.uri_sans or tls.dns_sans or (tls.subject,)
    return any(strings.matches(rule.principal_name, name.encode()) for name in known)
