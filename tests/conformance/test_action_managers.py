"""Routes of every kind behind connection managers with every option: what reached whom, compared with the live Envoy.

The drawn routes are those of `test_action_differential.py`, the managers' options those of normalisation, of the
client's address, of headers and of the router, all at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.action_bed import Sent
from support.action_routes import Maker
from support.envoy import require_binary
from support.manager_bed import ManagerBed, requests

pytestmark = pytest.mark.envoy


@pytest.fixture(scope="module")
def bed() -> Iterator[ManagerBed]:
    require_binary()
    made = ManagerBed(7)
    made.start()
    yield made
    made.stop()


def compare(bed: ManagerBed, seeds: range) -> int:
    """Compare the configurations of `seeds`, each behind one of the managers; the number of requests compared."""
    count = 0
    for seed in seeds:
        maker = Maker(seed)
        configuration = maker.configuration()
        assert bed.load(configuration) == ("", ""), f"seed {seed}"
        sent = requests(maker, configuration, 3)
        listener = maker.random.choice(sorted(bed.managers()))
        assert bed.ask(sent, listener) == [], f"seed {seed} on {listener}: {bed.managers()[listener]}"
        count += len(sent)
    return count


def test_random_routes_behind_random_managers(bed: ManagerBed) -> None:
    assert compare(bed, range(9000, 9060)) >= 3_500


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(5))
def test_many_random_routes_behind_random_managers(seed: int) -> None:
    made = ManagerBed(100 + seed)
    made.start()
    try:
        assert compare(made, range(20_000 + 500 * seed, 20_500 + 500 * seed)) >= 30_000
    finally:
        made.stop()


def header(name: str, value: str) -> dict[str, Any]:
    return {"header": {"key": name, "value": value}}


MUTATIONS = [header("content-type", "zz"), header("grpc-status", "7"), header("grpc-message", "m"), header("via", "v")]


def test_answers_to_grpc_clients(bed: ManagerBed) -> None:
    routes: list[dict[str, Any]] = []
    for number, status in enumerate((200, 302, 400, 404, 503, 599)):
        for body in ("", "hello", "100% \t\u00fc~\n"):
            answer = {"status": status, "body": {"inline_string": body}}
            match = {"prefix": f"/{number}{len(body)}/"}
            routes.append({"match": {"prefix": match["prefix"] + "m"}, "direct_response": answer,
                           "response_headers_to_add": MUTATIONS})  # fmt: skip
            routes.append({"match": match, "direct_response": answer})
    for place, mutations in (("/r", []), ("/q", MUTATIONS)):
        routes.append(
            {"match": {"prefix": place}, "redirect": {"host_redirect": "q"}, "response_headers_to_add": mutations}
        )
    for place, code in (("/n", "SERVICE_UNAVAILABLE"), ("/o", "NOT_FOUND"), ("/p", "INTERNAL_SERVER_ERROR")):
        action = {"cluster_header": "x-none", "cluster_not_found_response_code": code}
        routes.append({"match": {"prefix": place}, "route": action})
        routes.append({"match": {"prefix": place.upper()}, "route": action, "response_headers_to_add": MUTATIONS})
    host = {"name": "v", "domains": ["h"], "routes": routes}
    assert bed.load({"name": "table", "virtual_hosts": [host]}) == ("", "")
    grpc = ("content-type", "application/grpc")
    paths = [each["match"]["prefix"] for each in routes] + ["/none", "/#f", "http://h/none"]
    asked = [
        Sent(path, "h", method, headers)
        for path in paths
        for method in ("GET", "POST", "HEAD", "QUERY")
        for headers in ((), (grpc,), (grpc, ("x-request-id", "i"), ("x-envoy-force-trace", "1")))
    ]
    for listener in ("plain", *sorted(bed.managers())[:6]):
        assert bed.ask(asked, listener) == [], listener
