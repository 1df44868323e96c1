"""HTTP RBAC: what no plain connection to Envoy shows, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from support.core import Routed

import fastroute
from fastroute.errors import RejectedError, UnsupportedError
from fastroute.request import Connection, Request, TlsFacts

TYPE = "type.googleapis.com/envoy.extensions.filters.http."
NETWORK = "type.googleapis.com/envoy.extensions.filters.network."
MANAGER = NETWORK + "http_connection_manager.v3.HttpConnectionManager"
INSPECTOR = "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
CLIENT = ("10.0.0.9", 7)
ROUTER = {"name": "router", "typed_config": {"@type": TYPE + "router.v3.Router"}}
ANY = {"permissions": [{"any": True}], "principals": [{"any": True}]}
TABLE = {
    "name": "t",
    "virtual_hosts": [
        {"name": "h", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "c"}}]}
    ],
}
DENIED = "rbac_access_denied_matched_policy[none]"


def rbac(policy: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    rules = {} if policy is None else {"rules": {"policies": {"p": {**ANY, **policy}}}}
    return {"name": "rbac", "typed_config": {"@type": TYPE + "rbac.v3.RBAC", **rules, **config}}


def routed(*filters: dict[str, Any], connection: Connection | None = None, **options: Any) -> Routed:
    manager = {
        "@type": MANAGER,
        "stat_prefix": "h",
        "route_config": TABLE,
        "http_filters": [*filters, ROUTER],
        **options,
    }
    return Routed.of(manager, {}, connection or Connection(("10.0.0.1", 80), ("10.0.0.9", 7)), ["c"])


def reason(found: Routed) -> str | None:
    request = Request(b"h", b"/")
    decision, explained = found.decide(request), found.explain(request)
    assert (decision.reason, decision.status) == (explained.decision["reason"], explained.decision["status"])
    assert any(step.stage == "rbac" for step in explained.steps)
    return decision.reason


URI = TlsFacts(presented=True, uri_sans=("spiffe://td/ns/a/sa/b",), dns_sans=("b.test",), subject="CN=b")


@pytest.mark.parametrize(
    ("principal", "connection", "allowed"),
    [
        ({"authenticated": {}}, {"tls": URI}, True),
        ({"authenticated": {}}, {"tls": TlsFacts()}, True),
        ({"authenticated": {}}, {}, False),
        ({"authenticated": {"principal_name": {"prefix": "spiffe://td/"}}}, {"tls": URI}, True),
        ({"authenticated": {"principal_name": {"exact": "b.test"}}}, {"tls": URI}, False),
        (
            {"authenticated": {"principal_name": {"exact": "b.test"}}},
            {"tls": TlsFacts(True, dns_sans=("b.test",))},
            True,
        ),
        ({"authenticated": {"principal_name": {"exact": "CN=b"}}}, {"tls": TlsFacts(True, subject="CN=b")}, True),
        ({"source_ip": {"address_prefix": "10.0.0.9", "prefix_len": 32}}, {}, True),
        ({"source_ip": {"address_prefix": "10.0.0.8", "prefix_len": 32}}, {}, False),
        ({"remote_ip": {"address_prefix": "10.0.0.8", "prefix_len": 31}}, {}, True),
    ],
)
def test_principals_of_the_connection(principal: dict[str, Any], connection: dict[str, Any], allowed: bool) -> None:
    facts = {"transport_protocol": "tls"} if connection else {}
    known = Connection(("10.0.0.1", 80), ("10.0.0.9", 7), **facts, **connection)
    found = routed(rbac({"principals": [principal]}), connection=known)
    assert reason(found) == (None if allowed else DENIED)


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ({"destination_port": 80}, True),
        ({"destination_port": 81}, False),
        ({"destination_ip": {"address_prefix": "10.0.0.1", "prefix_len": 32}}, True),
        ({"destination_port_range": {"start": 79, "end": 80}}, False),
    ],
)
def test_permissions_of_the_connection(permission: dict[str, Any], allowed: bool) -> None:
    assert reason(routed(rbac({"permissions": [permission]}))) == (None if allowed else DENIED)


@pytest.mark.parametrize(("name", "allowed"), [("a.test", True), ("b.test", False), ("", False)])
def test_the_server_name_is_what_the_inspector_found(name: str, allowed: bool) -> None:
    """Without the TLS inspector there is none."""
    wanted = rbac({"permissions": [{"requested_server_name": {"exact": "a.test"}}]})
    manager = {"@type": MANAGER, "stat_prefix": "h", "route_config": TABLE, "http_filters": [wanted, ROUTER]}
    inspector = {"name": "tls", "typed_config": {"@type": INSPECTOR}}
    listener = {
        "name": "l",
        "address": {"socket_address": {"address": "10.0.0.1", "port_value": 80}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    known = Connection(("10.0.0.1", 80), CLIENT, transport_protocol="tls", server_name=name or None, tls=URI)
    for inspectors, passes in (([inspector], allowed), ([], False)):
        clusters = [{"name": "c", "connect_timeout": "1s"}]
        source = {"listeners": [{**listener, "listener_filters": inspectors}], "clusters": clusters}
        router = fastroute.Router(fastroute.load(source))
        chain = router.connect(known)
        assert chain is not None
        assert reason(Routed(router, chain)) == (None if passes else DENIED)


def test_the_policy_is_named() -> None:
    found = routed(rbac(rules={"action": "DENY", "policies": {"b": ANY, "a": ANY}})).explain(Request(b"h", b"/"))
    assert [step.reason for step in found.steps if step.stage == "rbac"] == ["the policy 'a' matches: 403"]


@pytest.mark.parametrize(
    "policy",
    [
        {"principals": [{"filter_state": {"key": "k", "string_match": {"exact": "v"}}}]},
        {"condition": {"const_expr": {"bool_value": True}}},
    ],
)
def test_what_is_not_supported(policy: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError):
        routed(rbac(policy))


def test_a_range_of_no_port() -> None:
    with pytest.raises(RejectedError, match="range start 80 cannot be greater or equal than range end 80"):
        routed(rbac({"permissions": [{"destination_port_range": {"start": 80, "end": 80}}]}))


def test_filters_in_front() -> None:
    cors = {"name": "cors", "typed_config": {"@type": TYPE + "cors.v3.Cors"}}
    assert reason(routed(rbac({}), cors)) is None
    with pytest.raises(UnsupportedError, match="which may answer a request or change it first"):
        routed(cors, rbac({}))


def test_filters_of_upgrades() -> None:
    upgrades = [{"upgrade_type": "websocket", "filters": [ROUTER]}]
    with pytest.raises(UnsupportedError, match="filters of an upgrade are not supported together with RBAC"):
        routed(rbac({}), upgrade_configs=upgrades)


@pytest.mark.parametrize(("present", "invert"), [(True, False), (False, True), (True, True), (False, False)])
def test_an_absent_header_that_is_treated_as_empty_is_there(present: bool, invert: bool) -> None:
    """RM-33, as observed in a permission; faults and retries share the matcher."""
    header = {"name": "x-b", "present_match": present, "invert_match": invert, "treat_missing_header_as_empty": True}
    assert reason(routed(rbac({"permissions": [{"header": header}]}))) == (None if present != invert else DENIED)
