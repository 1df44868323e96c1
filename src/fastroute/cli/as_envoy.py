"""The verdict of a real Envoy, where one is installed.

A bootstrap is given to `envoy --mode validate` as it stands. Other resources are put into one: each
listener and cluster as a static resource, each route configuration into a listener of its own. A route
configuration of that kind would come by RDS, where `validate_clusters` is off unless it says otherwise;
where no cluster is given, there is nothing to hold it to.
Endpoints and scoped routes come from a control plane only; Envoy cannot be asked about them so.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, cast

from fastroute.api import names
from fastroute.config import Resources, read
from fastroute.config.fetch import fetch
from fastroute.config.load import URLS
from fastroute.config.text import to_tree
from fastroute.errors import ConfigError
from fastroute.pilot.agent.binary import find_binary
from fastroute.records import record

__all__ = ["Answer", "ask", "find_binary", "run", "static_resources"]
_TIMEOUT = 120
_MARK = "error initializing configuration"
_LONGEST = 400


@record
class Answer:
    """Whether Envoy takes the configuration, and its words when it does not.

    `ok` is None where it was not asked: what cannot be read and is no bootstrap by itself cannot be put into one.
    """

    ok: bool | None
    message: str


def ask(source: str, binary: Path) -> Answer:
    """What Envoy says about the configuration in `source`: a file, a directory or the URL of a page."""
    with tempfile.TemporaryDirectory(prefix="fastroute-") as directory:
        try:
            file = _bootstrap(_saved(source, Path(directory)), Path(directory))
        except ConfigError as error:
            return Answer(None, error.message)
        accepted, log = run(file, binary, "error")
    return Answer(accepted, "" if accepted else _words(log))


def run(file: Path, binary: Path, level: str) -> tuple[bool, str]:
    """Whether Envoy takes the bootstrap `file`, and what it logs at `level` and above.

    Started with a node, as it may be: a bootstrap without one is warned of, and no fault.
    """
    command = [str(binary), "--mode", "validate", "-c", str(file), "-l", level, "--disable-hot-restart"]
    command += ["--service-node", "fastroute", "--service-cluster", "fastroute"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    said = done.stderr + done.stdout
    return done.returncode == 0 or f"configuration '{file}' OK" in said, said  # some crash while they end


def _words(log: str) -> str:
    """The line of the log that says why, without what the logger puts before it."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for line in lines:
        before, mark, reason = line.partition(_MARK)
        if mark:
            return reason.partition("': ")[2][:_LONGEST] or before
    return lines[0][:_LONGEST] if lines else "no message"


def _saved(source: str, directory: Path) -> Path:
    if not source.startswith(URLS):
        return Path(source)
    page = directory / "page.json"
    page.write_bytes(fetch(source))
    return page


def _bootstrap(path: Path, directory: Path) -> Path:
    try:
        resources = read(path, strict=False)
    except ConfigError as error:
        if path.is_dir() or (error.resource and not error.resource.startswith("Bootstrap")):
            raise
        return path
    if path.is_file() and resources.bootstrap is not None and resources.bootstrap.root == "":
        return path
    made = directory / "bootstrap.json"
    made.write_text(json.dumps(_wrapped(resources)))
    return made


def _wrapped(resources: Resources) -> dict[str, Any]:
    return {"static_resources": static_resources(resources)}


def static_resources(resources: Resources) -> dict[str, list[Any]]:
    """Listeners, route configurations and clusters as `Bootstrap.static_resources`."""
    listeners = [to_tree(resource.message) for resource in resources.listeners]
    for position, route in enumerate(resources.routes):
        listeners.append(_listener(position, _by_rds(_mapping(route.message), bool(resources.clusters))))
    return {"listeners": listeners, "clusters": [to_tree(resource.message) for resource in resources.clusters]}


def _by_rds(route_config: dict[str, Any], clusters: bool) -> dict[str, Any]:
    return {**route_config, "validate_clusters": clusters and route_config.get("validate_clusters", False)}


def _mapping(message: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", to_tree(message))


def _listener(position: int, route_config: dict[str, Any]) -> dict[str, Any]:
    manager = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": f"routes_{position}",
        "route_config": route_config,
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": names.url(names.ROUTER)}},
        ],
    }
    return {
        "name": f"routes_{position}",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
