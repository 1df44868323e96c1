"""A control plane that nobody here wrote: sovereign, from PyPI, polled over REST."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import xds_resources as made
from support.ports import free_port
from support.xds_resources import until

import fastroute
from fastroute.api import names
from fastroute.xds import connect

TYPES = {
    "clusters": names.CLUSTER,
    "endpoints": names.CLUSTER_LOAD_ASSIGNMENT,
    "listeners": names.LISTENER,
    "routes": names.ROUTE_CONFIGURATION,
}


def source() -> dict[str, Any]:
    config = {
        "api_type": "REST",
        "transport_api_version": "V3",
        "cluster_names": ["xds"],
        "refresh_delay": "0.1s",
        "request_timeout": "10s",
    }
    return {"api_config_source": config, "resource_api_version": "V3"}


def configure(directory: Path, resources: Any) -> Path:
    """Its configuration: a template for each kind; the port of the endpoint comes from the context."""
    templates = []
    for kind, trees in resources.items():
        items = [{"@type": names.url(TYPES[kind]), **tree} for tree in trees]
        path = directory / f"{kind}.yaml"
        path.write_text(json.dumps({"resources": items}).replace("7777", "{{ ports.port }}"))
        templates.append({"type": kind, "spec": {"protocol": "file", "serialization": "jinja2", "path": str(path)}})
    context = {"ports": {"protocol": "file", "serialization": "json", "path": str(directory / "context.json")}}
    config = {
        "templates": {"default": templates},
        "template_context": {"refresh": True, "refresh_rate": 1, "context": context},
    }
    made_path = directory / "sovereign.yaml"
    made_path.write_text(json.dumps(config))
    return made_path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    if importlib.util.find_spec("sovereign") is None:
        pytest.skip("sovereign is not installed")
    (tmp_path / "context.json").write_text('{"port": 1}')
    config = configure(tmp_path, made.world(7777, source=source()))
    port = free_port()
    environment = {**os.environ, "SOVEREIGN_CONFIG": f"file://{config}"}
    # It reads its configuration when it is imported, outside of any event loop.
    program = "import sys, uvicorn\nfrom sovereign.app import app\n"
    program += 'uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")'
    command = [sys.executable, "-c", program, str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=tmp_path)
    yield port
    process.terminate()
    process.wait(10)


def test_a_router_follows_sovereign(server: int, tmp_path: Path) -> None:
    cluster = made.server_cluster(server, http2=False)
    with connect(made.bootstrap(cluster, source=source())) as router:
        until(lambda: router.status().ready and "l" in str(router.snapshot.resources.listeners), 60)
        until(lambda: str(router.pick("c")) == "127.0.0.1:1")
        assert router.route("x", "/", route_config="r").cluster == "c"
        world = made.world(1, source=source())
        assert router.snapshot.version == fastroute.load({**world, "clusters": [cluster, *world["clusters"]]}).version
        (tmp_path / "context.json").write_text('{"port": 2}')
        until(lambda: str(router.pick("c")) == "127.0.0.1:2", 30)
        assert not any(each.refusals for each in router.status().feeds)
