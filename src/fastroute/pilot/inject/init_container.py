"""The container that redirects the pod's traffic before anything else runs: `istio-init`, S-020 to S-024.

With a network plugin (CNI) that has already redirected it, `istio-validation` only checks that it did, as the proxy's
user and without capabilities.
"""

from __future__ import annotations

from fastroute.pilot.inject.annotations import SIDECAR, STATUS, TRAFFIC, Annotations
from fastroute.pilot.inject.values import Json, Values, resources
from fastroute.pilot.iptables.options import Options

PROXY_USER = 1337
ALWAYS_EXCLUDED = ("15090", "15021")


def arguments(annotations: Annotations, values: Values) -> list[str]:
    """The arguments of `istio-iptables`; what the annotations say is checked as the command itself would."""
    port = annotations.get(STATUS, "port", str(values.status_port))
    excluded = [*ALWAYS_EXCLUDED, port, *annotations.get(TRAFFIC, "excludeInboundPorts").split(",")]
    options = Options(
        mode=annotations.get(SIDECAR, "interceptionMode", str(values.proxy_config.get("interceptionMode", "REDIRECT"))),
        outbound_ranges=annotations.get(TRAFFIC, "includeOutboundIPRanges", values.include_ranges),
        outbound_ranges_exclude=annotations.get(TRAFFIC, "excludeOutboundIPRanges", values.exclude_ranges),
        inbound_ports=annotations.get(TRAFFIC, "includeInboundPorts", "*"),
        inbound_exclude=",".join(dict.fromkeys(item for item in excluded if item)),
        outbound_ports=annotations.get(TRAFFIC, "includeOutboundPorts"),
        outbound_exclude=annotations.get(TRAFFIC, "excludeOutboundPorts"),
        virtual_interfaces=annotations.get(TRAFFIC, "kubevirtInterfaces"),
        excluded_interfaces=annotations.get(TRAFFIC, "excludeInterfaces"),
    )
    words = ["istio-iptables", "-p", options.envoy_port, "-z", options.inbound_port, "-u", options.uids]
    words += ["-m", options.mode, "-i", options.outbound_ranges, "-x", options.outbound_ranges_exclude]
    words += ["-b", options.inbound_ports, "-d", options.inbound_exclude]
    for flag, value in (
        ("-q", options.outbound_ports),
        ("-o", options.outbound_exclude),
        ("-k", options.virtual_interfaces),
        ("-c", options.excluded_interfaces),
    ):
        words += [flag, value] if value else []
    return [*words, "--run-validation", "--skip-rule-apply"] if values.cni else words


def init_container(annotations: Annotations, values: Values, token_mount: Json | None) -> Json:
    """The init container of a pod; `token_mount` is where its other containers see the service account's token."""
    mounts = [token_mount] if token_mount else []
    metadata = values.proxy_config.get("proxyMetadata") or {}
    return {
        "args": arguments(annotations, values),
        "env": [{"name": name, "value": value} if value else {"name": name} for name, value in metadata.items()],
        "image": annotations.get(SIDECAR, "proxyImage", values.image),
        "imagePullPolicy": values.pull_policy,
        "name": "istio-validation" if values.cni else "istio-init",
        "resources": resources(values.init_cpu, values.init_memory),
        "securityContext": _unprivileged() if values.cni else _root(),
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts,
    }


def _root() -> Json:
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": False,
        "runAsGroup": 0,
        "runAsNonRoot": False,
        "runAsUser": 0,
    }


def _unprivileged() -> Json:
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsGroup": PROXY_USER,
        "runAsNonRoot": True,
        "runAsUser": PROXY_USER,
    }
