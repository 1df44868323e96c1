"""The control plane of a run: the discovery server, in the node's namespace, at the addresses of istiod."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from fastroute.lab.processes import Process
from fastroute.lab.spaces import Space
from fastroute.lab.users import environment

HOST: Final = "istiod.istio-system.svc"
SECURE: Final = 15012
PAGES: Final = 15014
DEBOUNCE: Final = 0.05


class ControlPlane:
    """A running `fastroute pilot discovery`, which listens for callers with a token, and signs their certificates."""

    def __init__(self, node: Space, manifests: Path, profile: str, home: Path) -> None:
        self._node, self.authority = node, home / "ca"
        command = [sys.executable, "-m", "fastroute", "pilot", "discovery", str(manifests), "--profile", profile]
        command += ["--ca", str(self.authority), "--listen", "", "--mtls", "", "--tls", f"0.0.0.0:{SECURE}"]
        command += ["--http", f"0.0.0.0:{PAGES}", "--debounce", str(DEBOUNCE)]
        self.process = Process("discovery", node.inside(*command), home / "discovery.log", environment())

    @property
    def address(self) -> str:
        """Where agents find it."""
        return f"{HOST}:{SECURE}"

    def wait(self) -> None:
        """Until it serves."""
        self.process.wait_for(lambda: bool(self._node.get(PAGES, "/ready")), 60, "the start")

    def page(self, path: str) -> Any:
        """One of its debug pages."""
        return json.loads(self._node.get(PAGES, path))
