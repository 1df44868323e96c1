"""What Envoys write about each request and connection, and reading it.

The format asks Envoy for its own names of everything that it decided. A request is known by its x-request-id, which
the applications pass on; a connection that is not looked into has none, and is known by where it went.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from fastroute.lab.failure import LabError

FILE: Final = "./access.log"
"""Where Envoy writes: below the agent's root, which it runs in."""
FORMAT: Final = {
    "id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(:METHOD)%",
    "authority": "%REQ(:AUTHORITY)%",
    "path": "%REQ(:PATH)%",
    "listener": "%LISTENER_NAME%",
    "chain": "%FILTER_CHAIN_NAME%",
    "virtual_host": "%CEL(xds.virtual_host_name)%",
    "route": "%ROUTE_NAME%",
    "rule": "%METADATA(ROUTE:istio:config)%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "endpoint": "%UPSTREAM_HOST%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "milliseconds": "%DURATION%",
    "time_limit": "%REQ(X-ENVOY-EXPECTED-RQ-TIMEOUT-MS)%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "destination": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "accepted": "%DOWNSTREAM_DIRECT_LOCAL_ADDRESS%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "server_name": "%REQUESTED_SERVER_NAME%",
    "tls": "%DOWNSTREAM_TLS_VERSION%",
    "caller": "%DOWNSTREAM_PEER_URI_SAN%",
    "called": "%UPSTREAM_PEER_URI_SAN%",
    "from_address": "%UPSTREAM_LOCAL_ADDRESS%",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. Text is empty and numbers are 0 where Envoy writes nothing."""

    id: str = ""
    method: str = ""
    authority: str = ""
    path: str = ""
    listener: str = ""
    chain: str = ""
    virtual_host: str = ""
    route: str = ""
    rule: str = ""
    cluster: str = ""
    endpoint: str = ""
    status: int = 0
    details: str = ""
    flags: str = ""
    milliseconds: int = 0
    time_limit: int = 0
    attempts: int = 0
    destination: str = ""
    accepted: str = ""
    client: str = ""
    server_name: str = ""
    tls: str = ""
    caller: str = ""
    called: str = ""
    from_address: str = ""

    @property
    def inbound(self) -> bool:
        """Whether the server's side wrote it."""
        return self.listener == "virtualInbound"


NUMBERS: Final = frozenset(one.name for one in fields(Line) if one.type == "int")


def parse(text: str) -> Line:
    """A line as Envoy wrote it."""
    found: dict[str, Any] = json.loads(text)
    return Line(**{name: _value(name, found.get(name)) for name in FORMAT})


def _value(name: str, value: Any) -> Any:
    if name in NUMBERS:
        return int(value or 0)
    return "" if value in (None, "-") else str(value)


class AccessLog:
    """The file of one Envoy, read as it grows."""

    def __init__(self, file: Path) -> None:
        self._file, self._read, self._rest = file, 0, b""
        self.lines: list[Line] = []

    def poll(self) -> list[Line]:
        """All lines until now."""
        if self._file.exists():
            with self._file.open("rb") as log:
                log.seek(self._read)
                data = log.read()
            self._read += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            self.lines += [parse(line.decode()) for line in whole if line]
        return self.lines

    def wait(self, holds: Callable[[Line], bool], what: str, seconds: float = 5.0, *, after: int = 0) -> Line:
        """The first line for which `holds`, behind the first `after` lines; LabError when none comes in time."""
        deadline = time.monotonic() + seconds
        while True:
            found = next((line for line in self.poll()[after:] if holds(line)), None)
            if found is not None:
                return found
            if time.monotonic() > deadline:
                raise LabError(f"{self._file.parent.name}: its Envoy has not logged {what} within {seconds:g} s")
            time.sleep(0.02)
