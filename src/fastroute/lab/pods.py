"""A pod: its namespace, and what runs in it, started as a kubelet does it.

First the init container redirects, then the proxy container's agent starts Envoy, and beside it the application.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from fastroute.lab import application
from fastroute.lab.access_log import AccessLog
from fastroute.lab.containers import INIT, PROXY, Json, container, field
from fastroute.lab.processes import Process
from fastroute.lab.spaces import Space
from fastroute.lab.users import APPLICATION, User, environment

ADMIN: Final = 15000
READY: Final = 15021
START: Final = 90.0
"""Seconds that a pod may take to start."""
LABELS: Final = "etc/istio/pod/labels"
FASTROUTE: Final = (sys.executable, "-m", "fastroute")


class Pod:
    """One pod of the mesh, from its injected manifest."""

    def __init__(self, manifest: Json, space: Space, home: Path, profile: str) -> None:
        self.manifest, self.space, self.home, self.profile = manifest, space, home, profile
        self.name = str(manifest["metadata"]["name"])
        self.labels: dict[str, str] = dict(manifest["metadata"]["labels"])
        self.app, self.version = self.labels["app"], self.labels["version"]
        self.address = field(manifest, "status.podIP")
        self.namespace = field(manifest, "metadata.namespace")
        self.account = field(manifest, "spec.serviceAccountName")
        self.log = AccessLog(home / "access.log")
        self.processes: list[Process] = []

    @property
    def short(self) -> str:
        """`reviews-v2`."""
        return f"{self.app}-{self.version}"

    @property
    def user(self) -> User:
        """Whom its proxy runs as."""
        return container(self.manifest, PROXY).user

    def redirect(self) -> None:
        """What the init container does: the redirection rules."""
        first = container(self.manifest, INIT)
        words = [*FASTROUTE, "pilot", "iptables", "--profile", self.profile, *first.arguments[1:], "--no-ipv6"]
        self.space.run(*words, environment=environment(first.environment.items()))

    def start(self) -> None:
        """Start the proxy and the application."""
        proxy = container(self.manifest, PROXY)
        self._own(proxy.user)
        words = [*FASTROUTE, "pilot", "agent", *proxy.arguments, "--profile", self.profile, "--root", str(self.home)]
        self._start("agent", proxy.user.command(*words), environment(proxy.environment.items()))
        served = [str(Path(application.__file__)), self.app, self.version, "0.0.0.0", str(application.PORT)]
        self._start("application", APPLICATION.command(sys.executable, *served), environment())

    def _own(self, user: User) -> None:
        """What the kubelet mounts: the pod's labels, in a directory that belongs to the proxy."""
        file = self.home / LABELS
        file.parent.mkdir(parents=True)
        file.write_text("".join(f'{name}="{value}"\n' for name, value in self.labels.items()), encoding="utf-8")
        for place in (self.home, *self.home.rglob("*")):
            os.chown(place, user.uid, user.gid)

    def _start(self, what: str, words: list[str], variables: dict[str, str]) -> None:
        log = self.home.with_suffix(f".{what}.log")
        self.processes.append(Process(f"{self.short} {what}", self.space.inside(*words), log, variables))

    def wait(self) -> None:
        """Until Envoy has its configuration and serves, and the application too."""
        agent, served = self.processes
        agent.wait_for(lambda: self.space.get(READY, "/healthz/ready") is not None, START, "readiness")
        served.wait_for(lambda: bool(self.space.get(application.PORT, "/")), START, "the start")

    def received(self, name: str) -> str:
        """What the application says about the arrival of the request `name`; empty when it has not come."""
        found = (line for line in self.processes[1].log.read_text("utf-8").splitlines() if f" id={name}" in line)
        return next(found, "")

    def admin(self, path: str) -> Any:
        """A page of Envoy's admin, as JSON."""
        return json.loads(self.space.get(ADMIN, path))

    def counters(self, pattern: str) -> dict[str, int]:
        """Envoy's counters and gauges whose names match."""
        found = self.admin(f"/stats?format=json&filter={pattern}")["stats"]
        return {one["name"]: one["value"] for one in found if "name" in one}

    def restarts(self) -> int:
        """How often its Envoy was started anew, by the agent's log and by Envoy itself."""
        started = self.processes[0].log.read_text("utf-8").count("Envoy started")
        info = self.admin("/server_info")
        return max(started - 1, int(info["command_line_options"]["restart_epoch"]))
