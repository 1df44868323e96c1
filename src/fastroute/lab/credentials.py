"""What Kubernetes projects into a pod so that its agent can ask the control plane for a certificate.

The root by which the agent knows the control plane, and a token of the pod's service account, signed by the key of the
discovery server's own authority. The workload's key is made by the agent and leaves the pod no more than it does there.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from fastroute.pilot.agent.upstream import ROOT_CERTIFICATE, TOKEN
from fastroute.pilot.ca import tokens
from fastroute.pilot.ca.identity import Identity
from fastroute.pilot.ca.store import Store

LIFETIME: Final = 24 * 3600.0
"""Seconds that a token is good for."""


class Credentials:
    """The authority in a directory; it is made when it is not there."""

    def __init__(self, directory: Path) -> None:
        self._store = Store(directory)

    def project(self, root: Path, namespace: str, account: str) -> None:
        """Write the files of a service account below a pod's root."""
        token = tokens.issue(self._store.token_key(), Identity(namespace, account), time.time(), LIFETIME)
        for name, content in ((ROOT_CERTIFICATE, self._store.authority.roots), (TOKEN, token.encode())):
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
