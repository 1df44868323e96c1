"""What `fastroute route` loads to answer: a budget of modules, for most of its time from start to answer is imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fastroute.api import names

MOST_OWN, MOST = 154, 226
"""How many modules of fastroute, and how many of all, may be loaded (Python 3.11)."""
NEVER = {
    *("fastroute.xds", "fastroute.pilot", "fastroute.check", "fastroute.lab", "fastroute.analysis"),
    *("fastroute.reference", "fastroute.explain", "fastroute.compile.rbac", "fastroute.compile.http_rbac"),
    *("fastroute.compile.rewrites", "fastroute.compile.redirects", "fastroute.compile.matcher_trees"),
    *("fastroute.snapshot.update", "fastroute.snapshot.marks", "fastroute.api.format_strings"),
    *("pathlib", "urllib", "ipaddress", "random", "weakref", "typing", "re", "enum", "datetime", "calendar"),
    *("click", "rich", "yaml", "re2", "fastroute.core.re2", "grpc"),
    *("asyncio", "dataclasses", "inspect", "json", "hashlib", "socket", "logging", "subprocess", "tempfile", "uuid"),
    *("google.protobuf.descriptor_pb2", "google.protobuf.descriptor_pool", "google.protobuf.message_factory"),
    *("google.protobuf.internal.well_known_types", "google.protobuf.internal.python_message"),
    *("google.protobuf.json_format", "google.protobuf.text_format"),
}
PROGRAM = """
import os, sys

def tell(code, end=os._exit):
    print(*sys.modules, file=sys.stderr, flush=True)
    end(code)

os._exit = tell
from fastroute.cli.start import command
command()
"""


def bootstrap(routes: list[dict[str, Any]], clusters: int = 10) -> dict[str, Any]:
    manager = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": "ingress",
        "route_config": {"name": "web", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": names.url(names.ROUTER)},
            }
        ],
    }
    listener = {
        "name": "main",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 80}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    host = {"endpoint": {"address": {"socket_address": {"address": "10.0.0.1", "port_value": 8080}}}}
    made = [
        {
            "name": f"c{number}",
            "type": "STATIC",
            "load_assignment": {"cluster_name": f"c{number}", "endpoints": [{"lb_endpoints": [host]}]},
        }
        for number in range(clusters)
    ]
    return {"static_resources": {"listeners": [listener], "clusters": made}}


@pytest.mark.parametrize("kind", ["direct_response", "route"])
def test_what_is_loaded_for_an_answer(tmp_path: Path, kind: str) -> None:
    action: dict[str, Any] = {"status": 200} if kind == "direct_response" else {"cluster": "c3"}
    routes = [{"name": f"r{number}", "match": {"prefix": f"/{number}/"}, kind: action} for number in range(1_000)]
    file = tmp_path / "envoy.json"
    file.write_text(json.dumps(bootstrap(routes)), encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, "route", str(file), "http://a.com/999/x", "--to", "127.0.0.1:80"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert "r999" in run.stdout
    loaded = run.stderr.split()
    assert {name for name in loaded if any(name == each or name.startswith(f"{each}.") for each in NEVER)} == set()
    assert len([name for name in loaded if name.startswith("fastroute")]) <= MOST_OWN
    if sys.version_info[:2] == (3, 11):
        assert len(loaded) <= MOST


def test_an_explanation_does_without_conveniences_too(tmp_path: Path) -> None:
    """Durations of a configuration are read by their fields: the process has no `Duration.ToNanoseconds`."""
    source = bootstrap([{"name": "all", "match": {"prefix": "/"}, "route": {"cluster": "c3", "timeout": "3s"}}])
    listener, cluster = source["static_resources"]["listeners"][0], source["static_resources"]["clusters"][0]
    listener["listener_filters_timeout"] = "0s"
    listener["listener_filters"] = [
        {
            "name": "tls",
            "typed_config": {"@type": names.url("envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector")},
        }
    ]
    cluster["outlier_detection"] = {"base_ejection_time": "1s", "max_ejection_time": "2s"}
    file = tmp_path / "envoy.json"
    file.write_text(json.dumps(source), encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM, "route", str(file), "http://a.com/x", "--explain"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    assert "c3: the route's action names it" in run.stdout
