"""Verdicts on bootstraps that were found to differ: sources of configuration, locators, ports that are used twice."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from support import rich_samples
from support.envoy import Envoy, validate
from support.near_valid import message

from fastroute import snapshot
from fastroute.api import names
from fastroute.errors import ConfigError, UnsupportedError

pytestmark = pytest.mark.envoy

Tree = dict[str, Any]
SERVICE = {"envoy_grpc": {"cluster_name": "xds"}}
STATIC: Tree = {"static_resources": {"clusters": [{"name": "xds"}]}}


def source(kind: str, **fields: Any) -> Tree:
    return {"api_config_source": {"transport_api_version": "V3", "api_type": kind} | fields}


SOURCES = {
    "grpc": source("GRPC", grpc_services=[SERVICE]),
    "no service": source("GRPC"),
    "two services": source("GRPC", grpc_services=[SERVICE, SERVICE]),
    "grpc with a cluster's name": source("GRPC", cluster_names=["xds"]),
    "unknown cluster": source("GRPC", grpc_services=[{"envoy_grpc": {"cluster_name": "none"}}]),
    "delta": source("DELTA_GRPC", grpc_services=[SERVICE]),
    "aggregated": source("AGGREGATED_GRPC", grpc_services=[SERVICE]),
    "rest": source("REST", cluster_names=["xds"], refresh_delay="1s"),
    "rest without a delay": source("REST", cluster_names=["xds"]),
    "rest with a service": source("REST", grpc_services=[SERVICE], refresh_delay="1s"),
    "version 2": source("GRPC", grpc_services=[SERVICE], transport_api_version="V2"),
    "rest of version 2": source("REST", cluster_names=["xds"], refresh_delay="1s", transport_api_version="V2"),
    "any version": source("GRPC", grpc_services=[SERVICE], transport_api_version="AUTO"),
    "rest at two clusters": source("REST", cluster_names=["xds", "xds"], refresh_delay="1s"),
}


def agree(bootstrap: Tree) -> None:
    """The real Envoy says of the bootstrap what strict loading does, apart from what that cannot decide (RTDS)."""
    found: tuple[ConfigError, ...] = ()
    try:
        snapshot.load(message(names.BOOTSTRAP, bootstrap))
    except ConfigError as error:
        found = (error, *error.others)
    refused = [each for each in found if not isinstance(each, UnsupportedError)]
    verdict = validate(bootstrap)
    assert verdict.ok == (not refused), verdict.message or refused


def with_source(place: str, found: Tree) -> Tree:
    bootstrap = copy.deepcopy(STATIC)
    if place == "cds":
        bootstrap["dynamic_resources"] = {"cds_config": found}
    elif place == "ads":
        bootstrap["dynamic_resources"] = {"ads_config": found["api_config_source"]}
    elif place == "eds":
        cluster = {"name": "e", "type": "EDS", "eds_cluster_config": {"eds_config": found}}
        bootstrap["static_resources"]["clusters"].append(cluster)
    elif place == "rtds":
        bootstrap["layered_runtime"] = {"layers": [{"name": "l", "rtds_layer": {"name": "r", "rtds_config": found}}]}
    else:
        bootstrap["static_resources"]["listeners"] = [listener("l", {"route_config_name": "r", "config_source": found})]
    return bootstrap


def listener(name: str, rds: Tree | None = None, **fields: Any) -> Tree:
    manager = {
        "@type": names.url(names.HTTP_CONNECTION_MANAGER),
        "stat_prefix": "s",
        **({"rds": rds} if rds else {"route_config": {"name": "r"}}),
        "http_filters": [{"name": "router", "typed_config": {"@type": names.url(names.ROUTER)}}],
    }
    return {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
        **fields,
    }


@pytest.mark.parametrize("place", ["cds", "ads", "eds", "rds", "rtds"])
@pytest.mark.parametrize("kind", SOURCES)
def test_sources(place: str, kind: str) -> None:
    agree(with_source(place, SOURCES[kind]))


def test_a_source_may_be_an_eds_cluster_that_reads_a_file() -> None:
    bootstrap = with_source("cds", SOURCES["grpc"])
    bootstrap["static_resources"]["clusters"] = [
        {
            "name": "xds",
            "type": "EDS",
            "eds_cluster_config": {"eds_config": {"path_config_source": {"path": "/dev/null"}}},
        }
    ]
    agree(bootstrap)


def test_a_delta_source_may_name_a_cluster_that_is_not_there() -> None:
    agree(with_source("cds", source("DELTA_GRPC", grpc_services=[{"envoy_grpc": {"cluster_name": "none"}}])))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_two_listeners_at_port_0(first: bool, second: bool) -> None:
    listeners = [listener("a", bind_to_port=first), listener("b", bind_to_port=second)]
    agree({"static_resources": {"listeners": listeners}})


@pytest.mark.parametrize(
    "locator",
    ["/a", "http://a", "xdstp:", "xdstp://a/b", f"xdstp:///{names.LISTENER}/a", f"xdstp:///{names.CLUSTER}/*"],
)
@pytest.mark.parametrize("kind", ["ads", "delta", "grpc", ""])
def test_locators_of_clusters(locator: str, kind: str) -> None:
    bootstrap = with_source("ads", SOURCES["grpc"])
    bootstrap["dynamic_resources"]["cds_resources_locator"] = locator
    if kind:
        bootstrap["dynamic_resources"]["cds_config"] = {"ads": {}} if kind == "ads" else SOURCES[kind]
    agree(bootstrap)


def test_a_locator_of_listeners_is_looked_at_when_envoy_starts() -> None:
    bootstrap = copy.deepcopy(rich_samples.BOOTSTRAP)
    bootstrap["dynamic_resources"]["lds_resources_locator"] = "/a"
    assert validate(bootstrap).ok
    with pytest.raises(ConfigError, match="no xdstp: URL"):
        snapshot.load(bootstrap)
    envoy = Envoy(bootstrap)
    try:
        with pytest.raises((RuntimeError, OSError)):
            envoy.start()
    finally:
        envoy.stop()


def test_the_port_of_the_admin_page_is_a_number() -> None:
    agree({"admin": {"address": {"socket_address": {"address": "127.0.0.1", "named_port": "http"}}}})


AGGREGATED = source("AGGREGATED_GRPC", grpc_services=[SERVICE])
SOME = [{"name": "a"}]
OTHER = {"name": "x", "typed_config": {"@type": names.url("envoy.type.v3.Percent"), "value": 1}}
COLLECTIONS: dict[str, Tree] = {
    "aggregated": {"default_config_source": AGGREGATED},
    "aggregated deltas": {"default_config_source": source("AGGREGATED_DELTA_GRPC", grpc_services=[SERVICE])},
    "deltas": {"default_config_source": source("DELTA_GRPC", grpc_services=[SERVICE])},
    "a file": {"default_config_source": {"path_config_source": {"path": "/dev/null"}}},
    "of an unknown cluster": {
        "default_config_source": source("AGGREGATED_GRPC", grpc_services=[{"envoy_grpc": {"cluster_name": "none"}}])
    },
    "of two services": {"default_config_source": source("AGGREGATED_GRPC", grpc_services=[SERVICE, SERVICE])},
    "of version 2": {
        "default_config_source": source("AGGREGATED_GRPC", grpc_services=[SERVICE], transport_api_version="V2")
    },
    "for an authority": {"config_sources": [{**AGGREGATED, "authorities": SOME}]},
    "for no authority": {"config_sources": [AGGREGATED]},
    "for an authority twice": {"config_sources": 2 * [{**AGGREGATED, "authorities": SOME}]},
    "not aggregated for an authority": {"config_sources": [{**SOURCES["grpc"], "authorities": SOME}]},
}


@pytest.mark.parametrize("case", COLLECTIONS)
def test_sources_of_what_urls_name(case: str) -> None:
    agree({**copy.deepcopy(STATIC), **COLLECTIONS[case]})


@pytest.mark.parametrize("place", ["cds", "ads", "eds"])
@pytest.mark.parametrize("kind", ["GRPC", "DELTA_GRPC"])
def test_what_is_to_look_at_resources_is_known(place: str, kind: str) -> None:
    agree(with_source(place, source(kind, grpc_services=[SERVICE], config_validators=[OTHER])))


def test_nothing_looks_at_resources_by_rest() -> None:
    found = source("REST", cluster_names=["xds"], refresh_delay="1s", config_validators=[OTHER])
    agree(with_source("cds", found))
