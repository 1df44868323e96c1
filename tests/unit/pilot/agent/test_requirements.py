"""The requirements on the static bootstrap one by one (S-004, S-005, S-030 to S-048), and that none is forgotten."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.pods import productpage
from support.shared import ROOT, shared

from fastroute.pilot.agent.bootstrap import build
from fastroute.pilot.agent.stats import DIMENSIONS
from fastroute.pilot.profiles import PROFILES

BUILT: dict[str, Any] = build(productpage(), PROFILES["1.8"])
CLUSTERS = BUILT["static_resources"]["clusters"]
LISTENERS = BUILT["static_resources"]["listeners"]
METADATA = BUILT["node"]["metadata"]
STATS = BUILT["stats_config"]


def endpoint(cluster: dict[str, Any]) -> dict[str, Any]:
    (locality,) = cluster["load_assignment"]["endpoints"]
    (found,) = locality["lb_endpoints"]
    address: dict[str, Any] = found["endpoint"]["address"]
    return address


def test_s004_ads_is_carried_by_the_socket_of_the_agent() -> None:
    assert endpoint(CLUSTERS[3]) == {"pipe": {"path": "./etc/istio/proxy/XDS"}}
    (service,) = BUILT["dynamic_resources"]["ads_config"]["grpc_services"]
    assert service == {"envoy_grpc": {"cluster_name": "xds-grpc"}}


def test_s005_dynamic_resources_are_not_in_the_file_and_the_admin_shows_them() -> None:
    assert len(CLUSTERS) == 5
    assert len(LISTENERS) == 2
    assert BUILT["admin"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 15000}


def test_s033_labels() -> None:
    assert METADATA["LABELS"] == {
        "app": "productpage",
        "istio.io/rev": "default",
        "pod-template-hash": "64794f5db4",
        "security.istio.io/tlsMode": "istio",
        "service.istio.io/canonical-name": "productpage",
        "service.istio.io/canonical-revision": "v1",
        "version": "v1",
    }


def test_s034_proxy_config() -> None:
    config = METADATA["PROXY_CONFIG"]
    assert len(config) == 16
    assert (config["drainDuration"], config["parentShutdownDuration"]) == ("45s", "60s")
    assert config["proxyMetadata"] == {"DNS_AGENT": ""}
    assert config["tracing"] == {"zipkin": {"address": "zipkin.istio-system:9411"}}


def test_s035_runtime() -> None:
    deprecation, admin = BUILT["layered_runtime"]["layers"]
    assert deprecation["name"] == "deprecation"
    assert len(deprecation["static_layer"]) == 3
    assert admin == {"name": "admin", "admin_layer": {}}


def test_s037_dimensions_and_the_typo_of_response_code() -> None:
    tags = {tag["tag_name"]: tag["regex"] for tag in STATS["stats_tags"]}
    assert all(tags[name] == rf"({name}=\.=(.*?);\.;)" for name in DIMENSIONS)
    assert tags["response_code"] == r"(response_code=\.=(.+?);\.;)|_rq(_(\.d{3}))$"


def test_s038_stats_matcher() -> None:
    patterns = STATS["stats_matcher"]["inclusion_list"]["patterns"]
    names = ["reporter=", "cluster_manager", "listener_manager", "server", "cluster.xds-grpc", "wasm", "component"]
    assert patterns == [{"prefix": name} for name in names]


def test_s040_dynamic_resources() -> None:
    source = {"ads": {}, "resource_api_version": "V3"}
    dynamic = BUILT["dynamic_resources"]
    assert dynamic["lds_config"] == dynamic["cds_config"] == source
    assert "set_node_on_first_message_only" not in dynamic["ads_config"]


def test_s041_to_s045_clusters_in_order() -> None:
    names = ["prometheus_stats", "agent", "sds-grpc", "xds-grpc", "zipkin"]
    assert [cluster["name"] for cluster in CLUSTERS] == names
    assert [cluster["connect_timeout"] for cluster in CLUSTERS] == ["0.250s", "0.250s", "1s", "1s", "1s"]


def test_s041_prometheus_stats_is_the_admin() -> None:
    assert endpoint(CLUSTERS[0])["socket_address"]["port_value"] == 15000


def test_s044_limits_and_keepalive_of_xds_grpc() -> None:
    thresholds = CLUSTERS[3]["circuit_breakers"]["thresholds"]
    assert [limit["priority"] for limit in thresholds] == ["DEFAULT", "HIGH"]
    assert {limit["max_requests"] for limit in thresholds} == {100000}
    assert CLUSTERS[3]["upstream_connection_options"] == {"tcp_keepalive": {"keepalive_time": 300}}
    assert CLUSTERS[3]["max_requests_per_connection"] == 1


def test_s045_zipkin() -> None:
    zipkin = CLUSTERS[4]
    assert (zipkin["type"], zipkin["respect_dns_ttl"], zipkin["dns_lookup_family"]) == ("STRICT_DNS", True, "V4_ONLY")
    assert endpoint(zipkin) == {"socket_address": {"address": "zipkin.istio-system", "port_value": 9411}}


def test_s048_tracing() -> None:
    config = BUILT["tracing"]["http"]["typed_config"]
    assert (config["trace_id_128bit"], config["shared_span_context"]) == (True, False)


def covered() -> set[str]:
    """The requirements that the name of a test of the pilot mentions, ranges (`s020_to_s024`) included."""
    found: set[str] = set()
    for file in (ROOT / "tests").rglob("test_*.py"):
        for name in re.findall(r"def (test_\w+)", file.read_text(encoding="utf-8")):
            found.update(f"S-{number}" for number in re.findall(r"_s(\d{3})", name))
            for first, last in re.findall(r"_s(\d{3})_to_s(\d{3})", name):
                found.update(f"S-{number:03}" for number in range(int(first), int(last) + 1))
    return found


@pytest.mark.parametrize(("first", "end", "least"), [("## A1.", "## A5.", 30), ("## A5.", "## A10.", 29)])
def test_every_requirement_is_named_by_a_test(first: str, end: str, least: int) -> None:
    """A1 to A4 are the agent and its redirection; A5 to A9b what the control plane sends."""
    text = shared("spec/istio-pilot.md").read_text(encoding="utf-8")
    part = text[text.index(first) : text.index(end)]
    required = set(re.findall(r"^(S-\d{3})", part, re.MULTILINE))
    assert len(required) >= least
    assert sorted(required - covered()) == []


@pytest.mark.parametrize("quirk", ["q6", "q13"])
def test_quirks_of_the_agent_are_named(quirk: str) -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests/unit/pilot").rglob("test_*.py"))
    assert re.search(rf"def test_(\w+_)?{quirk}_", text)
