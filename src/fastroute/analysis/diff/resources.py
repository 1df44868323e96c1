"""The resources that came, went or changed between two sources.

Rules: a resource is what its kind and name say; of several with one name, the first is the first. A
listener without a name goes by its address. A bootstrap is compared without its static listeners,
clusters and secrets, which are compared on their own. What a config dump shows of route configurations
inside listeners is left out: the listeners hold them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from google.protobuf.message import Message

from fastroute.analysis.diff.fields import ADDED, CHANGED, REMOVED, FieldChange, field_changes
from fastroute.analysis.diff.pairs import address_text
from fastroute.analysis.diff.words import about, sentence, sentences
from fastroute.config.resources import Resource, Resources
from fastroute.records import record

INLINE = "inline"
_STATIC = ("listeners", "clusters", "secrets")


@record
class Change:
    """A resource that was added, removed or changed; `fields` tell what changed in it.

    `kind` is the message's name: `Listener`, `RouteConfiguration`, `Cluster`, `ClusterLoadAssignment`, …
    """

    kind: str
    name: str
    change: str
    before: Resource | None = None
    after: Resource | None = None
    fields: tuple[FieldChange, ...] = ()

    @property
    def title(self) -> str:
        """`Cluster "blue" added: STATIC, ROUND_ROBIN`."""
        resource = self.after or self.before
        words = "" if self.change == CHANGED or resource is None else about(resource.message)
        named = f'{self.kind} "{self.name}"' if self.name else self.kind
        return f"{named} {self.change}: {words}" if words else f"{named} {self.change}"

    def sentences(self) -> tuple[str, ...]:
        """What changed in the resource, one sentence each."""
        return tuple(sentences(self.fields))

    def text(self) -> str:
        """The title, and the sentences below it."""
        return "\n    ".join((self.title, *self.sentences()))

    def to_dict(self) -> dict[str, object]:
        """The change for JSON."""
        found: dict[str, object] = {"kind": self.kind, "name": self.name, "change": self.change}
        if self.fields:
            found["fields"] = [_field_dict(field) for field in self.fields]
        return found


def _field_dict(field: FieldChange) -> dict[str, object]:
    found: dict[str, object] = {"change": field.change, "path": field.path}
    if field.change != ADDED:
        found["before"] = field.before
    if field.change != REMOVED:
        found["after"] = field.after
    return {**found, "text": sentence(field)}


def diff(before: Resources, after: Resources) -> list[Change]:
    """Every resource that differs, kind by kind; within a kind by name."""
    found: list[Change] = []
    for old, new in zip(_groups(before), _groups(after), strict=True):
        found += _compare(old, new)
    return found


def diff_messages(before: Mapping[str, Message], after: Mapping[str, Message]) -> list[Change]:
    """The same for messages of one kind, by their names."""
    return list(_compare(*({name: Resource(name, one) for name, one in side.items()} for side in (before, after))))


def summary(changes: Iterable[Change]) -> str:
    """`2 added, 1 removed, 3 changed`."""
    counts = Counter(change.change for change in changes)
    return ", ".join(f"{counts[kind]} {kind}" for kind in (ADDED, REMOVED, CHANGED))


def _groups(resources: Resources) -> Iterator[dict[str, Resource]]:
    yield {} if resources.bootstrap is None else {"": _without_static(resources.bootstrap)}
    yield _named(resources.listeners)
    yield _named(one for one in resources.routes if one.origin != INLINE)
    yield _named(one for one in resources.scoped_routes if one.origin != INLINE)
    yield _named(resources.virtual_hosts)
    yield _named(resources.clusters)
    yield _named(resources.endpoints)
    yield _named(resources.secrets)


def _named(group: Iterable[Resource]) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    counts: Counter[str] = Counter()
    for resource in group:
        name = resource.name or _address(resource.message)
        counts[name] += 1
        found[name if counts[name] == 1 else f"{name} ({counts[name]})"] = resource
    return found


def _address(message: Message) -> str:
    return address_text(message.address) if message.DESCRIPTOR.name == "Listener" else ""  # type: ignore[attr-defined]


def _without_static(resource: Resource) -> Resource:
    copy = type(resource.message)()
    copy.CopyFrom(resource.message)
    for field in _STATIC:
        copy.static_resources.ClearField(field)  # type: ignore[attr-defined]
    return Resource("", copy, resource.positions, resource.root)


def _compare(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        some = new or old
        assert some is not None
        kind = some.message.DESCRIPTOR.name
        if old is None or new is None:
            yield Change(kind, name, ADDED if old is None else REMOVED, old, new)
        elif old.message != new.message:
            fields = tuple(field_changes(old.message, new.message))
            if fields:
                yield Change(kind, name, CHANGED, old, new, fields)
