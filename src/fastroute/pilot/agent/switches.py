"""What differs between the profiles in the agent, one row a profile."""

from __future__ import annotations

from dataclasses import dataclass

from fastroute.pilot.profiles import Profile


@dataclass(frozen=True, slots=True)
class Switches:
    """The agent's row of a profile; each field names what it decides in the bootstrap or the process."""

    deprecated_fields: bool
    """Write the fields of 2020 (http2_protocol_options, respect_dns_ttl, tracing, access_log_path) as they were."""
    agent_assignment: str
    """cluster_name of the cluster `agent`; Istio 1.8 copied "prometheus_stats" there, which Envoy never compares."""
    sds_path: str
    delta: bool
    """Speak delta ADS unless ISTIO_DELTA_XDS is false."""
    wait_for_resources: bool
    """Wait for LDS and CDS without limit (initial_fetch_timeout 0s); readiness tells when they are there."""
    node_once: bool
    """Send the node on the first message of a stream only."""
    named_listeners: bool
    runtime_layer: str
    annotations_in_metadata: bool
    hot_restart: bool
    """Restart epochs: a changed bootstrap starts Envoy N+1 beside N."""


ROWS = {
    "1.8": Switches(
        deprecated_fields=True,
        agent_assignment="prometheus_stats",
        sds_path="./etc/istio/proxy/SDS",
        delta=False,
        wait_for_resources=False,
        node_once=False,
        named_listeners=False,
        runtime_layer="deprecation",
        annotations_in_metadata=False,
        hot_restart=True,
    ),
    "current": Switches(
        deprecated_fields=False,
        agent_assignment="agent",
        sds_path="./var/run/secrets/workload-spiffe-uds/socket",
        delta=True,
        wait_for_resources=True,
        node_once=True,
        named_listeners=True,
        runtime_layer="global config",
        annotations_in_metadata=True,
        hot_restart=False,
    ),
}


def switches(profile: Profile) -> Switches:
    """The agent's row of `profile`."""
    return ROWS[profile.name]
