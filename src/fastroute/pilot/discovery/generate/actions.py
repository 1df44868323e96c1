"""From a VirtualService's route to what an Envoy route does: forward, redirect or respond."""

from __future__ import annotations

import http
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from fastroute.pilot.discovery.generate import names, traffic
from fastroute.pilot.discovery.generate.destinations import cluster_of, port_of
from fastroute.pilot.discovery.generate.faults import fractional
from fastroute.pilot.discovery.generate.names import JSON
from fastroute.pilot.discovery.model.rules import Rule
from fastroute.pilot.discovery.model.view import View
from fastroute.pilot.discovery.registry.balancers import ConsistentHash
from fastroute.pilot.discovery.registry.traffic import (
    DirectResponse,
    Headers,
    HTTPRoute,
    HTTPRouteDestination,
    Mirror,
    Redirect,
    Retries,
)
from fastroute.pilot.discovery.registry.values import Duration, Percent
from fastroute.pilot.profiles import Profile

PREVIOUS_HOSTS: Final = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
PREVIOUS_PRIORITIES: Final = "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"
_REDIRECTS: Final = {
    302: "FOUND", 303: "SEE_OTHER", 307: "TEMPORARY_REDIRECT", 308: "PERMANENT_REDIRECT",
}  # fmt: skip
_AUTHORITY: Final = ("host", ":authority")
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
"""Ports that a redirection does not spell out."""


def redirect(one: Redirect, port: int) -> JSON:
    """`RedirectAction`."""
    made: JSON = {}
    if one.prefix_rewrite:
        made["prefix_rewrite"] = one.prefix_rewrite
    elif one.uri:
        made["path_redirect"] = one.uri
    if one.authority:
        made["host_redirect"] = one.authority
    if one.scheme:
        made["scheme_redirect"] = one.scheme
    wanted = int(one.port or 0) if one.derive_port is None else port if one.derive_port == "FROM_REQUEST_PORT" else 0
    if wanted and wanted != DEFAULT_PORTS.get(one.scheme or "http"):
        made["port_redirect"] = wanted
    if one.redirect_code in _REDIRECTS:
        made["response_code"] = _REDIRECTS[one.redirect_code]
    return made


def respond(one: DirectResponse) -> JSON:
    """`DirectResponseAction`."""
    made: JSON = {"status": int(one.status)}
    if one.body is not None and one.body.string is not None:
        made["body"] = {"inline_string": one.body.string}
    elif one.body is not None and one.body.bytes is not None:
        made["body"] = {"inline_bytes": one.body.bytes}
    return made


def forward(view: View, rule: Rule, route: HTTPRoute, port: int) -> JSON:
    """`RouteAction`."""
    made: JSON = {}
    _targets(view, rule, route, port, made)
    timing(view.profile, made, route.timeout)
    hashes = _hashes(view, rule, route, port)
    retries = route.retries if route.retries is not None else view.mesh.default_http_retry_policy
    policy = retry_policy(view.profile, retries, hashing=bool(hashes) and len(route.route) == 1)
    if policy is not None:
        made["retry_policy"] = policy
    if hashes:
        made["hash_policy"] = hashes
    _rewrite(made, route)
    mirrors = [one for mirror in _mirrors(route) if (one := _mirror(view, rule, mirror, port)) is not None]
    if mirrors:
        made["request_mirror_policies"] = mirrors
    return made


def timing(profile: Profile, action: JSON, timeout: Duration | None) -> None:
    """Write the time limit; none means no limit.

    Envoy ignores `timeout` as soon as `max_stream_duration` is there, even with `grpc_timeout_header_max` alone
    (RA-61), and `max_grpc_timeout` is deprecated: profile `current` writes `timeout` and nothing else, so that the
    limit holds for gRPC requests too, whatever their grpc-timeout says.
    """
    limit = str(timeout) if timeout is not None else "0s"
    action["timeout"] = limit
    if profile.stream_duration:
        action["max_stream_duration"] = {"max_stream_duration": limit}


def _targets(view: View, rule: Rule, route: HTTPRoute, port: int, made: JSON) -> None:
    if len(route.route) == 1:
        one = route.route[0]
        made["cluster"] = cluster_of(view, rule, one.destination, port)
        if authority := _authority(one.headers):
            made["host_rewrite_literal"] = authority
        return
    made["weighted_clusters"] = {
        "clusters": [_weighted(view, rule, one, port) for one in route.route if one.weight],
    }


def _weighted(view: View, rule: Rule, one: HTTPRouteDestination, port: int) -> JSON:
    made: JSON = {"name": cluster_of(view, rule, one.destination, port), "weight": int(one.weight)}
    made.update(header_changes(one.headers))
    if authority := _authority(one.headers):
        made["host_rewrite_literal"] = authority
    return made


def _authority(headers: Headers) -> str:
    """Setting or adding `host` means rewriting the authority: Envoy does not let header changes touch it."""
    given = (*headers.request.set.items(), *headers.request.add.items())
    return next((value for name, value in given if name.lower() in _AUTHORITY), "")


def header_changes(headers: Headers) -> JSON:
    """Header changes of a route, or of one of its weighted clusters."""
    made: JSON = {}
    for side, operations in (("request", headers.request), ("response", headers.response)):
        added = [
            *_changes(operations.set.items(), "OVERWRITE_IF_EXISTS_OR_ADD"),
            *_changes(operations.add.items(), "APPEND_IF_EXISTS_OR_ADD"),
        ]
        if added:
            made[f"{side}_headers_to_add"] = added
        if operations.remove:
            made[f"{side}_headers_to_remove"] = list(operations.remove)
    return made


