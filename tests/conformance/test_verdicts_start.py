"""What `envoy --mode validate` takes and ends Envoy when it really starts, and what both refuse."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.envoy import require_binary, validate

import fastroute
from fastroute.api import names
from fastroute.cli.validate import validate as command
from fastroute.errors import ConfigError, UnsupportedError

pytestmark = pytest.mark.envoy

Tree = dict[str, Any]
NODE = {"node": {"id": "n", "cluster": "c"}}
ADMIN = {"admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}}}
ADS = {"ads": {}, "resource_api_version": "V3"}
SERVICE = {"envoy_grpc": {"cluster_name": "xds"}}
GRPC = {"api_type": "GRPC", "transport_api_version": "V3", "grpc_services": [SERVICE]}
API = {"api_config_source": GRPC, "resource_api_version": "V3"}
STATIC = {"static_resources": {"clusters": [{"name": "xds", "connect_timeout": "1s"}]}}
EDS = {"name": "e", "type": "EDS", "eds_cluster_config": {"eds_config": ADS}}
STRUCT = "type.googleapis.com/google.protobuf.Struct"


IGNORING = {"safe_regex": {"regex": "a"}, "ignore_case": True}
LUA = {"name": "x", "typed_config": {"@type": names.url("envoy.extensions.string_matcher.lua.v3.Lua")}}
OTHER = {"name": "x", "typed_config": {"@type": STRUCT}}


def watchdog(**fields: object) -> Tree:
    return {"watchdogs": {"main_thread_watchdog": fields}}


def backtrace(**fields: object) -> Tree:
    kind = names.url("envoy.extensions.watchdog.backtrace_action.v3.BacktraceActionConfig")
    return {"event": "KILL", "config": {"name": "x", "typed_config": {"@type": kind, **fields}}}


def sink(cluster: str, kind: str) -> Tree:
    return {"name": "s", "typed_config": {"@type": names.url(kind), "tcp_cluster_name": cluster}}


def logger(kind: str, **fields: object) -> Tree:
    return {"name": "a", "typed_config": {"@type": names.url(f"envoy.extensions.access_loggers.{kind}"), **fields}}


SENDING = {"grpc_service": SERVICE}
LATE: dict[str, Tree] = {
    "listeners by ADS without ADS": {"dynamic_resources": {"lds_config": ADS}},
    "clusters by ADS without ADS": {"dynamic_resources": {"cds_config": ADS}},
    "listeners of an unknown cluster": {"dynamic_resources": {"lds_config": API}},
    "listeners of itself": {"dynamic_resources": {"lds_config": {"self": {}}}},
    "endpoints by ADS without ADS": {"static_resources": {"clusters": [EDS]}},
    "runtime by ADS without ADS": {
        "layered_runtime": {"layers": [{"name": "r", "rtds_layer": {"name": "r", "rtds_config": ADS}}]}
    },
    "health by nothing": {"hds_config": {}},
    "health of an unknown cluster": {"hds_config": GRPC},
    "health by REST": {**STATIC, "hds_config": {"api_type": "REST", "cluster_names": ["xds"], "refresh_delay": "1s"}},
    "statistics by a regex that ignores case": {
        "stats_config": {
            "stats_matcher": {"inclusion_list": {"patterns": [{"safe_regex": {"regex": "b.*"}, "ignore_case": True}]}}
        }
    },
    "statistics by a broken regex": {
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": [{"safe_regex": {"regex": "["}}]}}}
    },
    "admin pages by a broken regex": {"admin": {**ADMIN["admin"], "allow_paths": [{"safe_regex": {"regex": "["}}]}},
    "statistics by code that is not there": {
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": [{"custom": LUA}]}}}
    },
    "buckets by a regex that ignores case": {
        "stats_config": {"histogram_bucket_settings": [{"match": IGNORING, "buckets": [1]}]}
    },
    "buckets by code that is not there": {
        "stats_config": {"histogram_bucket_settings": [{"match": {"custom": LUA}, "buckets": [1]}]}
    },
    "admin pages by a regex that ignores case": {"admin": {**ADMIN["admin"], "allow_paths": [IGNORING]}},
    "admin pages by code that is not there": {"admin": {**ADMIN["admin"], "allow_paths": [{"custom": LUA}]}},
    "admin pages by an extension of another kind": {"admin": {**ADMIN["admin"], "allow_paths": [{"custom": OTHER}]}},
    "load reports to an unknown cluster": {"cluster_manager": {"load_stats_config": GRPC}},
    "a watchdog that rests for too long": watchdog(actions=[backtrace(cooldown_duration="9223372036s")]),
    "a watchdog that does what is unknown": watchdog(
        actions=[{"event": "KILL", "config": {"name": "x", "typed_config": {"@type": STRUCT}}}]
    ),
}
EARLY: dict[str, Tree] = {
    "ADS of an unknown cluster": {"dynamic_resources": {"ads_config": GRPC}},
    "runtime of an unknown cluster": {
        "layered_runtime": {"layers": [{"name": "r", "rtds_layer": {"name": "r", "rtds_config": API}}]}
    },
    "a local cluster that is none": {"cluster_manager": {"local_cluster_name": "none"}},
    "a sink of no type": {"stats_sinks": [{"name": "x"}]},
    "clusters of an unknown cluster": {"dynamic_resources": {"cds_config": API}},
    "watchdogs of both kinds": {"watchdog": {}, **watchdog()},
    "a sink at a cluster of no name": {"stats_sinks": [sink("", "envoy.config.metrics.v3.StatsdSink")]},
    "an admin page that logs by gRPC": {
        **STATIC,
        "admin": {
            **ADMIN["admin"],
            "access_log": [logger("grpc.v3.HttpGrpcAccessLogConfig", common_config={"log_name": "a", **SENDING})],
        },
    },
    "an admin page that logs by OpenTelemetry": {
        **STATIC,
        "admin": {
            **ADMIN["admin"],
            "access_log": [logger("open_telemetry.v3.OpenTelemetryAccessLogConfig", **SENDING)],
        },
    },
    "an admin page that logs to Fluentd": {
        **STATIC,
        "admin": {
            **ADMIN["admin"],
            "access_log": [
                logger("fluentd.v3.FluentdAccessLogConfig", cluster="xds", tag="t", stat_prefix="s", record={"a": "b"})
            ],
        },
    },
}
AGAINST_THE_API: dict[str, Tree] = {
    "a watchdog with a negative time": watchdog(megamiss_timeout="-1s"),
    "a watchdog with an action of no name": watchdog(actions=[{"event": "KILL", "config": {}}]),
    "health that is asked for before now": {**STATIC, "hds_config": {**GRPC, "refresh_delay": "-1s"}},
    "health that is asked for too late": {**STATIC, "hds_config": {**GRPC, "request_timeout": "9223372036s"}},
    "load reports that wait before now": {
        **STATIC,
        "cluster_manager": {"load_stats_config": {**GRPC, "refresh_delay": "-1s"}},
    },
    "listeners that are waited for before now": {
        "dynamic_resources": {"lds_config": {**API, "initial_fetch_timeout": "-1s"}}
    },
}
"""What breaks a constraint of the API where the rest is looked at late."""
SOUND: dict[str, Tree] = {
    "health of a known cluster": {**STATIC, "hds_config": GRPC},
    "load reports to a known cluster": {**STATIC, "cluster_manager": {"load_stats_config": GRPC}},
    "a local cluster": {**STATIC, "cluster_manager": {"local_cluster_name": "xds"}},
}


def codes(bootstrap: Tree) -> set[str]:
    """The codes of what Envoy refuses."""
    try:
        fastroute.load(bootstrap)
    except ConfigError as error:
        return {one.code for one in (error, *error.others) if not isinstance(one, UnsupportedError)}
    return set()


def starts(bootstrap: Tree, directory: Path) -> bool:
    """Whether a real Envoy is still there after a while."""
    file = directory / "bootstrap.json"
    file.write_text(json.dumps(bootstrap))
    line = [str(require_binary()), "-c", str(file), "-l", "off", "--disable-hot-restart"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            return True
        finally:
            process.kill()
    return False


@pytest.mark.parametrize("case", LATE)
def test_what_only_a_start_refuses(case: str, tmp_path: Path) -> None:
    bootstrap = {**NODE, **ADMIN, **LATE[case]}
    assert codes(bootstrap) == {"start"}
    assert validate(bootstrap).ok
    assert not starts(bootstrap, tmp_path)


@pytest.mark.parametrize("case", EARLY)
def test_what_is_refused_at_once(case: str) -> None:
    bootstrap = {**NODE, **ADMIN, **EARLY[case]}
    assert codes(bootstrap) == {"refused"}
    assert not validate(bootstrap).ok


@pytest.mark.parametrize("case", AGAINST_THE_API)
def test_constraints_are_checked_at_once(case: str) -> None:
    bootstrap = {**NODE, **ADMIN, **AGAINST_THE_API[case]}
    assert codes(bootstrap) & {"duration", "required"}
    assert not validate(bootstrap).ok


@pytest.mark.parametrize("case", SOUND)
def test_what_starts(case: str, tmp_path: Path) -> None:
    bootstrap = {**NODE, **ADMIN, **SOUND[case]}
    assert codes(bootstrap) == set()
    assert validate(bootstrap).ok
    assert starts(bootstrap, tmp_path)


def test_the_two_verdicts_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(json.dumps({**NODE, **ADMIN, **LATE["listeners of itself"]}))
    found = CliRunner().invoke(command, ["--as-envoy", str(file)])
    assert found.exit_code == 1
    assert "error[start]" in found.output
    assert "takes it with --mode validate" in found.output
    assert "DISAGREES" not in found.output


def test_constraints_hold_in_sources_too() -> None:
    source = {**ADS, "authorities": [{}]}
    bootstrap = {**NODE, **ADMIN, **STATIC, "dynamic_resources": {"lds_config": source, "ads_config": GRPC}}
    assert codes(bootstrap) == {"required"}
    assert not validate(bootstrap).ok
