"""Round robin and its scheduler; the sequences were observed on Envoy 1.40 (V13)."""

from __future__ import annotations

import pytest
from support.clusters import cluster, endpoint, locality, ports, scripted, seeded, static, update

from fastroute.core.edf import picks_of


def hosts(*weights, **more):
    return [endpoint(i, weight=weight, **more) for i, weight in enumerate(weights, 1)]


@pytest.mark.parametrize(
    ("weights", "offset", "observed"),
    [
        ([5, 1, 1], 19, "200000120000012000001200000120"),
        ([3, 2, 1], 55, "102100102100102100102100102100"),
        ([1, 2, 4], 5, "122122012212201221220122122012"),
    ],
)
def test_weighted_order(weights, offset, observed):
    assert "".join(map(str, picks_of(weights, offset, 30))) == observed


@pytest.mark.parametrize("weights", [[5, 1, 1], [2, 1], [8, 4, 1]])
def test_a_late_start_is_a_replayed_start(weights):
    replayed = picks_of(weights, 0, 400)
    for seed in (1, 17, 100, 333):
        assert picks_of(weights, seed, 60) == replayed[seed : seed + 60]


def test_equal_weights_take_turns_from_a_random_start():
    made = cluster(static(locality(hosts(1, 1, 1))))
    assert ports(made, 6, random=scripted(4)) == [2, 3, 1, 2, 3, 1]


def test_unhealthy_hosts_lose_their_turn():
    four = hosts(1, 1, 1, 1)
    four[1]["health_status"] = "UNHEALTHY"
    assert ports(cluster(static(locality(four))), 6, random=scripted(0)) == [1, 3, 4, 1, 3, 4]


def test_a_repeated_address_counts_twice_in_a_static_cluster():
    made = cluster(static(locality([endpoint(1), endpoint(2), endpoint(2)])))
    assert ports(made, 3, random=scripted(0)) == [1, 2, 2]


def test_a_repeated_address_counts_once_in_an_eds_update():
    eds = {"type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}}
    made = cluster(eds, {"cluster_name": "c", "endpoints": [locality([endpoint(1), endpoint(2), endpoint(2)])]})
    assert ports(made, 4, random=scripted(0)) == [1, 2, 1, 2]


def test_the_round_goes_on_after_an_update():
    eds = {"type": "EDS", "eds_cluster_config": {"eds_config": {"ads": {}}}}
    two = {"cluster_name": "c", "endpoints": [locality(hosts(1, 1))]}
    made = cluster(eds, two)
    assert ports(made, 3, random=scripted(0)) == [1, 2, 1]
    update(made, two)
    assert ports(made, 3, random=scripted()) == [2, 1, 2]


def test_a_round_without_hosts():
    assert ports(cluster(static()), 3) == [0, 0, 0]


def test_degraded_hosts_take_the_rest():
    made = cluster(static(locality([endpoint(1), *hosts(1, 1, 1, health="DEGRADED")])))
    picks = ports(made, 4000, random=seeded(3))
    # One of four is healthy: 35 % of the load by the factor, and the other 65 % to degraded hosts.
    assert 1300 < sum(port == 1 for port in picks) - picks.count(1) // 10**9 < 3000


def test_locality_weights_need_their_config():
    groups = (
        locality([endpoint(1), endpoint(2)], zone="z1", weight=1),
        locality([endpoint(3)], zone="z2", weight=3),
    )
    plain = cluster(static(*groups))
    assert ports(plain, 6, random=scripted(0)) == [1, 2, 3, 1, 2, 3]
    weighted = cluster(static(*groups, common_lb_config={"locality_weighted_lb_config": {}}))
    picks = ports(weighted, 400, random=seeded())
    assert (picks.count(1), picks.count(2), picks.count(3)) == (50, 50, 300)


def test_a_locality_that_is_half_well_keeps_seven_tenths_of_its_weight():
    sick = [endpoint(1), endpoint(2, health="UNHEALTHY")]
    groups = (locality(sick, zone="z1", weight=1), locality([endpoint(3)], zone="z2", weight=1))
    made = cluster(static(*groups, common_lb_config={"locality_weighted_lb_config": {}}))
    picks = ports(made, 1700, random=seeded())
    assert abs(picks.count(1) - 700) <= 1


def test_no_locality_weight_means_no_locality_step():
    groups = (locality([endpoint(1)], zone="z1"), locality([endpoint(2)], zone="z2"))
    made = cluster(static(*groups, common_lb_config={"locality_weighted_lb_config": {}}))
    assert ports(made, 4, random=scripted(0)) == [1, 2, 1, 2]


def test_randomness_is_a_parameter():
    with pytest.raises(ValueError, match="random source"):
        cluster(static(locality(hosts(1, 1)))).pick()


def test_drop_overloads_comes_first():
    drop = {"drop_overloads": [{"category": "x", "drop_percentage": {"numerator": 30}}]}
    made = cluster(static(locality(hosts(1)), policy=drop))
    assert made.pick(random=scripted(129)) is None
    assert made.pick(random=scripted(130, 0)) is not None
