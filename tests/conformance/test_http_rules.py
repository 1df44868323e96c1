"""Every rule of HTTP routing by an example: Envoy, the walk and the router give the expected answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.compare import Answer, Differential, of_decision, of_envoy, of_router, raw
from support.core import Routed
from support.envoy import require_binary, validate
from support.http_envoy import CLUSTERS, HttpEnvoy
from support.rules import answers, beyond, client, codec, hosts, matches, normal, upgrade
from support.rules.rows import Beyond, Refused, Row

import fastroute
from fastroute.errors import RejectedError, UnsupportedError
from fastroute.reference import http
from fastroute.reference.manager import Tables
from fastroute.request import Connection, Request

MODULES = (answers, codec, normal, client, upgrade, hosts, matches)
ROWS: tuple[Row, ...] = tuple(row for module in MODULES for row in module.ROWS)
REFUSED: tuple[Refused, ...] = tuple(row for module in MODULES for row in module.REFUSED)


def shown(answer: Answer) -> str:
    """An answer as the rows write it."""
    if answer.status in (0, 200) and answer.route:
        return answer.route
    return f"{answer.status} {answer.location or ''}".strip()


@pytest.fixture(scope="module")
def differential() -> Iterator[Differential]:
    """An Envoy with one listener a row."""
    require_binary()
    listeners = {row.id: row.options for row in ROWS}
    bed = HttpEnvoy(listeners)
    bed.start()
    yield Differential(bed, listeners)
    bed.stop()


@pytest.mark.envoy
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_rule(row: Row, differential: Differential) -> None:
    message = differential.bed.swap(row.table)
    requests = [request for request, _ in row.answers]
    expected = [answer for _, answer in row.answers]
    seen = differential.bed.decide([raw(request) for request in requests], row.id)
    assert [shown(of_envoy(each)) for each in seen] == expected
    walked = [_walk(differential, message, request, row) for request in requests]
    assert [shown(each) for each in walked] == expected


def _at(row: Row, request: Request, connection: Connection) -> Request:
    fields = {name: getattr(request, name) for name in Request.__dataclass_fields__}
    return Request(**{**fields, "connection": connection})


def _walk(differential: Differential, message: Any, request: Request, row: Row) -> Answer:
    at = _at(row, request, differential.connection(row.id))
    tables = Tables({"table": message})
    explained = http.handle(differential.managers[row.id], at, tables=tables, clusters=frozenset(CLUSTERS))
    return of_decision(explained.decision)


@pytest.mark.parametrize("row", [row for row in ROWS if row.rules != "VH-34"], ids=lambda row: row.id)
def test_router(row: Row) -> None:
    connection = Connection(("127.0.0.1", 8080), ("127.0.0.1", 40000))
    options = HttpEnvoy.manager_of(row.options, {"ads": {}})
    routed = Routed.of(options, row.table, connection, CLUSTERS)
    seen = [shown(of_router(routed.decide(_at(row, request, connection)))) for request, _ in row.answers]
    assert seen == [answer for _, answer in row.answers]


def _bootstrap(row: Refused | Beyond) -> dict[str, Any]:
    table = {**row.table, "name": "table"}
    inline = {} if "scoped_routes" in row.options else {"route_config": table}
    manager = HttpEnvoy.manager_of({**inline, **row.options}, {"ads": {}})
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    chain = {"filters": [{"name": "hcm", "typed_config": manager}]}
    clusters = [{"name": name, "connect_timeout": "1s"} for name in CLUSTERS]
    return {
        "static_resources": {
            "listeners": [{"name": "listener", "address": address, "filter_chains": [chain]}],
            "clusters": clusters,
        }
    }


@pytest.mark.envoy
@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_envoy_refuses(row: Refused) -> None:
    require_binary()
    verdict = validate(_bootstrap(row))
    assert not verdict.ok
    assert row.words in verdict.message


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_load_refuses(row: Refused) -> None:
    with pytest.raises(RejectedError):
        fastroute.load(_quiet(_bootstrap(row)))


def _quiet(bootstrap: dict[str, Any]) -> dict[str, Any]:
    chain = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]
    del chain["filters"][0]["typed_config"]["local_reply_config"]
    return bootstrap


@pytest.mark.envoy
@pytest.mark.parametrize("row", beyond.BEYOND, ids=lambda row: row.id)
def test_envoy_takes(row: Beyond) -> None:
    require_binary()
    assert validate(_bootstrap(row)).ok


@pytest.mark.parametrize("row", beyond.BEYOND, ids=lambda row: row.id)
def test_load_refuses_as_unsupported(row: Beyond) -> None:
    with pytest.raises(UnsupportedError) as caught:
        fastroute.load(_quiet(_bootstrap(row)))
    assert row.place in caught.value.path


def test_vh_34_scopes_with_early_mutations_are_refused_as_unsupported() -> None:
    """VH-34: Envoy makes the key anew of the mutated headers; the router would use the raw ones."""
    row = next(row for row in ROWS if row.rules == "VH-34")
    options = HttpEnvoy.manager_of(row.options, {"ads": {}})
    with pytest.raises(UnsupportedError, match="VH-34"):
        Routed.of(options, row.table, Connection(("127.0.0.1", 8080)), CLUSTERS)


@pytest.mark.parametrize("name", ["vhds", "route_specifiers"])
def test_vh_17_and_vh_19_are_refused_as_unsupported(name: str) -> None:
    """VH-17, VH-19: route specifiers and VHDS."""
    kind = "envoy.extensions.router.route_specifiers.dynamic_modules.v3.DynamicModuleRouteSpecifier"
    module = {
        "@type": f"type.googleapis.com/{kind}",
        "dynamic_module_config": {"name": "m"},
        "specifier_name": "s",
        "stat_prefix": "s",
    }
    extension = {"name": "x", "typed_config": module}
    given = {"vhds": {"config_source": {"ads": {}}}} if name == "vhds" else {"route_specifiers": [extension]}
    with pytest.raises(UnsupportedError) as caught:
        fastroute.load({"routes": [{"name": "table", **given}]})
    assert caught.value.path == name


def test_vh_35_a_manager_without_routes_is_refused() -> None:
    """VH-35: exactly one of rds, route_config and scoped_routes."""
    bootstrap = _quiet(_bootstrap(Refused("VH-35", "", "")))
    manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    del manager["route_config"]
    with pytest.raises(RejectedError):
        fastroute.load(bootstrap)
