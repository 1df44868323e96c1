"""Changes of resources by kind and name, as a control plane sends them, and what holds after them.

Rules:
- A change is the whole resource, as a message or in wire form, or None: then it is gone.
- A resource that is replaced keeps its place, a new one comes last, the removal of one that is not
  there says nothing.
- A resource has the name that it is sent under.
- The constraints of the API hold for what changes; the rest has been checked already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from google.protobuf.message import DecodeError, Message

from fastroute.api import names, pool
from fastroute.config import constraints
from fastroute.config.collect import copy_of, name_of
from fastroute.config.resources import Resource, Resources, WireResource
from fastroute.errors import ConfigError, ParseError
from fastroute.records import field, record, replace

Content = Message | bytes | None
"""A resource as a message or in wire form; None: it is removed."""

KINDS = {
    "listeners": names.LISTENER,
    "routes": names.ROUTE_CONFIGURATION,
    "scoped_routes": names.SCOPED_ROUTE_CONFIGURATION,
    "clusters": names.CLUSTER,
    "endpoints": names.CLUSTER_LOAD_ASSIGNMENT,
    "secrets": names.SECRET,
}
"""The message of each kind of change."""


@record
class Changes:
    """By kind: resource name to its new content. `endpoints` go by the name of the load assignment."""

    listeners: Mapping[str, Content] = field(default_factory=dict)
    routes: Mapping[str, Content] = field(default_factory=dict)
    scoped_routes: Mapping[str, Content] = field(default_factory=dict)
    clusters: Mapping[str, Content] = field(default_factory=dict)
    endpoints: Mapping[str, Content] = field(default_factory=dict)
    secrets: Mapping[str, Content] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(getattr(self, kind) for kind in KINDS)


def apply(resources: Resources, changes: Changes, *, strict: bool = True) -> tuple[Resources, list[ConfigError]]:
    """The resources after `changes`, and what is refused of them; `resources` stays as it is."""
    fresh, errors = read_changes(changes, runtime=resources.runtime, strict=strict)
    labels = {_label(KINDS[kind], name) for kind in KINDS for name in getattr(changes, kind)}
    kept = [notice for notice in resources.notices if notice.error.resource not in labels]
    broken = {label for label in resources.broken if label not in labels} | fresh.broken
    result = replace(resources, notices=[*kept, *fresh.notices], broken=broken)
    for kind in KINDS:
        setattr(result, kind, _merged(kind, resources, fresh, changes))
    return result, errors


def read_changes(
    changes: Changes, *, runtime: Mapping[str, object], strict: bool = True
) -> tuple[Resources, list[ConfigError]]:
    """What is new, and all that is refused of it: what cannot be read, and what breaks the constraints of the API."""
    errors: list[ConfigError] = []
    fresh = Resources(runtime=runtime)
    for kind in KINDS:
        getattr(fresh, kind).extend(_parsed(kind, getattr(changes, kind), errors))
    errors.extend(_violations(fresh, strict=strict))
    return fresh, errors


def _violations(fresh: Resources, *, strict: bool) -> list[ConfigError]:
    try:
        constraints.verify(fresh, strict=strict)
    except ConfigError as error:
        others, error.others = error.others, ()
        return [error, *others]
    return []


def _parsed(kind: str, given: Mapping[str, Content], errors: list[ConfigError]) -> Iterator[Resource]:
    for name, content in given.items():
        try:
            if content is not None:
                yield _resource(kind, name, content)
        except ConfigError as error:
            errors.append(error)


def _resource(kind: str, name: str, content: Message | bytes) -> Resource:
    """Route configurations keep their wire form, which the next one is compared with."""
    message = _message(KINDS[kind], name, content)
    if kind == "routes" and isinstance(content, bytes):
        return WireResource(name, type(message), content, origin="dynamic", made=message)
    return Resource(name, message, origin="dynamic")


def _label(kind: str, name: str) -> str:
    return f'{kind.rpartition(".")[2]} "{name}"'


def _message(kind: str, name: str, content: Message | bytes) -> Message:
    label = _label(kind, name)
    if isinstance(content, bytes):
        try:
            message = pool.message_class(kind).FromString(content)
        except DecodeError:
            raise ParseError(f"the bytes are not a {kind}", resource=label, code="bytes") from None
    else:
        message = copy_of(content)
    if message.DESCRIPTOR.full_name != kind:
        raise ParseError(f"it is a {message.DESCRIPTOR.full_name}, not a {kind}", resource=label, code="kind")
    if name_of(message) != name:
        raise ParseError(f'the resource calls itself "{name_of(message)}"', resource=label)
    return message


def _merged(kind: str, resources: Resources, fresh: Resources, changes: Changes) -> list[Resource]:
    """Of several resources of one name, which only static or inline ones can be, the first gives its place."""
    new = {resource.name: resource for resource in getattr(fresh, kind)}
    gone: Mapping[str, Content] = getattr(changes, kind)
    merged: list[Resource] = []
    for resource in getattr(resources, kind):
        if resource.name not in gone:
            merged.append(resource)
        elif resource.name in new:
            merged.append(new.pop(resource.name))
    return [*merged, *new.values()]
