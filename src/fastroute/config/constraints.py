"""The constraints of the Envoy API, enforced on everything that was read.

Rule (CF-11): Envoy checks them after parsing and before it looks at meaning. All violations of a
source are reported at once: the first is raised and carries the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from fastroute.api import constraints, quick_checks
from fastroute.api.faults import Fault
from fastroute.config.resources import Resource, Resources, label_of
from fastroute.errors import Notice, RejectedError
from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

Unread = Mapping[int, Sequence[Fault]]
"""The `id` of each message that is what was left of a faulty one, and the faults."""

NOTHING: Final[Unread] = MappingProxyType({})
_EFFECT = "Envoy refuses the resource; it is used as it stands."
_BROKEN = "Envoy refuses the resource; it is not used."
_UNUSABLE = frozenset(("constraint", "required"))
"""Codes of violations that no Envoy takes, and with which a resource says nothing that could be decided."""
_STATIC = pattern(r"static_resources\.(listeners|clusters|secrets)\[(\d+)\]")


def verify(resources: Resources, *, strict: bool = True, unread: Unread = NOTHING) -> None:
    """Raise `RejectedError` for what breaks a constraint; when not strict, note it in `resources.notices`.

    What follows from a value that is `unread` is not told.

    What no Envoy could make sense of then is in `resources.broken`, and is not compiled.
    """
    errors = list(violations(resources, unread))
    if errors and strict:
        errors[0].others = tuple(errors[1:])
        raise errors[0]
    for error in errors:
        broken = error.code in _UNUSABLE
        resources.notices.append(Notice(error, _BROKEN if broken else _EFFECT))
        if broken:
            resources.broken.add(_label(error, resources))


def _label(error: RejectedError, resources: Resources) -> str:
    """The resource of an error, such as `Cluster "blue"`; of a static one its own, not the bootstrap's."""
    static = _STATIC.match(error.path) if error.resource == "Bootstrap" else None
    if static is None:
        return error.resource
    bootstrap: Any = resources.bootstrap
    message = getattr(bootstrap.message.static_resources, static[1])[int(static[2])]
    return label_of(message.DESCRIPTOR.name, message.name)


def violations(resources: Resources, unread: Unread = NOTHING) -> Iterator[RejectedError]:
    """Every violation in the resources, in the order of their kinds."""
    for resource in whole(resources):
        if quick_checks.is_clean(resource.message):
            continue
        found = constraints.check(resource.message)
        if id(resource.message) in unread:
            from fastroute.config.paths import beside

            found = beside(unread[id(resource.message)], found)
        for violation in found:
            if not _allowed(violation, resources):
                yield _error(resource, violation)


def _allowed(violation: constraints.Violation, resources: Resources) -> bool:
    """Whether the runtime allows what Envoy took once and now refuses by default."""
    return bool(violation.subject) and resources.runtime.get(constraints.ALLOWING + violation.subject) is True


def whole(resources: Resources) -> Iterator[Resource]:
    """Each resource once: those that stand in the bootstrap are checked with it."""
    bootstrap = resources.bootstrap
    contained: set[int] = set()
    if bootstrap is not None:
        yield bootstrap
        static = bootstrap.message.static_resources  # type: ignore[attr-defined]
        contained = {id(item) for field in ("listeners", "clusters", "secrets") for item in getattr(static, field)}
    for group in (
        resources.listeners,
        resources.routes,
        resources.scoped_routes,
        resources.virtual_hosts,
        resources.clusters,
        resources.endpoints,
        resources.secrets,
    ):
        for resource in group:
            if id(resource.message) not in contained:
                yield resource


def _error(resource: Resource, violation: constraints.Violation) -> RejectedError:
    kind = resource.message.DESCRIPTOR.name
    return RejectedError(
        violation.message,
        path=violation.path,
        where=resource.where(violation.path),
        resource=label_of(kind, resource.name),
        remedy=violation.remedy,
        code=violation.code,
    )
