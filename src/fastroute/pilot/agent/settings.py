"""Everything the running agent needs to know, taken from the pod's inputs once.

Paths of the ProxyConfig are relative to `root` (`/` in a container); Envoy runs there, so that the relative paths of
the bootstrap mean the same to both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fastroute.errors import ParseError
from fastroute.pilot.agent import node
from fastroute.pilot.agent.bootstrap import merged_config
from fastroute.pilot.agent.inputs import Inputs, Json
from fastroute.pilot.agent.proxy_config import is_duration, seconds
from fastroute.pilot.agent.static_clusters import Family, family
from fastroute.pilot.agent.switches import Switches, switches
from fastroute.pilot.profiles import Profile

SOCKET_PATH_LIMIT = 107
"""Bytes in the path of a Unix socket (sun_path, without its final zero)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one agent."""

    inputs: Inputs
    profile: Profile
    root: Path
    config: Json
    """The merged ProxyConfig."""
    log_level: str = "warning"
    component_log_level: str = ""
    base_id: int | None = None
    """Profile 1.8: which group of hot restarts Envoy belongs to; None takes Envoy's default."""

    @property
    def switches(self) -> Switches:
        """The profile's row."""
        return switches(self.profile)

    @property
    def binary(self) -> Path:
        """Envoy's program."""
        return self.root / str(self.config["binaryPath"])

    @property
    def config_directory(self) -> Path:
        """Where the bootstrap and the XDS socket are."""
        return self.root / str(self.config["configPath"])

    @property
    def xds_socket(self) -> Path:
        """The socket of the ADS proxy."""
        return self.config_directory / "XDS"

    @property
    def sds_socket(self) -> Path:
        """The socket of the secret server."""
        return self.root / self.switches.sds_path

    @property
    def family(self) -> Family:
        """The pod's family of addresses."""
        return family(node.addresses(self.inputs)[0])

    @property
    def admin_port(self) -> int:
        """Envoy's admin, on loopback."""
        return int(self.config["proxyAdminPort"])

    @property
    def status_port(self) -> int:
        """The agent's own port."""
        return int(self.config["statusPort"])

    @property
    def prometheus_port(self) -> int:
        """Envoy's listener for its metrics."""
        return self.inputs.port("ENVOY_PROMETHEUS_PORT", 15090)

    @property
    def ready_port(self) -> int:
        """Envoy's listener for readiness."""
        return self.inputs.port("ENVOY_STATUS_PORT", 15021)

    @property
    def termination_drain(self) -> float:
        """Seconds between the begin of draining and the end of Envoy."""
        text = self.inputs.environment.get("TERMINATION_DRAIN_DURATION_SECONDS", "")
        if text:
            if not text.isdigit():
                raise ParseError(f"not a number of seconds: {text!r}", path="TERMINATION_DRAIN_DURATION_SECONDS")
            return float(text)
        return seconds(str(self.config["terminationDrainDuration"]))

    @property
    def minimum_drain(self) -> float:
        """Seconds before active connections are counted, with EXIT_ON_ZERO_ACTIVE_CONNECTIONS."""
        return self.duration("MINIMUM_DRAIN_DURATION", "5s")

    @property
    def exit_on_zero(self) -> bool:
        """Whether draining ends when no connection is active."""
        return self.inputs.flag("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", False)

    def duration(self, name: str, default: str) -> float:
        """The seconds in the variable `name`."""
        text = self.inputs.environment.get(name, "") or default
        if not is_duration(text):
            raise ParseError(f"a duration such as 5s is expected, not {text!r}", path=name)
        return seconds(text)


def settings(
    inputs: Inputs,
    profile: Profile,
    root: Path,
    *,
    log_level: str = "warning",
    component_log_level: str = "",
    base_id: int | None = None,
) -> Settings:
    """The settings of an agent, every value checked; ConfigError names the variable that is wrong."""
    made = Settings(
        inputs, profile, root.resolve(), merged_config(inputs, profile), log_level, component_log_level, base_id
    )
    _ = (made.termination_drain, made.minimum_drain, made.exit_on_zero, made.prometheus_port, made.ready_port)
    for socket in (made.xds_socket, made.sds_socket):
        if len(str(socket).encode()) > SOCKET_PATH_LIMIT:
            raise ParseError(f"longer than the {SOCKET_PATH_LIMIT} bytes of a socket path", path=str(socket))
    return made
