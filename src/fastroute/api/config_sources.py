"""Checks that Envoy makes when it subscribes to a source of configuration.

* The version of the protocol is not V2.
* A gRPC source names one service and no cluster; a REST source one cluster, a refresh delay and no service.
* The kinds AGGREGATED_GRPC and AGGREGATED_DELTA_GRPC are none that a subscription or ADS can have; ADS is
  a gRPC source.
* The cluster behind a source, unless that is of DELTA_GRPC, is one of the bootstrap, and no EDS cluster but
  one that reads a file. What a bootstrap does not hold cannot be known without one: the check is made in
  bootstraps only. Secrets are subscribed to later, so that their source may name any cluster.
* A collection that an `xdstp:` URL names comes by ADS or DELTA_GRPC.
* `self` is no source that can be subscribed to, and a file's path is not empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar

from fastroute.api import extension_points
from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

PRIMARY: ContextVar[frozenset[str] | None] = ContextVar("primary clusters", default=None)
"""The clusters of the bootstrap that is looked at which a source may name; None outside of a bootstrap."""

SECRETS: ContextVar[frozenset[tuple[str, str]] | None] = ContextVar("static secrets", default=None)
"""Kind and name of the secrets of the bootstrap that is looked at; None outside of a bootstrap."""

_KINDS: Mapping[int, str] = {1: "REST", 2: "GRPC", 3: "DELTA_GRPC", 5: "AGGREGATED_GRPC", 6: "AGGREGATED_DELTA_GRPC"}
_REST, _GRPC, _DELTA = 1, 2, 3
AGGREGATED = (5, 6)
"""The kinds of sources that what `xdstp:` URLs name comes from."""
_V2 = 1
_LOCATOR = pattern(r"xdstp://[^/]*/([^/?#]*)")
_FILES = ("path", "path_config_source")


def primary_clusters(bootstrap: Any) -> frozenset[str]:
    """The static clusters that are there before any source is asked."""
    return frozenset(cluster.name for cluster in bootstrap.static_resources.clusters if _is_primary(cluster))


def static_secrets(bootstrap: Any) -> frozenset[tuple[str, str]]:
    """Kind and name of the static secrets."""
    return frozenset((secret.WhichOneof("type") or "", secret.name) for secret in bootstrap.static_resources.secrets)


def _is_primary(cluster: Any) -> bool:
    return cluster.type != 3 or cluster.eds_cluster_config.eds_config.WhichOneof("config_source_specifier") in _FILES


def config_source(message: Any) -> Iterator[Complaint]:
    """What is wrong with a ConfigSource, wherever it stands."""
    if message.HasField("self"):
        wrong = "missing config source specifier: self is none that Envoy can subscribe to"
        yield "self", wrong, "Name the source."
    if message.HasField("path") and not message.path:
        yield "path", "paths must refer to an existing path in the system: '' does not exist", "Name the file."
    if message.HasField("api_config_source"):
        api = message.api_config_source
        for path, wrong, remedy in named(api):
            yield f"api_config_source.{path}" if path else "api_config_source", wrong, remedy
        for path, wrong, remedy in validators(api):
            yield f"api_config_source.{path}", wrong, remedy
        if api.api_type in AGGREGATED:
            wrong = f"Unsupported config source {_KINDS[api.api_type]}"
            yield "api_config_source.api_type", wrong, "Use ads, or a kind of its own."
        if api.api_type == _REST and not api.HasField("refresh_delay"):
            wrong = "refresh_delay is required for REST API configuration sources"
            yield "api_config_source.refresh_delay", wrong, "Set it."


def named(api: Any) -> Iterator[Complaint]:
    """What is wrong with an ApiConfigSource: its version, and the services and clusters that it names."""
    if api.transport_api_version == _V2:
        wrong = "V2 xDS transport protocol version is deprecated, and no longer supported"
        yield "transport_api_version", wrong, "Use V3."
    if not api.cluster_names and not api.grpc_services:
        wrong = "API configs must have either a gRPC service or a cluster name defined"
        yield "", wrong, "Set grpc_services."
    elif api.api_type == _REST:
        if api.grpc_services:
            yield "grpc_services", "a source that is not gRPC must not have a gRPC service", "Use cluster_names."
        elif len(api.cluster_names) != 1:
            yield "cluster_names", "a REST source must have a singleton cluster name specified", "Keep one."
    elif api.cluster_names:
        yield "cluster_names", "a gRPC source must not have a cluster name specified", "Use grpc_services."
    elif len(api.grpc_services) > 1:
        yield "grpc_services", "a gRPC source must have no more than 1 gRPC services specified", "Keep one."


def validators(api: Any) -> Iterator[Complaint]:
    """What is wrong with what is to look at the resources of a gRPC source; one of REST has none."""
    for position, each in enumerate(api.config_validators if api.api_type != _REST else ()):
        yield from extension_points.extension(
            each, f"config_validators[{position}]", each.name, "envoy.config.validators"
        )


def ads(api: Any) -> Iterator[Complaint]:
    """What is wrong with the ApiConfigSource of ADS."""
    yield from named(api)
    yield from validators(api)
    if api.api_type == _REST or api.api_type in AGGREGATED:
        wrong = "the source must be of the type of non-aggregated gRPC"
        yield "api_type", wrong, "Use GRPC or DELTA_GRPC."


def located(locator: str, kind: str) -> Iterator[Complaint]:
    """What is wrong with the `xdstp:` URL of a collection of resources of the type `kind`; nothing with none."""
    if not locator:
        return
    found = _LOCATOR.match(locator)
    if not found:
        yield "", f"{locator} is no xdstp: URL", "Name a collection, or remove it."
    elif found[1] != kind:
        yield "", f"xdstp:// type does not match {kind} in {locator}", f"Name a collection of {kind}."


def collection(source: Any) -> Iterator[Complaint]:
    """What is wrong with the ConfigSource of a collection that an `xdstp:` URL names."""
    if not source.HasField("ads") and source.api_config_source.api_type != _DELTA:
        wrong = "a collection needs a source that is ADS or gRPC in delta-xDS mode"
        yield "", wrong, "Use ads, or an api_config_source of DELTA_GRPC."


def subscribing(*fields: str) -> Callable[[Any], Iterator[Complaint]]:
    """The check of a message whose `fields` are sources that Envoy subscribes to at once."""

    def check(message: Any) -> Iterator[Complaint]:
        known = PRIMARY.get()
        for field in fields if known is not None else ():
            if message.HasField(field):
                yield from _backed(getattr(message, field), field, known or frozenset())

    return check


def _backed(source: Any, path: str, known: frozenset[str]) -> Iterator[Complaint]:
    api = source.api_config_source
    here = [(f"cluster_names[{index}]", name) for index, name in enumerate(api.cluster_names)]
    for index, service in enumerate(api.grpc_services if api.api_type == _GRPC else ()):
        if service.HasField("envoy_grpc"):
            here.append((f"grpc_services[{index}].envoy_grpc.cluster_name", service.envoy_grpc.cluster_name))
    for step, name in here:
        if name not in known:
            wrong = f"an ApiConfigSource must have a statically defined non-EDS cluster: '{name}' is none"
            yield f"{path}.api_config_source.{step}", wrong, "Name a cluster of static_resources."
