"""Subset rules that differ from what one would expect; each was found by comparing with Envoy 1.40."""

from __future__ import annotations

from typing import Any

import pytest
from support.clusters import cluster, endpoint, locality, seeded, static

from fastroute.core.selection import PickContext, canonical
from fastroute.errors import UnsupportedError


def ports(hosts: list[Any], criteria: dict[str, Any], **config: Any) -> set[int]:
    """The ports that these criteria reach; 0 for none."""
    made = cluster(static(locality(hosts), lb_subset_config=config))
    context = PickContext(metadata_match=criteria)
    draw = seeded()
    picks = [made.pick(random=draw, context=context) for _ in range(20)]
    return {0 if pick is None else pick.port for pick in picks}


HOSTS = [endpoint(1, lb={"v": "1", "az": []}), endpoint(2, lb={"v": "2", "az": ["1", "2"]}), endpoint(3)]


def test_an_empty_list_files_a_host_under_the_keys_that_follow():
    selectors = [{"keys": ["v", "az"]}]
    assert ports(HOSTS, {"v": "1"}, subset_selectors=selectors, list_as_any=True) == {1}
    assert ports(HOSTS, {"v": "2", "az": "2"}, subset_selectors=selectors, list_as_any=True) == {2}
    assert ports(HOSTS, {"v": "1"}, subset_selectors=selectors) == {0}


def test_a_selector_that_begins_an_earlier_one_has_the_global_fallback():
    longer = {"keys": ["az", "v"], "fallback_policy": "NO_FALLBACK"}
    shorter = {"keys": ["az"], "fallback_policy": "ANY_ENDPOINT"}
    assert ports(HOSTS, {"az": "9"}, subset_selectors=[longer, shorter]) == {0}
    assert ports(HOSTS, {"az": "9"}, subset_selectors=[shorter, longer]) == {1, 2, 3}


def test_a_fallback_list_that_is_no_list_counts_as_an_empty_one():
    config = {"subset_selectors": [{"keys": ["v"]}], "metadata_fallback_policy": "FALLBACK_LIST"}
    assert ports(HOSTS, {"v": "1", "fallback_list": "text"}, **config) == {1}
    assert ports(HOSTS, {"v": "9", "fallback_list": [{"v": "8"}, {"v": "2"}]}, **config) == {2}


def test_the_default_subset_compares_elements_alone_where_lists_are_any():
    hosts = [endpoint(1, lb={"v": ["1", "2"]}), endpoint(2, lb={"v": "1"})]
    config: dict[str, Any] = {"subset_selectors": [{"keys": ["x"]}], "fallback_policy": "DEFAULT_SUBSET"}
    assert ports(hosts, {}, **config, default_subset={"v": ["1", "2"]}) == {1}
    assert ports(hosts, {}, **config, default_subset={"v": ["1", "2"]}, list_as_any=True) == {0}
    assert ports(hosts, {}, **config, default_subset={"v": "1"}, list_as_any=True) == {1, 2}


def test_a_single_host_subset_ignores_health():
    hosts = [endpoint(1, lb={"v": "1"}, health="UNHEALTHY"), endpoint(2, lb={"v": "1"})]
    assert ports(hosts, {"v": "1"}, subset_selectors=[{"keys": ["v"], "single_host_per_subset": True}]) == {1}


def test_what_crashes_envoy_is_refused():
    with pytest.raises(UnsupportedError, match="crashes"):
        ports(HOSTS, {}, subset_selectors=[{"keys": ["v"]}], locality_weight_aware=True)


def test_values_compare_as_protobuf_values():
    values = [1, True, "1", 1.5, None, [1], ["1"], {"a": 1}, {"a": True}]
    assert len({canonical(value) for value in values}) == len(values)
    assert canonical(1) == canonical(1.0)
    assert canonical(b"x") == canonical("x")
