"""Whatever profile `current` generates loads strictly: the router decides all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import bookinfo
from support.shared import SHARED

import fastroute
from fastroute.errors import ConfigError, RejectedError
from fastroute.pilot import discovery
from fastroute.pilot.discovery.registry.directory import read_texts
from fastroute.request import Connection

RULES = sorted((SHARED / "peers" / "bookinfo").glob("*.yaml"))
BASE = [(path, path.read_text(encoding="utf-8")) for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))]
WEB = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec:
  clusterIP: 10.9.0.1
  selector: {app: productpage}
  ports: [{name: grpc-web, port: 7070, targetPort: 9090}]
---
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: default}
spec: {clusterIP: 10.9.0.2, ports: [{name: grpc, port: 7071}]}
"""


def of_web(profile: str) -> discovery.Generated:
    """A sidecar's resources with a gRPC-Web port on either side."""
    registry = read_texts(BASE, [("web.yaml", WEB)])
    return discovery.generate(registry, discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE), profile)


def filters_of(generated: discovery.Generated, listener: str, port: int | None = None) -> list[list[str]]:
    """Names of the HTTP filters of each HTTP chain of a listener, or of those for a port."""
    found: Any = next(one for one in generated.resources["listeners"] if one["name"] == listener)
    chains = [
        one for one in found["filter_chains"] if port in (None, one["filter_chain_match"].get("destination_port"))
    ]
    managers = [chain["filters"][-1]["typed_config"] for chain in chains]
    return [[each["name"] for each in one["http_filters"]] for one in managers if "http_filters" in one]


@pytest.mark.parametrize("file", RULES, ids=lambda path: path.stem)
def test_each_rule_file_of_bookinfo_loads_strictly(file: Path) -> None:
    registry = discovery.read(bookinfo.DIRECTORY, file, strict=False)  # gateways are not generated
    made = discovery.generate(registry, discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE))
    snapshot = fastroute.load(made.as_mapping(), strict=True)
    assert snapshot.notices == ()


@pytest.mark.parametrize("profile", ["1.8", "current"])
def test_a_grpc_web_port_has_the_filter_first(profile: str) -> None:
    made = of_web(profile)
    assert {names[0] for names in filters_of(made, "0.0.0.0_7070")} == {"envoy.filters.http.grpc_web"}
    assert all("envoy.filters.http.grpc_web" not in names for names in filters_of(made, "0.0.0.0_7071"))
    assert {names[0] for names in filters_of(made, "virtualInbound", 9090)} == {"envoy.filters.http.grpc_web"}
    assert all("envoy.filters.http.grpc_web" not in names for names in filters_of(made, "virtualInbound", 9080))


def test_a_grpc_web_port_loads_strictly_and_is_routed() -> None:
    router = fastroute.Router(fastroute.load(of_web("current").as_mapping(), strict=True))
    chain = router.connect(
        Connection(("10.9.0.1", 7070), accepted=("0.0.0.0", 15001), first_bytes=b"POST /s/M HTTP/1.1\r\n\r\n")
    )
    found = router.route("web:7070", "/s/M", "POST", {"content-type": "application/grpc-web"}, chain=chain)
    assert found.cluster == "outbound|7070||web.default.svc.cluster.local"
    assert (b"te", b"trailers") in found.upstream_headers()


def test_profile_1_8_has_what_envoy_refuses_and_nothing_that_fastroute_refuses() -> None:
    with pytest.raises(ConfigError) as caught:
        fastroute.load(of_web("1.8").as_mapping(), strict=True)
    assert {type(each) for each in (caught.value, *caught.value.others)} == {RejectedError}
