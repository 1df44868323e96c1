"""The route configuration under test, compiled once for each runtime key that a test switches on.

As in Envoy's tool, `runtime_fraction` holds only for the key that the test names: then its default value
decides, and holds up to and including a random value of its numerator; every other fraction is false.
Routes are renamed so that a decision tells which one it was. No connection manager is involved:
`internal_only_headers` has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from fastroute.api import declared
from fastroute.api.anys import type_url, unpack
from fastroute.api.names import HTTP_CONNECTION_MANAGER, ROUTE_CONFIGURATION
from fastroute.api.pool import type_name
from fastroute.config import Resource, Resources, read
from fastroute.config.load import Source
from fastroute.errors import ParseError
from fastroute.records import field, record
from fastroute.snapshot import build

MARK = "\x1f"
"""Separates a route's own name from its number in a renamed route."""


@record
class Route:
    """One route: its number in the configuration, its virtual host, and its message."""

    number: int
    host: Any
    message: Any

    @property
    def forwards(self) -> bool:
        """Whether the route has a RouteAction."""
        return bool(self.message.WhichOneof("action") == "route")

    @property
    def answers(self) -> bool:
        """Whether Envoy answers: a redirect or a direct response."""
        return self.message.WhichOneof("action") in ("redirect", "direct_response")

    @property
    def weight(self) -> int:
        """How many ways it has: one, or one for each weighted cluster."""
        clusters = self.message.route.weighted_clusters.clusters if self.forwards else ()
        return len(clusters) or 1


@record(frozen=False)
class Tables:
    """A route configuration and its compiled forms."""

    resource: Resource
    strict: bool = True
    runtime: Mapping[str, object] = field(default_factory=dict)
    _compiled: dict[str, Any] = field(default_factory=dict)

    @property
    def routes(self) -> list[Route]:
        """All routes, numbered in order."""
        message: Any = self.resource.message
        pairs = ((host, route) for host in message.virtual_hosts for route in host.routes)
        return [Route(number, host, route) for number, (host, route) in enumerate(pairs)]

    def table(self, runtime: str) -> Any:
        """The table with the runtime key `runtime` switched on."""
        if runtime not in self._compiled:
            self._compiled[runtime] = self._compile(runtime)
        return self._compiled[runtime]

    def _compile(self, runtime: str) -> Any:
        message = _under(runtime, self.resource.message)
        resource = Resource(self.resource.name, message, self.resource.positions, self.resource.root)
        snapshot = build(Resources(routes=[resource]), strict=self.strict, runtime=self.runtime)
        return snapshot.routes[self.resource.name]


def _under(runtime: str, original: Message) -> Message:
    """A copy whose runtime fractions are settled and whose routes carry their numbers."""
    message: Any = type(original)()
    message.CopyFrom(original)
    number = 0
    for host in message.virtual_hosts:
        for route in host.routes:
            route.name = f"{route.name}{MARK}{number}"
            number += 1
            if route.match.HasField("runtime_fraction"):
                _settle(route.match.runtime_fraction, runtime)
    message.validate_clusters.value = False
    message.ClearField("internal_only_headers")
    return message  # type: ignore[no-any-return]


def _settle(fraction: Any, runtime: str) -> None:
    """Make a fraction decide by its default value, or never; the tool takes the numerator itself in."""
    if runtime and fraction.runtime_key == runtime:
        fraction.default_value.numerator += 1
    else:
        fraction.default_value.numerator = 0
    fraction.runtime_key = ""


def number_of(name: str) -> int | None:
    """The number in a renamed route's name; None for no route."""
    _, mark, number = name.partition(MARK)
    return int(number) if mark else None


def find(source: Source, *, route_config: str | None = None, strict: bool = True) -> Tables:
    """The route configuration of a file: its own, or the one (or the named one) inside a bootstrap,
    listener, discovery response or config dump."""
    found = _configurations(source, strict)
    if not found:
        raise ParseError("no route configuration here", remedy="Give a RouteConfiguration, or what contains one.")
    if route_config is None and len(found) > 1:
        names = ", ".join(sorted({resource.name or '""' for resource, _ in found}))
        raise ParseError(f"several route configurations: {names}", remedy="Name one with --route-config.")
    for resource, runtime in found:
        if route_config is None or resource.name == route_config:
            return Tables(resource, strict, runtime)
    names = ", ".join(sorted(resource.name for resource, _ in found))
    raise ParseError(f'no route configuration "{route_config}"; there are: {names}')


def _configurations(source: Source, strict: bool) -> list[tuple[Resource, Mapping[str, object]]]:
    resources = _read(source, strict)
    inline = [each for listener in resources.listeners for each in _inline(listener)]
    return [(each, resources.runtime) for each in (*resources.routes, *inline)]


def _read(source: Source, strict: bool) -> Resources:
    """The resources; what is nothing known is refused as a route configuration, as Envoy's tool does."""
    try:
        return read(source, strict=strict)
    except ParseError as error:
        if "." in error.path or "[" in error.path or not error.path:
            raise
        return read(source, strict=strict, kind=ROUTE_CONFIGURATION)


def _inline(listener: Resource) -> Iterator[Resource]:
    """The route configurations inside a listener's connection managers."""
    message: Any = listener.message
    chains = [(f"filter_chains[{index}]", chain) for index, chain in enumerate(message.filter_chains)]
    if message.HasField("default_filter_chain"):
        chains.append(("default_filter_chain", message.default_filter_chain))
    for path, chain in chains:
        for index, each in enumerate(chain.filters):
            if type_name(type_url(each.typed_config)) == HTTP_CONNECTION_MANAGER:
                manager: Any = unpack(each.typed_config)
                if manager.HasField("route_config"):
                    inner = f"{path}.filters[{index}].typed_config.route_config"
                    root = f"{listener.root}.{inner}" if listener.root else inner
                    yield Resource(manager.route_config.name, manager.route_config, listener.positions, root)


def deprecated_fields(message: Message, path: str = "") -> Iterator[str]:
    """The paths of deprecated fields that are set."""
    for descriptor, value in message.ListFields():
        here = f"{path}.{descriptor.name}" if path else descriptor.name
        options = declared.field_options(descriptor)
        if options is not None and options.deprecated:
            yield here
        if descriptor.message_type is None or declared.is_map(descriptor):
            continue
        items: Any = value if descriptor.is_repeated else [value]
        for index, item in enumerate(items):
            yield from deprecated_fields(item, f"{here}[{index}]" if descriptor.is_repeated else here)
