"""What a bootstrap says about following: who asks, where, and what is there from the start."""

from __future__ import annotations

from typing import Any

from fastroute._version import __version__
from fastroute.api import pool
from fastroute.config.load import Source, read
from fastroute.config.resources import Resources
from fastroute.errors import ConfigError, UnsupportedError
from fastroute.records import record
from fastroute.xds.feeds import Feed, Origin, ads_feed, origin
from fastroute.xds.kinds import CLUSTERS, LISTENERS


@record
class Start:
    """A bootstrap, read for a client."""

    resources: Resources
    """The bootstrap's own resources and runtime."""
    node: Any
    """The `Node` of every request."""
    ads: Feed | None
    clusters: Origin | None
    """Where clusters are asked for; None when nobody asks for any."""
    listeners: Origin | None


def read_start(source: Source, *, strict: bool = True) -> Start:
    """Read a bootstrap; ConfigError names what is wrong, or cannot be followed."""
    resources = read(source, strict=strict)
    if resources.bootstrap is None:
        raise ConfigError("a bootstrap is needed: without one nobody says whom to follow", remedy="Give a bootstrap.")
    bootstrap: Any = resources.bootstrap.message
    try:
        _check(bootstrap)
        dynamic = bootstrap.dynamic_resources
        ads = ads_feed(dynamic.ads_config) if dynamic.HasField("ads_config") else None
        found = [
            origin(getattr(dynamic, field), kind, "", f"dynamic_resources.{field}", ads=ads)
            if dynamic.HasField(field)
            else None
            for field, kind in (("cds_config", CLUSTERS), ("lds_config", LISTENERS))
        ]
    except ConfigError as error:
        error.where, error.resource = resources.bootstrap.where(error.path), error.resource or "Bootstrap"
        raise
    return Start(resources, _node(bootstrap), ads, found[0], found[1])


def _check(bootstrap: Any) -> None:
    for field in ("cds_resources_locator", "lds_resources_locator"):
        if getattr(bootstrap.dynamic_resources, field):
            raise UnsupportedError("xdstp: collections are not supported (XD-20)", path=f"dynamic_resources.{field}")
    for number, layer in enumerate(bootstrap.layered_runtime.layers):
        if layer.HasField("rtds_layer"):
            raise UnsupportedError(
                "runtime keys of a control plane (RTDS) may change decisions and are not followed (XD-26)",
                path=f"layered_runtime.layers[{number}].rtds_layer",
                remedy="Give the keys in a static_layer.",
            )


def _node(bootstrap: Any) -> Any:
    node: Any = pool.new("envoy.config.core.v3.Node")
    node.CopyFrom(bootstrap.node)
    node.user_agent_name = "fastroute"
    node.user_agent_version = __version__
    return node
