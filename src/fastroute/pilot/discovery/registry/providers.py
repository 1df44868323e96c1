"""Providers of MeshConfig: where access logs, spans and metrics go.

Metrics are made by a filter that only Istio's build of Envoy has, so that who gets them changes nothing here.
A provider counts only where it is named as a default; others may be of any kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from fastroute.pilot.discovery.registry.names import Filled, Format, check_format


@dataclass(frozen=True, slots=True)
class LogFormat:
    """A line of an access log: text, or names with formats for JSON."""

    text: Format = ""
    labels: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        for name, line in (self.labels or {}).items():
            _check_formats(name, line)


@dataclass(frozen=True, slots=True)
class FileAccessLog:
    """An access log in a file."""

    LATER: ClassVar[frozenset[str]] = frozenset({"omitEmptyValues"})

    path: Filled = "/dev/stdout"
    log_format: LogFormat = LogFormat()


@dataclass(frozen=True, slots=True)
class ExtensionProvider:
    """A named provider; only access logs in files are made use of."""

    OPEN: ClassVar[bool] = True

    name: str
    envoy_file_access_log: FileAccessLog | None = None


def _check_formats(name: str, line: object) -> None:
    """ValueError for a format that Envoy refuses, anywhere inside a value of JSON."""
    if isinstance(line, str):
        try:
            check_format(line)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    for inner in line.values() if isinstance(line, Mapping) else line if isinstance(line, list) else ():
        _check_formats(name, inner)


ENVOY: Final = ExtensionProvider("envoy", FileAccessLog())
"""The provider that is always there."""


@dataclass(frozen=True, slots=True)
class DefaultProviders:
    """The providers that hold where nothing else is said, by name."""

    INERT: ClassVar[frozenset[str]] = frozenset({"metrics"})
    LATER: ClassVar[Mapping[str, str]] = {"tracing": "Name the tracer in the proxies' bootstrap."}

    access_logging: tuple[str, ...] = ()


def file_logs(names: tuple[str, ...], providers: tuple[ExtensionProvider, ...]) -> tuple[FileAccessLog, ...]:
    """The access logs of these names; ValueError for a name that is none."""
    known = {one.name: one for one in (ENVOY, *providers)}
    found = []
    for name in names:
        provider = known.get(name)
        if provider is None:
            raise ValueError(f"there is no extension provider {name!r} (there are: {', '.join(sorted(known))})")
        if provider.envoy_file_access_log is None:
            raise ValueError(f"the extension provider {name!r} is no envoyFileAccessLog, and no other is supported yet")
        found.append(provider.envoy_file_access_log)
    return tuple(found)
