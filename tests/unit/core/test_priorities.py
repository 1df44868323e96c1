"""Loads of priorities: every row was observed on Envoy 1.40 (V12)."""

from __future__ import annotations

import pytest
from support.clusters import cluster, endpoint, locality, static

SHORT = {"H": "HEALTHY", "U": "UNHEALTHY", "D": "DEGRADED", "R": "DRAINING", "T": "TIMEOUT"}

OBSERVED = [
    (["HHUU", "HH"], {}, {}, [70, 30], [0, 0], [0, 0]),
    (["HUUU", "HUUU"], {}, {}, [50, 50], [0, 0], [1, 1]),
    (["HDUU", "DD"], {}, {}, [35, 0], [35, 30], [0, 0]),
    (["UUU", "U"], {}, {}, [75, 25], [0, 0], [1, 1]),
    (["UU", "U"], {}, {"healthy_panic_threshold": {"value": 0}}, [100, 0], [0, 0], [0, 0]),
    (["HRU", "H"], {}, {}, [70, 30], [0, 0], [0, 0]),
    (["HT", "H"], {}, {}, [70, 30], [0, 0], [0, 0]),
    (["HUU", "H"], {"overprovisioning_factor": 200}, {}, [66, 34], [0, 0], [0, 0]),
    (["U", "", "H"], {}, {}, [0, 0, 100], [0, 0, 0], [0, 0, 0]),
    (["DD"], {}, {}, [0], [100], [0]),
]


@pytest.mark.parametrize(("levels", "policy", "common", "loads", "degraded", "panic"), OBSERVED)
def test_loads(levels, policy, common, loads, degraded, panic):
    groups = [
        locality(
            [endpoint(priority * 100 + i + 1, health=SHORT[mark]) for i, mark in enumerate(marks)], priority=priority
        )
        for priority, marks in enumerate(levels)
    ]
    found = cluster(static(*groups, policy=policy, common_lb_config=common)).loads
    assert found is not None
    assert (found["load"], found["degraded_load"], found["panic"]) == (loads, degraded, panic)


def test_weights_count_when_told():
    p0 = [endpoint(1, weight=10), endpoint(2, health="UNHEALTHY"), endpoint(3, health="UNHEALTHY", weight=5)]
    made = static(locality(p0), locality([endpoint(4)], priority=1), policy={"weighted_priority_health": True})
    found = cluster(made).loads
    assert found is not None
    assert found["load"] == [87, 13]


def test_a_cluster_without_hosts_has_one_level():
    assert cluster(static()).loads == {
        "health": [0],
        "degraded_health": [0],
        "load": [100],
        "degraded_load": [0],
        "panic": [True],
    }
