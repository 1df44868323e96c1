"""Fields that others have taken the place of.

IST0002  the field still has its meaning, and may lose it
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.pilot.discovery.analyze.mesh import Mesh
from fastroute.pilot.discovery.findings import Finding, found
from fastroute.pilot.discovery.registry.meta import Object
from fastroute.pilot.discovery.registry.policies import DestinationRule, PortPolicy, TrafficPolicy
from fastroute.pilot.discovery.registry.text import Path
from fastroute.pilot.discovery.registry.traffic import VirtualService


def check(mesh: Mesh) -> Iterator[Finding]:
    """Findings about VirtualServices and DestinationRules."""
    for rule in mesh.registry.virtual_services:
        yield from _routes(rule)
    for policy in mesh.registry.destination_rules:
        yield from _policies(policy)


def _routes(one: Object[VirtualService]) -> Iterator[Finding]:
    for number, route in enumerate(one.spec.http):
        if route.fault is not None and route.fault.delay is not None and route.fault.delay.percent is not None:
            yield _instead(one, "percentage", "http", number, "fault", "delay", "percent")
        if route.mirror_percent is not None:
            yield _instead(one, "mirrorPercentage", "http", number, "mirrorPercent")
        if route.cors_policy is not None and route.cors_policy.allow_origin:
            yield _instead(one, "allowOrigins", "http", number, "corsPolicy", "allowOrigin")


def _policies(one: Object[DestinationRule]) -> Iterator[Finding]:
    spec = one.spec
    levels = [(("trafficPolicy",), spec.traffic_policy)]
    levels += [(("subsets", n, "trafficPolicy"), s.traffic_policy) for n, s in enumerate(spec.subsets)]  # type: ignore[misc]
    for path, policy in levels:
        if policy is not None:
            yield from _policy(one, policy, path)
            for number, port in enumerate(policy.port_level_settings):
                yield from _policy(one, port, (*path, "portLevelSettings", number))


def _policy(one: Object[DestinationRule], policy: TrafficPolicy | PortPolicy, path: Path) -> Iterator[Finding]:
    balancer = policy.load_balancer
    if policy.outlier_detection is not None and policy.outlier_detection.consecutive_errors is not None:
        yield _instead(one, "consecutive5xxErrors", *path, "outlierDetection", "consecutiveErrors")
    if balancer is None:
        return
    if balancer.simple == "LEAST_CONN":
        yield _instead(one, "LEAST_REQUEST", *path, "loadBalancer", "simple")
    if balancer.warmup_duration_secs is not None:
        yield _instead(one, "warmup", *path, "loadBalancer", "warmupDurationSecs")
    if balancer.consistent_hash is not None and balancer.consistent_hash.minimum_ring_size is not None:
        yield _instead(one, "ringHash.minimumRingSize", *path, "loadBalancer", "consistentHash", "minimumRingSize")


def _instead(one: Object[object], name: str, *path: str | int) -> Finding:
    return found("IST0002", one, f"use {name}", *path)
