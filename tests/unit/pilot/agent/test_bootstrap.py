"""The bootstrap of productpage: S-030 to S-048, and what changes it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.pods import productpage
from support.shared import shared

from fastroute.errors import ConfigError, ParseError, UnsupportedError
from fastroute.pilot.agent import bootstrap_file
from fastroute.pilot.agent.bootstrap import build, message
from fastroute.pilot.agent.inputs import Inputs
from fastroute.pilot.agent.stats import DIMENSIONS
from fastroute.pilot.profiles import PROFILES

OLD, CURRENT = PROFILES["1.8"], PROFILES["current"]


def cluster(bootstrap: dict[str, Any], name: str) -> dict[str, Any]:
    return next(c for c in bootstrap["static_resources"]["clusters"] if c["name"] == name)


def prefixes(bootstrap: dict[str, Any]) -> list[str]:
    patterns = bootstrap["stats_config"]["stats_matcher"]["inclusion_list"]["patterns"]
    return [pattern["prefix"] for pattern in patterns if "prefix" in pattern]


def test_s030_to_s048_equal_the_seed_as_a_message() -> None:
    seed = json.loads(shared("seed/bootstrap-comment-stripped.json").read_text())
    assert message(build(productpage(), OLD)) == message(seed)


def test_s030_to_s048_equal_the_seed_as_json() -> None:
    """Field names and spelling too, not only the message; the order of keys is free."""
    seed = json.loads(shared("seed/bootstrap-comment-stripped.json").read_text())
    assert build(productpage(), OLD) == seed


def test_s030_node_id_and_s031_cluster() -> None:
    node = build(productpage(), OLD)["node"]
    assert node["id"] == "sidecar~10.240.2.38~productpage-v1-64794f5db4-6bsbj.default~default.svc.cluster.local"
    assert node["cluster"] == "productpage.default"
    assert node["locality"] == {}


def test_s032_pod_ports_are_a_string_of_compact_json() -> None:
    spaced = productpage(ISTIO_META_POD_PORTS='[\n  {"containerPort": 9080, "protocol": "TCP"}\n]')
    assert build(spaced, OLD)["node"]["metadata"]["POD_PORTS"] == '[{"containerPort":9080,"protocol":"TCP"}]'


def test_s036_43_stats_tags() -> None:
    assert len(build(productpage(), OLD)["stats_config"]["stats_tags"]) == 43
    assert len(DIMENSIONS) == 31


def test_s042_q6_the_agent_cluster_keeps_its_wrong_assignment_in_1_8_only() -> None:
    assert cluster(build(productpage(), OLD), "agent")["load_assignment"]["cluster_name"] == "prometheus_stats"
    assert cluster(build(productpage(), CURRENT), "agent")["load_assignment"]["cluster_name"] == "agent"


def test_s039_s046_s047_ports() -> None:
    built = build(productpage(), OLD)
    assert built["admin"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 15000}
    ports = [listener["address"]["socket_address"]["port_value"] for listener in built["static_resources"]["listeners"]]
    assert ports == [15090, 15021]


def test_q13_readiness_is_answered_by_the_agent() -> None:
    endpoint = cluster(build(productpage(), OLD), "agent")["load_assignment"]["endpoints"][0]["lb_endpoints"][0]
    assert endpoint["endpoint"]["address"]["socket_address"]["port_value"] == 15020


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_deterministic(profile: Any) -> None:
    backwards = replace(productpage(), environment=dict(reversed(productpage().environment.items())))
    assert bootstrap_file.text(build(productpage(), profile)) == bootstrap_file.text(build(backwards, profile))


def test_current_differs_from_the_zero_warning_seed_only_as_decided() -> None:
    """Every difference is listed: ports moved for that file's run, and the current form of the ADS settings."""
    seed = json.loads(shared("seed/bootstrap-current-zero-warnings.json").read_text())
    built = build(productpage(), CURRENT)
    (monitor,) = built.pop("overload_manager")["resource_monitors"]
    assert monitor["typed_config"]["max_active_downstream_connections"] == "2147483647"
    node = built["node"]["metadata"]
    for added in ("ENVOY_STATUS_PORT", "ENVOY_PROMETHEUS_PORT", "PILOT_SAN"):
        del node[added]
    for gone in ("envoyAccessLogService", "envoyMetricsService", "parentShutdownDuration"):
        del seed["node"]["metadata"]["PROXY_CONFIG"][gone]
    built["layered_runtime"]["layers"][0] = seed["layered_runtime"]["layers"][0]
    built["stats_config"]["stats_tags"][0]["regex"] = seed["stats_config"]["stats_tags"][0]["regex"]
    matcher = built["stats_config"]["stats_matcher"]["inclusion_list"]
    matcher["patterns"] = [pattern for pattern in matcher["patterns"] if "prefix" in pattern]
    for source in ("lds_config", "cds_config"):
        assert built["dynamic_resources"][source].pop("initial_fetch_timeout") == "0s"
    assert built["dynamic_resources"]["ads_config"].pop("set_node_on_first_message_only") is True
    built["dynamic_resources"]["ads_config"]["api_type"] = "GRPC"
    pipe = cluster(built, "sds-grpc")["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
    assert pipe == {"pipe": {"path": "./var/run/secrets/workload-spiffe-uds/socket"}}
    pipe["pipe"]["path"] = "./etc/istio/proxy/SDS"
    assert cluster(built, "zipkin").pop("wait_for_warm_on_init") is False
    for listener, name in zip(built["static_resources"]["listeners"], ("stats", "agent"), strict=True):
        assert listener.pop("ignore_global_conn_limit") is True
        listener["name"] = name
    moved = {21100: 15000, 21101: 15090, 21102: 15021, 21103: 15020}
    text = json.dumps(seed)
    for there, here in moved.items():
        text = text.replace(str(there), str(here))
    for listener in (seed := json.loads(text))["static_resources"]["listeners"]:
        listener["address"]["socket_address"]["address"] = "0.0.0.0"
    assert built == seed


def test_merge_order_of_proxy_config() -> None:
    mesh = {"drainDuration": "1s", "statNameLength": 64, "proxyMetadata": {"A": "mesh", "M": "mesh"}}
    inputs = replace(
        productpage(PROXY_CONFIG='{"drainDuration": "2s", "statusPort": 2, "proxyMetadata": {"A": "env", "B": "env"}}'),
        mesh={"defaultConfig": mesh},
        annotations={
            "proxy.istio.io/config": "statusPort: 3\nproxyMetadata:\n  B: annotation\n",
            "status.sidecar.istio.io/port": "4",
        },
    )
    config = build(inputs, OLD)["node"]["metadata"]["PROXY_CONFIG"]
    assert (config["drainDuration"], config["statusPort"], config["statNameLength"]) == ("2s", 4, 64)
    assert config["proxyMetadata"] == {"A": "env", "B": "annotation", "M": "mesh"}
    assert config["parentShutdownDuration"] == "60s"


def test_flags_win() -> None:
    built = build(replace(productpage(), service_cluster="asked", concurrency=7), OLD)
    assert built["node"]["cluster"] == "asked"
    assert built["node"]["metadata"]["PROXY_CONFIG"]["concurrency"] == 7


def test_pod_ip_is_substituted_in_inclusion_annotations() -> None:
    inputs = replace(
        productpage(),
        addresses=("10.3.3.3",),
        annotations={"sidecar.istio.io/statsInclusionPrefixes": "http.{pod_ip}_,mine"},
    )
    asked = ["http.10.240.2.38_", "http.10.3.3.3_", "mine"]
    assert prefixes(build(inputs, OLD))[:4] == ["reporter=", *asked]
    assert prefixes(build(inputs, OLD))[4:] == prefixes(build(productpage(), OLD))[1:]


def test_inclusion_suffixes_and_regexes() -> None:
    inputs = replace(
        productpage(),
        annotations={
            "sidecar.istio.io/statsInclusionSuffixes": "a,b",
            "sidecar.istio.io/statsInclusionRegexps": "x.*",
            "sidecar.istio.io/extraStatTags": "mine",
            "sidecar.istio.io/statsHistogramBuckets": '{"istio": [1, 5]}',
        },
    )
    config = build(inputs, CURRENT)["stats_config"]
    patterns = config["stats_matcher"]["inclusion_list"]["patterns"]
    assert {"suffix": "a"} in patterns
    assert {"safe_regex": {"regex": "x.*"}} in patterns
    assert {"tag_name": "mine", "regex": r"(mine=\.=(.*?);\.;)"} in config["stats_tags"]
    assert config["histogram_bucket_settings"] == [{"match": {"prefix": "istio"}, "buckets": [1, 5]}]
    message(build(inputs, OLD))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("r.z.s", {"region": "r", "zone": "z", "sub_zone": "s"}),
        ("r/z.1/s", {"region": "r", "zone": "z.1", "sub_zone": "s"}),
        ("r", {"region": "r"}),
    ],
)
def test_locality_label(label: str, expected: dict[str, str]) -> None:
    inputs = replace(productpage(), labels={"istio-locality": label})
    assert build(inputs, CURRENT)["node"]["locality"] == expected