def _changes(headers: Iterable[tuple[str, str]], how: str) -> list[JSON]:
    return [
        {"header": {"key": name, "value": value}, "append_action": how}
        for name, value in sorted(headers)
        if name.lower() not in _AUTHORITY
    ]


def _rewrite(made: JSON, route: HTTPRoute) -> None:
    if authority := _authority(route.headers):
        made["host_rewrite_literal"] = authority
    if (rewrite := route.rewrite) is None:
        return
    if rewrite.authority:
        made["host_rewrite_literal"] = rewrite.authority
    if rewrite.uri_regex_rewrite is not None:
        pattern, substitution = rewrite.uri_regex_rewrite.match, rewrite.uri_regex_rewrite.rewrite
        made["regex_rewrite"] = {"pattern": {"regex": pattern}, "substitution": substitution}
    elif rewrite.uri:
        made["prefix_rewrite"] = rewrite.uri


def _mirrors(route: HTTPRoute) -> tuple[Mirror, ...]:
    if route.mirrors:
        return route.mirrors
    if route.mirror is None:
        return ()
    share = route.mirror_percentage
    if share is None and route.mirror_percent is not None:
        share = Percent(route.mirror_percent)
    return (Mirror(route.mirror, share),)


def _mirror(view: View, rule: Rule, mirror: Mirror, port: int) -> JSON | None:
    value = mirror.percentage.value if mirror.percentage is not None else 100.0
    if not value:
        return None
    cluster = cluster_of(view, rule, mirror.destination, port)
    return {"cluster": cluster, "runtime_fraction": {"default_value": fractional(value)}}


def _hashes(view: View, rule: Rule, route: HTTPRoute, port: int) -> list[JSON]:
    """What the destinations' rules hash by, each once."""
    found: list[JSON] = []
    for one in route.route:
        if len(route.route) > 1 and not one.weight:
            continue
        service = view.service(rule.qualify(one.destination.host, view.proxy.domain))
        if service is None or (policy := view.policy(service)) is None:
            continue
        number = port_of(service, one.destination, port)
        by = traffic.hashing(traffic.settings(policy, policy.subset(one.destination.subset), number))
        if by is not None and (made := hash_policy(by)) not in found:
            found.append(made)
    return found


def hash_policy(by: ConsistentHash) -> JSON:
    """`HashPolicy` of a consistent hash."""
    if by.http_header_name is not None:
        return {"header": {"header_name": by.http_header_name}}
    if by.http_cookie is not None:
        cookie: JSON = {"name": by.http_cookie.name}
        if by.http_cookie.path:
            cookie["path"] = by.http_cookie.path
        if by.http_cookie.ttl is not None:
            cookie["ttl"] = str(by.http_cookie.ttl)
        if by.http_cookie.attributes:
            said = [{"name": one.name, "value": one.value} for one in by.http_cookie.attributes]
            cookie["attributes"] = said
        return {"cookie": cookie}
    if by.http_query_parameter_name is not None:
        return {"query_parameter": {"name": by.http_query_parameter_name}}
    return {"connection_properties": {"source_ip": True}}


def retry_policy(profile: Profile, retries: Retries | None, *, hashing: bool = False) -> JSON | None:
    """The default policy, changed by what a rule says; None when it says: no attempts.

    With consistent hashing a retry must reach the same endpoint, so that other endpoints are not preferred.
    """
    if retries is not None and not retries.attempts:
        return None
    made: JSON = {"retry_on": profile.retry_on, "num_retries": 2, "host_selection_retry_max_attempts": 5}
    if profile.retry_codes:
        made["retriable_status_codes"] = list(profile.retry_codes)
    ignore = retries.retry_ignore_previous_hosts if retries is not None else None
    if ignore or (ignore is None and not (hashing and profile.typed_predicates)):
        made["retry_host_predicate"] = [_previous_hosts(profile)]
    if retries is not None:
        _refine(made, retries)
    return made


def inbound_retry_policy(retries: Retries | None) -> JSON | None:
    """The policy towards the workload itself, of which there is one: only attempts, conditions and pauses count."""
    made: JSON = {"retry_on": "reset-before-request", "num_retries": 2}
    if retries is not None:
        if not retries.attempts:
            return None
        _refine(made, replace(retries, per_try_timeout=None, retry_remote_localities=None))
    return made


def _previous_hosts(profile: Profile) -> JSON:
    name = "envoy.retry_host_predicates.previous_hosts"
    return names.extension(name, PREVIOUS_HOSTS) if profile.typed_predicates else {"name": name}


def _refine(made: JSON, retries: Retries) -> None:
    made["num_retries"] = int(retries.attempts)
    if retries.retry_on:
        made.pop("retriable_status_codes", None)
        parts = [part.strip() for part in retries.retry_on.split(",") if part.strip()]
        codes = [int(part) for part in parts if part.isdigit() and _is_status(int(part))]
        kinds = [part for part in parts if not (part.isdigit() and _is_status(int(part)))]
        if codes:
            made["retriable_status_codes"] = codes
            if "retriable-status-codes" not in kinds:
                kinds.append("retriable-status-codes")
        made["retry_on"] = ",".join(kinds)
    if retries.per_try_timeout is not None:
        made["per_try_timeout"] = str(retries.per_try_timeout)
    if retries.backoff is not None:
        made["retry_back_off"] = {"base_interval": str(retries.backoff)}
    if retries.retry_remote_localities:
        name = "envoy.retry_priorities.previous_priorities"
        made["retry_priority"] = names.extension(name, PREVIOUS_PRIORITIES, update_frequency=2)


def _is_status(code: int) -> bool:
    return code in http.HTTPStatus.__members__.values()
