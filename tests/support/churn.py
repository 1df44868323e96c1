"""Random changes of a mesh, file by file: each step rewrites or removes one file of a directory.

for step in range(500):
    file, text = change(random)     # text is None: the file goes
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

NAMES = ("red", "green", "blue", "white")
VERSIONS = ("v1", "v2", "v3")
Change = tuple[str, str | None]


def host(name: str) -> str:
    """The full name of a service of the churn."""
    return f"{name}.default.svc.cluster.local"


def thing(kind: str, name: str, spec: dict[str, Any], group: str = "networking.istio.io/v1") -> str:
    """One object as JSON."""
    meta = {"name": name, "namespace": "default"}
    return json.dumps({"apiVersion": group, "kind": kind, "metadata": meta, "spec": spec})


def service(random: Random, name: str, only: str = "") -> Change:
    """A service with endpoints of some versions, by HTTP, gRPC or TCP; or none."""
    if random.random() < 0.2:
        return f"{name}.json", None
    protocol = only or random.choice(("HTTP", "HTTP", "GRPC", "TCP", "HTTP2"))
    endpoints = [
        {
            "address": f"10.9.{random.randrange(3)}.{random.randrange(1, 200)}",
            "labels": {"version": random.choice(VERSIONS)},
            "weight": random.choice((1, 1, 3)),
        }
        for _ in range(random.randrange(5))
    ]
    unique = list({one["address"]: one for one in endpoints}.values())
    spec = {
        "hosts": [host(name)], "location": "MESH_INTERNAL", "resolution": "STATIC", "endpoints": unique,
        "addresses": [f"10.8.0.{NAMES.index(name) + 1}"],
        "ports": [{"number": random.choice((7000, 7000, 7001)), "name": protocol.lower(), "protocol": protocol}],
    }  # fmt: skip
    return f"{name}.json", thing("ServiceEntry", name, spec)


def policy(random: Random, name: str) -> Change:
    """Subsets and a traffic policy; or none."""
    if random.random() < 0.25:
        return f"{name}-policy.json", None
    chosen = random.sample(VERSIONS, random.randrange(1, 4))
    spec: dict[str, Any] = {
        "host": host(name),
        "subsets": [{"name": version, "labels": {"version": version}} for version in chosen],
    }
    traffic = random.choice(
        (
            {},
            {"loadBalancer": {"simple": random.choice(("ROUND_ROBIN", "RANDOM", "LEAST_REQUEST"))}},
            {"loadBalancer": {"consistentHash": {"httpHeaderName": "who"}}},
            {"connectionPool": {"http": {"http2MaxRequests": random.randrange(1, 50)}}},
            {"outlierDetection": {"consecutive5xxErrors": random.randrange(1, 9), "interval": "5s"}},
        )
    )
    return f"{name}-policy.json", thing("DestinationRule", name, {**spec, "trafficPolicy": traffic})


def rule(random: Random, name: str) -> Change:
    """Routes by header and weight, with timeouts and faults; or none."""
    if random.random() < 0.25:
        return f"{name}-rule.json", None

    def target(weight: int = 0) -> dict[str, Any]:
        to = {"destination": {"host": host(name), "subset": random.choice(VERSIONS)}}
        return {**to, "weight": weight} if weight else to

    share = random.randrange(1, 100)
    last: dict[str, Any] = {"route": random.choice(([target()], [target(share), target(100 - share)]))}
    if random.random() < 0.4:
        last["timeout"] = f"{random.randrange(1, 30)}s"
    if random.random() < 0.2:
        last["fault"] = {"abort": {"httpStatus": 503, "percentage": {"value": random.randrange(1, 100)}}}
    http = [last]
    if random.random() < 0.5:
        match = [{"headers": {"who": {"exact": random.choice(("jason", "anna"))}}}]
        http.insert(0, {"match": match, "route": [target()]})
    return f"{name}-rule.json", thing("VirtualService", name, {"hosts": [host(name)], "http": http})


def scope(random: Random) -> Change:
    """A Sidecar that leaves some services out; or none."""
    if random.random() < 0.6:
        return "scope.json", None
    hosts = [f"./{host(name)}" for name in random.sample(NAMES, random.randrange(1, 4))]
    mode = random.choice(("ALLOW_ANY", "REGISTRY_ONLY"))
    spec = {
        "egress": [{"hosts": [*hosts, "./*.default.svc.cluster.local"][: random.randrange(2, 5)]}],
        "outboundTrafficPolicy": {"mode": mode},
    }
    return "scope.json", thing("Sidecar", "scope", spec)


def mistake(random: Random) -> Change:
    """A file that cannot be read: everything stays as it was until it is gone."""
    return "mistake.json", None if random.random() < 0.7 else thing("VirtualService", "mistake", {"hots": []})


def change(random: Random) -> Change:
    """One step."""
    name = random.choice(NAMES)
    made: Callable[[], Change] = random.choice(
        (
            lambda: service(random, name),
            lambda: service(random, name),
            lambda: policy(random, name),
            lambda: rule(random, name),
            lambda: rule(random, name),
            lambda: scope(random),
            lambda: mistake(random),
        )
    )
    return made()