def test_json_metadata_is_merged_whatever_the_variable_is_called() -> None:
    metadata = build(productpage(ISTIO_METAJSON_ANYTHING='{"a": {"b": 1}}'), OLD)["node"]["metadata"]
    assert metadata["a"] == {"b": 1}


def test_labels_of_the_environment_lie_under_those_of_the_pod() -> None:
    inputs = productpage(ISTIO_METAJSON_LABELS='{"app": "other", "more": "x"}')
    labels = build(inputs, OLD)["node"]["metadata"]["LABELS"]
    assert (labels["app"], labels["more"]) == ("productpage", "x")


def test_ipv6_pod() -> None:
    built = build(productpage(INSTANCE_IP="fd00::7"), CURRENT)
    assert built["admin"]["address"]["socket_address"]["address"] == "::1"
    assert built["static_resources"]["listeners"][0]["address"]["socket_address"]["address"] == "::"
    assert built["node"]["id"].split("~")[1] == "fd00::7"


def test_delta_can_be_turned_off() -> None:
    def ads(inputs: Inputs) -> str:
        return str(build(inputs, CURRENT)["dynamic_resources"]["ads_config"]["api_type"])

    assert ads(productpage()) == "DELTA_GRPC"
    assert ads(productpage(ISTIO_DELTA_XDS="false")) == "GRPC"


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"PROXY_CONFIG": "{"}, "PROXY_CONFIG"),
        ({"PROXY_CONFIG": "[1]"}, "PROXY_CONFIG"),
        ({"PROXY_CONFIG": '{"statusPort": "x"}'}, "PROXY_CONFIG.statusPort"),
        ({"PROXY_CONFIG": '{"statusPort": 70000}'}, "PROXY_CONFIG.statusPort"),
        ({"PROXY_CONFIG": '{"drainDuration": "soon"}'}, "PROXY_CONFIG.drainDuration"),
        ({"PROXY_CONFIG": '{"drainduration": "1s"}'}, "PROXY_CONFIG.drainduration"),
        ({"ISTIO_METAJSON_X": "[1"}, "ISTIO_METAJSON_X"),
        ({"ISTIO_METAJSON_X": "[1]"}, "ISTIO_METAJSON_X"),
        ({"ISTIO_METAJSON_X": "[" * 100000}, "ISTIO_METAJSON_X"),
        ({"ISTIO_META_POD_PORTS": "9080"}, "ISTIO_META_POD_PORTS"),
        ({"INSTANCE_IP": "10.0.0"}, "INSTANCE_IP"),
        ({"ISTIO_MAX_DOWNSTREAM_CONNECTIONS": "0"}, "ISTIO_MAX_DOWNSTREAM_CONNECTIONS"),
        ({"POD_NAME": ""}, "POD_NAME"),
        ({"POD_NAME": "a~b"}, "POD_NAME"),
        ({"ENVOY_STATUS_PORT": "many"}, "ENVOY_STATUS_PORT"),
        ({"PROXY_CONFIG": '{"tracing": {"zipkin": {"address": "nowhere"}}}'}, "tracing.zipkin.address"),
        ({"PROXY_CONFIG": '{"tracing": {"zipkin": 5}}'}, "tracing.zipkin"),
        ({"PROXY_CONFIG": '{"tracing": {"zipkin": {"address": []}}}'}, "tracing.zipkin.address"),
        ({"PROXY_CONFIG": '{"runtimeValues": {"a": []}}'}, "PROXY_CONFIG.runtimeValues.a"),
        ({"PROXY_CONFIG": '{"proxyStatsMatcher": {"inclusionPrefixes": [1]}}'}, "proxyStatsMatcher.inclusionPrefixes"),
        ({"PROXY_CONFIG": '{"extraStatTags": [1]}'}, "extraStatTags"),
        ({"EXIT_ON_ZERO_ACTIVE_CONNECTIONS": "perhaps"}, "EXIT_ON_ZERO_ACTIVE_CONNECTIONS"),
    ],
)
def test_hostile_environment_is_refused_by_name(environment: dict[str, str], names: str) -> None:
    with pytest.raises(ParseError) as refused:
        build(productpage(**environment), CURRENT)
    assert refused.value.path == names
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "environment",
    [
        {"ISTIO_BOOTSTRAP": "/tmpl.json"},
        {"PROXY_CONFIG": '{"customConfigFile": "/tmpl.json"}'},
        {"PROXY_CONFIG": '{"tracing": {"lightstep": {"address": "a:1"}}}'},
        {"PROXY_CONFIG": '{"tracing": {"zipkin": {"address": "a:1"}, "tlsSettings": {"mode": "SIMPLE"}}}'},
    ],
)
def test_what_is_not_supported_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(UnsupportedError):
        build(productpage(**environment), CURRENT)


def test_s002_the_file_is_written_whole_into_a_closed_directory(tmp_path: Path) -> None:
    directory = tmp_path / "proxy"
    file = bootstrap_file.write(build(productpage(), OLD), directory, 3)
    assert file.name == "envoy-rev3.json"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert json.loads(file.read_text()) == build(productpage(), OLD)
    assert [each.name for each in directory.iterdir()] == ["envoy-rev3.json"]


def test_no_half_written_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(ConfigError, match=r"envoy-rev0\.json: cannot be written: No space left"):
        bootstrap_file.write({}, tmp_path)
    assert list(tmp_path.iterdir()) == []
