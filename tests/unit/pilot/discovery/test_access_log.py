"""accessLogFile, accessLogFormat and accessLogEncoding of the mesh; the listeners of a transparent proxy."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import bookinfo
from support.shared import ROOT

from fastroute.errors import ConfigError
from fastroute.pilot import discovery
from fastroute.pilot.discovery.registry.directory import Registry, read_texts

BASE = [(path, path.read_text(encoding="utf-8")) for path in sorted(bookinfo.DIRECTORY.rglob("*.yaml"))]


def mesh(**settings: object) -> Registry:
    data = {"mesh": json.dumps(settings)}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}}
    return read_texts(BASE, [("mesh.yaml", json.dumps({**body, "data": data}))])


def generated(registry: Registry, profile: str = "current", **proxy: Any) -> dict[str, Any]:
    chosen = replace(discovery.Proxy.of_pod(registry, bookinfo.PRODUCTPAGE), **proxy)
    made = discovery.generate(registry, chosen, profile)
    assert len(made.listeners) == len(made.resources["listeners"])  # each is a message of the API
    return {one["name"]: one for one in made.resources["listeners"]}


def logs(listeners: dict[str, Any]) -> list[Any]:
    chains = [chain for one in listeners.values() for chain in one["filter_chains"]]
    return [chain["filters"][-1]["typed_config"].get("access_log") for chain in chains]


def line(listeners: dict[str, Any]) -> Any:
    first = logs(listeners)[0]
    assert all(found == first for found in logs(listeners)), "every filter logs the same"
    config = first[0]["typed_config"]
    assert config["path"] == "/dev/stdout"
    return config["log_format"]


def test_no_log_without_a_file() -> None:
    assert set(map(str, logs(generated(mesh(accessLogEncoding="JSON"))))) == {"None"}


@pytest.mark.parametrize("profile", ["1.8", "current"])
def test_the_standard_line_of_text(profile: str) -> None:
    text = line(generated(mesh(accessLogFile="/dev/stdout"), profile))["text_format_source"]["inline_string"]
    assert text.startswith('[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_')
    assert text.endswith(' "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% '
                         "%DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n")  # fmt: skip


def test_a_format_of_ones_own() -> None:
    found = line(generated(mesh(accessLogFile="/dev/stdout", accessLogFormat="%ROUTE_NAME%\n")))
    assert found == {"text_format_source": {"inline_string": "%ROUTE_NAME%\n"}}


def test_lines_of_json() -> None:
    asked = {"accessLogFile": "/dev/stdout", "accessLogEncoding": "JSON"}
    assert line(generated(mesh(**asked)))["json_format"]["upstream_host"] == "%UPSTREAM_HOST%"
    own = {"route": "%ROUTE_NAME%", "in": {"chain": "%FILTER_CHAIN_NAME%"}}
    assert line(generated(mesh(**asked, accessLogFormat=json.dumps(own)))) == {"json_format": own}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"accessLogEncoding": "JSON", "accessLogFormat": "%ROUTE_NAME%"}, "not JSON"),
        ({"accessLogEncoding": "JSON", "accessLogFormat": "[1]"}, "object of name to format"),
        ({"accessLogEncoding": "XML"}, "none of TEXT, JSON"),
        ({"defaultConfig": {"interceptionMode": "NONE"}}, "none of REDIRECT, TPROXY"),
    ],
)
def test_what_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        mesh(**settings)


def test_a_transparent_proxy_keeps_the_clients_address() -> None:
    plain, made = generated(mesh()), generated(mesh(), transparent=True)
    for name in ("virtualOutbound", "virtualInbound"):
        assert "transparent" not in plain[name]
        assert made[name]["transparent"] is True
    names = [one["name"].rpartition(".")[2] for one in made["virtualInbound"]["listener_filters"]]
    assert names == ["original_dst", "original_src", "tls_inspector", "http_inspector"]
    assert "transparent" not in made["0.0.0.0_9080"], "it does not bind"


def test_the_mode_of_a_pod_comes_from_its_annotation_or_the_mesh() -> None:
    assert not discovery.Proxy.of_pod(mesh(), bookinfo.PRODUCTPAGE).transparent
    whole = mesh(defaultConfig={"interceptionMode": "TPROXY"})
    assert discovery.Proxy.of_pod(whole, bookinfo.PRODUCTPAGE).transparent


SAY_VERSION = """
import json, sys
from fastroute.pilot import discovery
registry = discovery.read(*sys.argv[1:])
for profile in ("current", "1.8"):
    for pod in registry.pods:
        print(pod.name, discovery.generate(registry, discovery.Proxy.of_pod(registry, pod.name), profile).versions)
"""


def test_every_process_writes_the_same_bytes(tmp_path: Path) -> None:
    """Maps inside Anys too: the fields of a JSON line, the structures of Istio's own filters."""
    asked = {"accessLogFile": "/dev/stdout", "accessLogEncoding": "JSON"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}}
    (tmp_path / "mesh.yaml").write_text(json.dumps({**body, "data": {"mesh": json.dumps(asked)}}))
    kubernetes = bookinfo.DIRECTORY / "kubernetes"
    said = {
        subprocess.run(
            [sys.executable, "-c", SAY_VERSION, str(kubernetes), str(tmp_path)],
            capture_output=True, text=True, check=True, timeout=60, env={"PYTHONPATH": str(ROOT / "src")},
        ).stdout
        for _ in range(3)
    }  # fmt: skip
    assert len(said) == 1
    assert said != {""}
