"""Checks that Envoy makes when it starts with a bootstrap.

* What asks for `ads` needs `ads_config`. (The node's id and cluster, which Envoy wants then, may also
  come from its command line.)
* The clusters that ADS is asked at are static. A secret has a type.
* A locator of listeners or clusters is an `xdstp:` URL of a collection of them. The port of the admin
  page is a number.
* Runtime layers have names of their own, and one admin layer is the most.
* A tag has a name, and a regex or a value, unless it is one of Envoy's own (`envoy.…`).
* The local cluster is a static one.
* HDS and load statistics are asked for by gRPC, at static clusters.

`envoy --mode validate` subscribes to no listeners, asks neither for clusters nor for HDS, and makes no matcher of
statistics: what is wrong with these ends Envoy only when it really starts (`is_late`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fastroute.api import config_sources, names

Complaint = tuple[str, str, str]

_LOCATORS = {"lds_resources_locator": names.LISTENER, "cds_resources_locator": names.CLUSTER}


def bootstrap(message: Any) -> Iterator[Complaint]:
    """What is wrong with a Bootstrap as a whole."""
    has_ads = message.dynamic_resources.HasField("ads_config")
    if not has_ads:
        yield from _without_ads(message)
    for path, wrong, remedy in config_sources.ads(message.dynamic_resources.ads_config) if has_ads else ():
        yield f"dynamic_resources.ads_config.{path}".rstrip("."), wrong, remedy
    for field, kind in _LOCATORS.items():
        locator = getattr(message.dynamic_resources, field)
        for _, wrong, remedy in config_sources.located(locator, kind):
            yield f"dynamic_resources.{field}", wrong, remedy
        source = field.replace("resources_locator", "config")
        for _, wrong, remedy in (
            config_sources.collection(getattr(message.dynamic_resources, source)) if locator else ()
        ):
            yield f"dynamic_resources.{source}", wrong, remedy
    if message.admin.address.socket_address.HasField("named_port"):
        wrong = "IP resolver can't handle port specifier type 4"
        yield "admin.address.socket_address.named_port", wrong, "Use port_value."
    known = {cluster.name for cluster in message.static_resources.clusters}
    for path, wrong, remedy in _unknown(message.dynamic_resources.ads_config, known):
        yield f"dynamic_resources.ads_config.{path}", wrong, remedy
    yield from _parts(message, known)


def _parts(message: Any, known: set[str]) -> Iterator[Complaint]:
    local = message.cluster_manager.local_cluster_name
    if local and local not in known:
        yield "cluster_manager.local_cluster_name", f"local cluster '{local}' must be defined", "Define it statically."
    for path, api in (
        ("hds_config", message.hds_config),
        ("cluster_manager.load_stats_config", message.cluster_manager.load_stats_config),
    ):
        if api.api_type:
            found = (*config_sources.ads(api), *_unknown(api, known))
            yield from ((f"{path}.{step}".rstrip("."), wrong, remedy) for step, wrong, remedy in found)


def _unknown(api: Any, known: set[str]) -> Iterator[Complaint]:
    for position, service in enumerate(api.grpc_services):
        name = service.envoy_grpc.cluster_name
        if service.HasField("envoy_grpc") and name not in known:
            path = f"grpc_services[{position}].envoy_grpc.cluster_name"
            yield path, f"unknown gRPC client cluster '{name}'", "Name a cluster of static_resources."


_LATE = (
    "dynamic_resources.lds_",
    "dynamic_resources.cds_config.ads",
    "hds_config",
    "cluster_manager.load_stats_config",
    "stats_config.stats_matcher",
)
_LATE_ADS = re.compile(
    r"layered_runtime\.layers\[\d+\]\.rtds_layer\.rtds_config\.ads"
    r"|static_resources\.clusters\[\d+\]\.eds_cluster_config\.eds_config\.ads"
)


def is_late(path: str) -> bool:
    """Whether Envoy finds what is wrong at `path` of a bootstrap only when it really starts."""
    return path.startswith(_LATE) or _LATE_ADS.fullmatch(path) is not None


def _without_ads(message: Any) -> Iterator[Complaint]:
    wrong, remedy = "ADS must be configured to support an ADS config source", "Set dynamic_resources.ads_config."
    for field in ("lds_config", "cds_config"):
        if getattr(message.dynamic_resources, field).HasField("ads"):
            yield f"dynamic_resources.{field}.ads", wrong, remedy
    for position, layer in enumerate(message.layered_runtime.layers):
        if layer.rtds_layer.rtds_config.HasField("ads"):
            yield f"layered_runtime.layers[{position}].rtds_layer.rtds_config.ads", wrong, remedy
    for position, cluster in enumerate(message.static_resources.clusters):
        if cluster.eds_cluster_config.eds_config.HasField("ads"):
            yield f"static_resources.clusters[{position}].eds_cluster_config.eds_config.ads", wrong, remedy


def layered_runtime(message: Any) -> Iterator[Complaint]:
    """What is wrong with the layers of the runtime."""
    seen: set[str] = set()
    admins = 0
    for position, layer in enumerate(message.layers):
        if layer.name in seen:
            yield f"layers[{position}].name", f"duplicate layer name: {layer.name}", "Give each layer its own name."
        seen.add(layer.name)
        if layer.HasField("rtds_layer") and not layer.rtds_layer.HasField("rtds_config"):
            yield f"layers[{position}].rtds_layer.rtds_config", "missing config source specifier", "Set it."
        admins += layer.HasField("admin_layer")
        if admins > 1 and layer.HasField("admin_layer"):
            yield f"layers[{position}].admin_layer", "too many admin layers", "Keep one."


def secret(message: Any) -> Iterator[Complaint]:
    """What is wrong with a Secret."""
    if message.WhichOneof("type") is None:
        yield "", "secret type not implemented", "Set one of its types."


def tag_specifier(message: Any) -> Iterator[Complaint]:
    """What is wrong with a tag of the statistics."""
    if not message.tag_name:
        yield "tag_name", "tag_name cannot be empty", "Set it."
    elif not message.regex and not message.HasField("fixed_value") and not message.tag_name.startswith("envoy."):
        wrong = f"no regex specified for tag specifier and no default regex for name: '{message.tag_name}'"
        yield "regex", wrong, "Set regex or fixed_value."
