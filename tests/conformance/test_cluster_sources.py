"""Aggregates, host override, original destination and zone-aware routing against the live Envoy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from support.chi import LEAST, same
from support.cluster_envoy import ClusterEnvoy
from support.clusters import cluster, endpoint, locality, seeded, static

from fastroute.core.endpoint import Locality
from fastroute.core.hashing import xxh64
from fastroute.core.selection import PickContext

pytestmark = pytest.mark.envoy

SAMPLES = 2500
NODE = Locality("r", "a")
POLICY = "type.googleapis.com/envoy.extensions.load_balancing_policies."


def group(zone: str, count: int, first: int, *, sick: int = 0, **more: Any) -> dict[str, Any]:
    """A locality of the node's region."""
    health = ["UNHEALTHY" if i < sick else "HEALTHY" for i in range(count)]
    hosts = [endpoint(first + i, f"127.8.{first}.{i + 1}", health=health[i]) for i in range(count)]
    return locality(hosts, locality={"region": "r", "zone": zone}, **more)


def aggregate(*names: str, **more: Any) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig"
    config = {"@type": kind, "clusters": list(names)}
    extension = {"name": "envoy.clusters.aggregate", "typed_config": config}
    return {"cluster_type": extension, "lb_policy": "CLUSTER_PROVIDED", **more}


def override(*sources: dict[str, Any]) -> dict[str, Any]:
    fallback = {"name": "maglev", "typed_config": {"@type": f"{POLICY}maglev.v3.Maglev"}}
    config = {
        "@type": f"{POLICY}override_host.v3.OverrideHost",
        "override_host_sources": list(sources),
        "fallback_policy": {"policies": [{"typed_extension_config": fallback}]},
    }
    item = {"name": "override", "typed_config": config}
    return {"load_balancing_policy": {"policies": [{"typed_extension_config": item}]}}


BASIS: dict[str, Any] = {
    "one": static(group("a", 3, 1, sick=2)),
    "two": static(group("a", 2, 10), group("b", 2, 20, priority=1)),
    "hashed": static(group("a", 3, 30, sick=1), lb_policy="MAGLEV"),
    "empty": static(),
    "local": static(group("a", 4, 40), group("b", 2, 50), group("c", 2, 60)),
}
AGGREGATES: dict[str, Any] = {
    "aggregate": aggregate("one", "absent", "empty", "two"),
    "aggregate, child in panic": aggregate("one"),
    "aggregate, calmer": aggregate("one", "two", common_lb_config={"healthy_panic_threshold": {"value": 10}}),
    "aggregate of hashes": aggregate("hashed", "two"),
    "aggregate of aggregates": aggregate("aggregate", "aggregate of hashes"),
    "aggregate of itself": aggregate("aggregate of itself", "aggregate of aggregates", "two"),
}
ZONES: dict[str, Any] = {
    "zones, direct": static(group("a", 6, 70), group("b", 1, 80)),
    "zones, residual": static(group("a", 1, 90), group("b", 4, 100), group("c", 3, 110)),
    "zones, residual and sick": static(group("a", 2, 120), group("b", 6, 130, sick=2), group("c", 1, 140)),
    "zones, no own zone": static(group("b", 4, 150), group("c", 4, 160)),
    "zones, too small": static(group("a", 1, 170), group("b", 2, 180)),
    "zones, smaller": static(
        group("a", 1, 190),
        group("b", 2, 200),
        common_lb_config={"zone_aware_lb_config": {"min_cluster_size": 2, "routing_enabled": {"value": 60}}},
    ),
}
OVERRIDES: dict[str, Any] = {
    "override": static(group("a", 6, 210, sick=2), **override({"header": "x-host"}, {"header": "x-other"}))
}
PASS = {
    "pass": {
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "original_dst_lb_config": {"use_http_header": True},
    }
}


@pytest.fixture(scope="module")
def bed() -> Iterator[ClusterEnvoy]:
    trees = {**BASIS, **AGGREGATES, **ZONES, **OVERRIDES, **PASS}
    bootstrap = {
        "node": {"id": "n", "cluster": "n", "locality": {"region": "r", "zone": "a"}},
        "cluster_manager": {"local_cluster_name": "local"},
    }
    with ClusterEnvoy([{**tree, "name": name} for name, tree in trees.items()], bootstrap=bootstrap) as running:
        yield running


def ours() -> dict[str, Any]:
    """Every cluster, linked as a snapshot links them."""
    made = {
        name: cluster({**tree, "name": name}, local=NODE)
        for name, tree in {**BASIS, **AGGREGATES, **ZONES, **OVERRIDES, **PASS}.items()
    }
    for each in made.values():
        each.link(made, made["local"])
    return made


@pytest.mark.parametrize("name", [*AGGREGATES, *ZONES])
def test_shares(bed: ClusterEnvoy, name: str) -> None:
    made = ours()[name]
    draw = seeded(5)
    for samples in (SAMPLES, 3 * SAMPLES):
        theirs = Counter(bed.sequence(name, samples))
        picks = [made.pick(random=draw) for _ in range(samples)]
        found = Counter(None if pick is None else str(pick) for pick in picks)
        if set(found) == set(theirs) and same(found, theirs) > LEAST:
            return
    pytest.fail(f"{found} but Envoy has {theirs}")


HEADERS = (
    [],
    [("x-host", "127.8.210.3:212")],
    [("x-host", "127.8.210.1:210")],
    [("x-host", " , 127.8.210.9:1 ,127.8.210.4:213,127.8.210.5:214")],
    [("x-host", "nonsense"), ("x-other", "127.8.210.6:215")],
    [("x-other", "127.8.210.6:215"), ("x-host", "127.8.210.5:214")],
    [("x-host", "127.8.210.3")],
)


@pytest.mark.parametrize("headers", HEADERS)
def test_host_override(bed: ClusterEnvoy, headers: list[tuple[str, str]]) -> None:
    (theirs,) = bed.hosts("override", [[*headers, ("x-hash", "k")]])
    found = ours()["override"].pick(xxh64(b"k"), context=PickContext(request_headers=headers))
    assert (None if found is None else str(found)) == theirs


@pytest.mark.parametrize(
    "value",
    [
        "127.8.0.1:80",
        "[::1]:80",
        "[::ffff:127.0.0.1]:80",
        "[FE80::A]:80",
        "127.0.0.1:080",
        "127.8.0.1",
        "127.8.0.1:",
        "127.8.0.1:99999",
        "x:80",
        "::1:80",
        "127.8.0.1:0",
    ],
)
def test_original_destination_header(bed: ClusterEnvoy, value: str) -> None:
    headers = [("x-envoy-original-dst-host", value)]
    (theirs,) = bed.hosts("pass", [headers])
    found = ours()["pass"].pick(context=PickContext(request_headers=headers))
    assert (None if found is None else str(found)) == theirs
