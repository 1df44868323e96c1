"""Where resources come from: config sources, told apart.

A feed is one conversation with a control plane: the aggregated stream, a stream of one kind, polling by
REST, or one file.

XD-27  `resource_api_version` is V3. `self` is the source of what names it. `ads` needs `ads_config`.
XD-14  `initial_fetch_timeout`: 15 s unless given, 0 waits for ever.
XD-20  `xdstp:` names and their authorities are not supported.
XD-24  A file serves one resource of the kinds that are asked for by name, so each name has a feed of its own.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from fastroute.errors import ConfigError, RejectedError, UnsupportedError
from fastroute.records import field, record
from fastroute.xds.kinds import Kind

REST, GRPC, DELTA_GRPC = 1, 2, 3
FETCH_TIMEOUT: Final = 15.0
_V3: Final = 2

Transport = Literal["grpc", "rest", "path"]


@record
class Feed:
    """One conversation. Two config sources that say the same are one feed."""

    transport: Transport
    kind: Kind | None
    """None for the aggregated stream."""
    delta: bool = False
    text: str = ""
    """What tells it apart: the source's own words."""
    name: str = ""
    """The one resource of a file."""
    config: Any = field(default=None, compare=False, repr=False)
    """ApiConfigSource, or PathConfigSource."""

    @property
    def aggregated(self) -> bool:
        """Whether it is the aggregated stream."""
        return self.kind is None

    def __str__(self) -> str:
        kind = "ADS" if self.kind is None else self.kind.short
        if self.transport == "path":
            return f"{kind} from {self.config.path}"
        return f"{kind} over {'REST' if self.transport == 'rest' else 'gRPC'}{', incremental' if self.delta else ''}"


@record
class Origin:
    """What a config source says: the feed, and how long its first answer may take (0: for ever)."""

    feed: Feed
    timeout: float


def ads_feed(config: Any) -> Feed:
    """The aggregated stream of `ads_config`."""
    if config.api_type not in (GRPC, DELTA_GRPC):
        raise RejectedError("the aggregated stream is GRPC or DELTA_GRPC", path="dynamic_resources.ads_config.api_type")
    _check_api(config, "dynamic_resources.ads_config")
    return Feed("grpc", None, config.api_type == DELTA_GRPC, _text(config), config=config)


def origin(source: Any, kind: Kind, name: str, path: str, *, ads: Feed | None, parent: Feed | None = None) -> Origin:
    """Where the ConfigSource `source` at `path` has resources of `kind` from.

    `ads` is the aggregated stream, if there is one; `parent` the feed of the resource that names `source`.
    Raises RejectedError for what Envoy refuses, UnsupportedError for `xdstp:` and collections.
    """
    if source.resource_api_version != _V3:
        raise RejectedError(
            "only the V3 API is served",
            path=f"{path}.resource_api_version",
            remedy="Set resource_api_version: V3.",
        )
    if name.startswith("xdstp:") or source.authorities:
        raise UnsupportedError("xdstp: names are not supported (XD-20)", path=path, remedy="Name the resource plainly.")
    timeout = FETCH_TIMEOUT
    if source.HasField("initial_fetch_timeout"):
        timeout = source.initial_fetch_timeout.ToNanoseconds() / 1e9
    return Origin(_feed(source, kind, name, path, ads, parent), timeout)


def _feed(source: Any, kind: Kind, name: str, path: str, ads: Feed | None, parent: Feed | None) -> Feed:
    named = "" if kind.wildcard else name
    match source.WhichOneof("config_source_specifier"):
        case "ads":
            return _aggregated(ads, path)
        case "self":
            if parent is None:
                raise RejectedError("self names the source of a resource that has none", path=f"{path}.self")
            return parent if parent.aggregated else Feed(
                parent.transport, kind, parent.delta, parent.text, named, config=parent.config
            )  # fmt: skip
        case "api_config_source":
            return _api(source.api_config_source, kind, f"{path}.api_config_source")
        case "path_config_source":
            return _file(source.path_config_source, kind, named)
        case "path":
            config = type(source)().path_config_source
            config.path = source.path
            return _file(config, kind, named)
        case _:
            raise RejectedError("missing config source specifier", path=path, remedy="Name a source.")


def _aggregated(ads: Feed | None, path: str) -> Feed:
    if ads is None:
        raise RejectedError(
            "ADS must be configured to support an ADS config source",
            path=f"{path}.ads",
            remedy="Set dynamic_resources.ads_config in the bootstrap.",
        )
    return ads


def _api(config: Any, kind: Kind, path: str) -> Feed:
    if config.api_type == REST:
        if not config.cluster_names:
            raise RejectedError("REST needs a cluster to ask", path=f"{path}.cluster_names")
        if not config.HasField("refresh_delay"):
            raise RejectedError("refresh_delay is required for REST ApiConfigSources", path=f"{path}.refresh_delay")
        return Feed("rest", kind, False, _text(config), config=config)
    if config.api_type not in (GRPC, DELTA_GRPC):
        raise _not_served(config, path)
    _check_api(config, path)
    return Feed("grpc", kind, config.api_type == DELTA_GRPC, _text(config), config=config)


def _not_served(config: Any, path: str) -> ConfigError:
    name = config.DESCRIPTOR.fields_by_name["api_type"].enum_type.values_by_number.get(config.api_type)
    return UnsupportedError(
        f"api_type {name.name if name else config.api_type} is not supported",
        path=f"{path}.api_type",
        remedy="Use GRPC, DELTA_GRPC or REST.",
    )


def _check_api(config: Any, path: str) -> None:
    if config.transport_api_version != _V3:
        raise RejectedError("only the V3 API is served", path=f"{path}.transport_api_version")
    if len(config.grpc_services) != 1:
        raise RejectedError(
            f"one gRPC service is needed, {len(config.grpc_services)} are named", path=f"{path}.grpc_services"
        )


def _file(config: Any, kind: Kind, name: str) -> Feed:
    return Feed("path", kind, False, _text(config), name, config=config)


def _text(config: Any) -> str:
    return bytes(config.SerializeToString(deterministic=True)).hex()
