"""The walk gives what the Envoy 1.40 binary was seen to give: observations kept beside the project."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.core import Routed
from support.envoy import parse
from support.shared import SHARED, shared

from fastroute.api import names
from fastroute.errors import UnsupportedError
from fastroute.reference import http
from fastroute.reference.manager import Tables
from fastroute.request import Connection, Request

LISTENER_ADDRESS = "192.0.2.2"
"""The address that Envoy took for its own where the observations were made."""


def vectors() -> list[str]:
    """The files whose decisions need no filter and no upstream."""
    folder = SHARED / "spec" / "vectors"
    found = {path.stem: json.loads(path.read_text())["config"] for path in folder.glob("*.json")}
    return sorted(name for name, config in found.items() if manager_of(config) is not None) or ["absent"]


def manager_of(config: dict[str, Any]) -> dict[str, Any] | None:
    """The connection manager of a configuration; None where another listener or filter takes part."""
    listeners = config["static_resources"]["listeners"]
    manager: dict[str, Any] = listeners[0]["filter_chains"][0]["filters"][0]["typed_config"]
    alone = len(listeners) == 1 and len(manager["http_filters"]) == 1
    return manager if alone else None


def request_of(case: dict[str, Any], port: int) -> Request:
    """The request of a case."""
    given = case["request"]
    if isinstance(given, str):
        given = {"path": given}
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in given.get("headers", ()))
    return Request(
        given.get("host", "a.com").encode("latin-1"),
        given.get("path", "/").encode("utf-8"),
        given.get("method", "GET").encode(),
        headers,
        connection=Connection((LISTENER_ADDRESS, port), ("127.0.0.1", 40000)),
    )


def shown(status: object, location: str | None, body: bytes) -> str:
    """An answer as the observations write it."""
    return masked(f"{status} " + (f"-> {location} " if location is not None else "") + body.decode("latin-1"))


def masked(answer: str) -> str:
    """An answer without the request id that Envoy drew."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", answer).strip()


def cases(name: str) -> Iterator[tuple[dict[str, Any], Request, str]]:
    """Manager, request and observation of every case of a file."""
    found = json.loads(shared(f"spec/vectors/{name}.json").read_text())
    manager = manager_of(found["config"])
    assert manager is not None
    address = found["config"]["static_resources"]["listeners"][0]["address"]["socket_address"]
    for case in found["cases"]:
        yield manager, request_of(case, address["port_value"]), case["observed"]


@pytest.mark.parametrize("name", vectors())
def test_the_walk_gives_what_was_observed(name: str) -> None:
    for mapping, request, observed in cases(name):
        manager = parse({key: value for key, value in mapping.items() if key != "@type"}, names.HTTP_CONNECTION_MANAGER)
        walked = http.handle(manager, request, tables=Tables(node=("", "")))
        decision: Any = walked.decision
        assert shown(decision["status"], decision["location"], decision["body"]) == masked(observed), (
            f"{request}\n{walked.text()}"
        )


REFUSED = {"xffi": "add_user_agent"}
"""Files whose manager is refused, and the field: the walk gives them, the router does not."""


def without_peer(manager: dict[str, Any]) -> dict[str, Any]:
    """A manager that does not print the socket's peer, an operator that is refused in bodies."""
    text = json.dumps(manager).replace(" DRA=%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%", "")
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("name", vectors())
def test_the_router_gives_what_was_observed(name: str) -> None:
    for manager, request, observed in cases(name):
        assert request.connection is not None
        if name in REFUSED:
            with pytest.raises(UnsupportedError, match=REFUSED[name]):
                Routed.of(without_peer(manager), {}, request.connection)
            continue
        decision = Routed.of(without_peer(manager), {}, request.connection).decide(request)
        expected = masked(observed.replace(" DRA=127.0.0.1", ""))
        assert shown(decision.status, decision.location, decision.body) == expected, request
