"""Outlier detection: each rule of its arithmetic."""

from __future__ import annotations

from typing import Any

import pytest
from support.clusters import cluster, endpoint, locality, scripted, static


def detected(hosts: int = 10, **settings: Any) -> Any:
    made = cluster(static(locality([endpoint(i) for i in range(1, hosts + 1)]), outlier_detection=settings))
    return made, made.detector


def fail(detector, host, status=500, times=5, now=0.0):
    for _ in range(times):
        detector.report(host, status, now=now)


def test_five_errors_in_a_row_eject():
    made, detector = detected()
    host = made.endpoints[0]
    fail(detector, host, times=4)
    detector.report(host, 200, now=0)
    fail(detector, host, times=4)
    assert detector.ejected == []
    fail(detector, host, times=1)
    assert detector.ejected == [host]
    assert host.health == "unhealthy"
    assert host not in made.levels[0].healthy


def test_small_clusters_eject_nobody_unless_told():
    made, detector = detected(9)
    fail(detector, made.endpoints[0])
    assert detector.ejected == []
    made, detector = detected(2, always_eject_one_host=True)
    fail(detector, made.endpoints[0])
    fail(detector, made.endpoints[1])
    assert detector.ejected == [made.endpoints[0]]


@pytest.mark.parametrize(("percent", "ejected"), [(10, 1), (20, 2), (29, 2), (100, 10)])
def test_the_limit_counts_the_next_one(percent, ejected):
    made, detector = detected(max_ejection_percent=percent)
    for host in made.endpoints:
        fail(detector, host)
    assert len(detector.ejected) == ejected


def test_gateway_failures_are_not_enforced_unless_told():
    made, detector = detected(consecutive_5xx=100)
    fail(detector, made.endpoints[0], 503)
    assert detector.ejected == []
    made, detector = detected(consecutive_5xx=100, enforcing_consecutive_gateway_failure=100)
    fail(detector, made.endpoints[0], 503, 4)
    fail(detector, made.endpoints[0], 500, 1)
    fail(detector, made.endpoints[0], 502, 4)
    assert detector.ejected == []
    fail(detector, made.endpoints[0], 504, 1)
    assert len(detector.ejected) == 1


def test_a_draw_decides_a_half_enforced_ejection():
    for draw, ejected in ((49, 1), (50, 0)):
        made, detector = detected(enforcing_consecutive_5xx=50)
        for _ in range(5):
            detector.report(made.endpoints[0], 500, now=0, random=scripted(draw))
        assert len(detector.ejected) == ejected


def test_hosts_return_after_a_growing_time():
    made, detector = detected()
    host = made.endpoints[0]
    fail(detector, host, now=0)
    assert detector.tick(29.9)
    assert detector.ejected
    assert not detector.tick(30.0)
    assert detector.tick(40.0)
    assert not detector.ejected
    fail(detector, host, now=41)
    assert detector.tick(100.9)
    assert detector.ejected
    assert detector.tick(111.0)
    assert not detector.ejected


def test_quiet_intervals_shrink_the_backoff():
    made, detector = detected()
    host = made.endpoints[0]
    fail(detector, host, now=0)
    detector.tick(30)
    assert host.state.outlier.backoff == 1
    detector.tick(40)
    assert host.state.outlier.backoff == 0


def test_the_time_has_a_limit():
    made, detector = detected(max_ejection_time="40s", base_ejection_time="30s")
    host = made.endpoints[0]
    for start in (0, 100, 200, 300):
        fail(detector, host, now=start)
        detector.tick(start + 40)
        assert detector.ejected == []
    assert host.state.outlier.backoff <= 3


def test_local_errors_are_statuses_unless_split():
    made, detector = detected()
    for _ in range(5):
        detector.report_local(made.endpoints[0], "connect-failed", now=0)
    assert len(detector.ejected) == 1
    made, detector = detected(split_external_local_origin_errors=True, consecutive_local_origin_failure=2)
    detector.report_local(made.endpoints[0], "timeout", now=0)
    detector.report_local(made.endpoints[0], "success", now=0)
    detector.report_local(made.endpoints[0], "reset", now=0)
    assert detector.ejected == []
    detector.report_local(made.endpoints[0], "reset", now=0)
    assert len(detector.ejected) == 1


def test_success_rate_far_below_the_mean_ejects():
    made, detector = detected(consecutive_5xx=1000)
    for index, host in enumerate(made.endpoints):
        for number in range(100):
            detector.report(host, 500 if index == 3 and number % 2 else 200, now=0)
    # Rates are nine times 100 and once 50: mean 95, deviation 15, threshold 95 - 1.9 * 15 = 66.5.
    detector.tick(10)
    assert detector.ejected == [made.endpoints[3]]


def test_failure_percentage_ejects_when_enforced():
    made, detector = detected(
        consecutive_5xx=1000, enforcing_success_rate=0, enforcing_failure_percentage=100, max_ejection_percent=100
    )
    for index, host in enumerate(made.endpoints):
        for number in range(100):
            detector.report(host, 500 if number < (85 if index == 1 else 84) else 200, now=0)
    detector.tick(10)
    assert detector.ejected == [made.endpoints[1]]


def test_a_passed_health_check_brings_a_host_back():
    made, detector = detected()
    fail(detector, made.endpoints[0])
    made.set_health(str(made.endpoints[0]), "healthy")
    assert detector.ejected == []
