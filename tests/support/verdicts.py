"""Envoy's verdict on a text of resources: one running Envoy reads it from a file that is replaced.

    with Verdicts() as envoy:
        envoy.ask(b"…", ".json")     Verdict(ok, message) of a RouteConfiguration named `r`
        envoy.routes("7")            the route configuration in force of that version, from the config dump

A text is a whole DiscoveryResponse of route configurations. Its suffix tells Envoy the format.
Unknown fields are refused as in a bootstrap (`--reject-unknown-dynamic-fields`).
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from fastroute.api import names
from support.envoy import Envoy, require_binary

SUFFIXES = (".json", ".yaml", ".pb", ".pb_text")
EMPTY = {
    ".json": b'{"resources": []}',
    ".yaml": b"resources: []\n",
    ".pb": b"",
    ".pb_text": b"",
}


class Verdict(NamedTuple):
    """`ok`, and what Envoy said when it refused."""

    ok: bool
    message: str

    @property
    def parsed(self) -> bool:
        """Whether the text became a message, whatever Envoy thought of it then."""
        return self.ok or not any(mark in self.message for mark in _NOT_PARSED)


_NOT_PARSED = (
    "Unable to parse JSON as proto",
    "has unknown fields",
    "Unable to convert YAML as JSON",
    "Failed to parse",
    "Unable to unpack as",
    "Unexpected YAML exception",
    "yaml-cpp",
    "bad conversion",
)


def _listener(suffix: str, path: Path) -> dict[str, Any]:
    manager = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": suffix[1:],
        "rds": {
            "route_config_name": "r",
            "config_source": {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"},
        },
        "http_filters": [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
    }
    return {
        "name": suffix,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


class Verdicts:
    """A running Envoy with one watched file for each format."""

    def __init__(self) -> None:
        require_binary()
        self._directory = tempfile.TemporaryDirectory(prefix="fastroute-verdicts-")
        self.directory = Path(self._directory.name)
        paths = {suffix: self.directory / f"routes{suffix}" for suffix in SUFFIXES}
        for suffix, path in paths.items():
            path.write_bytes(EMPTY[suffix])
        bootstrap = {"static_resources": {"listeners": [_listener(suffix, path) for suffix, path in paths.items()]}}
        arguments = ("--reject-unknown-dynamic-fields",)
        self.envoy = Envoy(bootstrap, directory=self.directory, args=arguments)

    def __enter__(self) -> Self:
        self.envoy.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.envoy.stop()
        self._directory.cleanup()

    def _counts(self, suffix: str) -> tuple[int, int, int]:
        prefix = f"http.{suffix[1:]}.rds.r."
        stats = self.envoy.stats(prefix + "update_")
        return (
            stats.get(prefix + "update_success", 0),
            stats.get(prefix + "update_rejected", 0),
            stats.get(prefix + "update_failure", 0),
        )

    def ask(self, text: bytes, suffix: str) -> Verdict:
        """Whether Envoy takes `text` as the file of that format."""
        before = self._counts(suffix)
        logged = len(self.envoy.log())
        temporary = self.directory / "new"
        temporary.write_bytes(text)
        temporary.replace(self.directory / f"routes{suffix}")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            now = self._counts(suffix)
            if now[1:] != before[1:]:
                return Verdict(False, self.envoy.log()[logged:])
            if now[0] != before[0]:
                return Verdict(True, "")
            time.sleep(0.0005)
        raise TimeoutError(f"Envoy did not read its file within 10 s:\n{self.envoy.log()[logged:]}")

    def routes(self, version: str) -> Any:
        """The route configuration in force of that version, as the admin page shows it; None without one."""
        page = json.loads(self.envoy.admin("/config_dump?resource=dynamic_route_configs"))
        found = [item["route_config"] for item in page.get("configs", []) if item.get("version_info") == version]
        return found[0] if found else None
