"""What compiling finds wrong in a source that has errors already, so that all are told at once.

Rules:
- Values that break a constraint are taken out first, as those that could not be read were. A resource that breaks
  one even then, but for what it lacks, is not compiled.
- Where something could not be read that may be a cluster, no cluster is unknown: it may be the one that is named.
- What follows from an error told before is not told: an error at its field, or within it, or of the message
  around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from google.protobuf.message import Message

from fastroute.api import constraints
from fastroute.config.clearing import clear
from fastroute.config.constraints import whole
from fastroute.config.paths import around, is_within
from fastroute.config.resources import Resource, Resources, label_of
from fastroute.errors import ConfigError, ParseError
from fastroute.records import replace
from fastroute.snapshot.build import compile_all
from fastroute.snapshot.compiler import Compiler
from fastroute.snapshot.parts import known_clusters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LISTS = ("listeners", "routes", "scoped_routes", "virtual_hosts", "clusters", "endpoints", "secrets")
_READ = re.compile(
    r"(?:RouteConfiguration|Listener|ScopedRouteConfiguration) \""
    r"|Bootstrap (?:static_resources\.listeners\[|(?!static|dynamic)\w)"
)
"""Places where clusters are only named."""
_STATIC = re.compile(r"static_resources\.(listeners|clusters|secrets)\[(\d+)\]\.?")


def further_errors(
    resources: Resources, errors: Sequence[ConfigError], runtime: Mapping[str, object]
) -> list[ConfigError]:
    """What compiling `resources` finds beside `errors`, which reading found."""
    resources = _copied(resources)
    repair(resources, resources)
    known = None if unread(errors) else known_clusters((each.name for each in resources.clusters), resources)
    compiler = Compiler(resources, True, {**resources.runtime, **runtime}, known)
    compile_all(compiler, {})
    return beside(errors, compiler.errors, resources)


def unread(errors: Sequence[ConfigError]) -> bool:
    """Whether something could not be read that may be a cluster, so that any name may be that of one."""
    return any(isinstance(error, ParseError) and not _READ.match(f"{error.resource} {error.path}") for error in errors)


def repair(broken: Resources, resources: Resources) -> None:
    """Take out of `broken` what breaks a constraint; `resources` are told what that does not help.

    The messages are changed.
    """
    for resource in whole(broken):
        _repair(resource, resources)


def beside(errors: Sequence[ConfigError], found: Sequence[ConfigError], resources: Resources) -> list[ConfigError]:
    """Of what compiling found, what does not follow from `errors`, which reading found."""
    places = {_place(error, resources) for error in errors}
    holders = {(label, around(path)) for label, path in _taken_out(errors, resources)}
    placed = ((error, *_place(error, resources)) for error in found)
    return [
        error
        for error, label, path in placed
        if (label, path) not in holders and not any(label == other and is_within(path, told) for other, told in places)
    ]


def _taken_out(errors: Iterable[ConfigError], resources: Resources) -> Iterator[tuple[str, str]]:
    gone = ("constraint", "unknown-type")
    return (_place(each, resources) for each in errors if each.code in gone or isinstance(each, ParseError))


def _copied(resources: Resources) -> Resources:
    """The resources with messages that may be changed: those at hand may be the caller's."""
    made: dict[int, Message] = {}
    bootstrap = resources.bootstrap
    if bootstrap is not None:
        message: Any = _copy(bootstrap.message)
        before: Any = bootstrap.message
        for field in ("listeners", "clusters", "secrets"):
            pairs = zip(getattr(before.static_resources, field), getattr(message.static_resources, field), strict=True)
            made.update((id(old), new) for old, new in pairs)
        bootstrap = _with(bootstrap, message)
    lists: dict[str, Any] = {
        kind: [_with(one, made.get(id(one.message)) or _copy(one.message)) for one in getattr(resources, kind)]
        for kind in _LISTS
    }
    return replace(resources, bootstrap=bootstrap, broken=set(resources.broken), **lists)


def _copy(message: Message) -> Message:
    return type(message).FromString(message.SerializeToString())


def _with(resource: Resource, message: Message) -> Resource:
    return Resource(resource.name, message, resource.positions, resource.root, resource.version, resource.origin)


def _repair(resource: Resource, resources: Resources) -> None:
    """Take out of a resource what breaks a constraint, and note it as broken if that does not help."""
    found = [violation for violation in constraints.check(resource.message) if violation.code == "constraint"]
    if not found:
        return
    for violation in found:
        clear(resource.message, violation.path)
    for violation in constraints.check(resource.message):
        if violation.code == "constraint":
            label, _ = _static(label_of(resource.message.DESCRIPTOR.name, resource.name), violation.path, resources)
            resources.broken.add(label)


def _place(error: ConfigError, resources: Resources) -> tuple[str, str]:
    """Resource and field path of an error; those of a static resource as it is called by itself."""
    return _static(error.resource, error.path, resources)


def _static(label: str, path: str, resources: Resources) -> tuple[str, str]:
    static = _STATIC.match(path) if label == "Bootstrap" else None
    if static is None or resources.bootstrap is None:
        return label, path
    bootstrap: Any = resources.bootstrap.message
    message = getattr(bootstrap.static_resources, static[1])[int(static[2])]
    return label_of(message.DESCRIPTOR.name, message.name), path[static.end() :]
