"""What Envoy writes down about every request and connection: its access log, a JSON object a line.

    access_log("http")      an access logger for a bootstrap; it writes where `PLACE` says until the bed fills in a path
    ledger = Ledger(path)
    ledger.of(port)         what happened on the connection from that local port, once it has ended

The log is read because it changes nothing: a `local_reply_config` or added headers would be decided about.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from support.http_envoy import NAMESPACE

PLACE = "@log@"
PATIENCE = 20.0
_FORMAT = {
    "listener": "%LISTENER_NAME%",
    "chain": "%FILTER_CHAIN_NAME%",
    "peer": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
    "remote": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "local": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "name": "%REQUESTED_SERVER_NAME%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "ended": "%CONNECTION_TERMINATION_DETAILS%",
    "status": "%RESPONSE_CODE%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "host": "%UPSTREAM_HOST%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "tried": "%UPSTREAM_HOSTS_ATTEMPTED%",
    "route": "%ROUTE_NAME%",
    "virtual_host": f"%METADATA(VIRTUAL_HOST:{NAMESPACE}:name)%",
    "index": f"%METADATA(ROUTE:{NAMESPACE}:index)%",
    "protocol": "%PROTOCOL%",
}


def access_log(kind: str) -> dict[str, Any]:
    """An access logger whose lines say that they are of this kind: `http`, `tcp` or `connection`."""
    return {
        "name": "file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": PLACE,
            "log_format": {"json_format": {"kind": kind, **_FORMAT}},
        },
    }


class Ledger:
    """The log of one Envoy, read as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._lines: dict[int, list[dict[str, Any]]] = {}

    def of(self, port: int) -> list[dict[str, Any]]:
        """The lines of the connection from this port, in order; its own line is waited for."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self._take()
            found = self._lines.get(port, [])
            if any(each["kind"] == "connection" for each in found):
                return self._lines.pop(port)
            time.sleep(0.001)
        raise TimeoutError(f"no line about the connection from port {port}: {self._lines.get(port)}")

    def _take(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            found = {key: "" if value in ("-", None) else value for key, value in json.loads(line).items()}
            self._lines.setdefault(int(found["peer"].rpartition(":")[2]), []).append(found)
