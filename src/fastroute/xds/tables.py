"""What is in force: one snapshot, and how it takes changes.

Rules:
- What Envoy takes part by part is tried part by part: the resources that are at fault are named by the
  errors and left out, and the rest is tried again, until it holds (XD-04).
- A resource that waits for something else is judged by itself, so that it can be refused at once.
- A constraint of the API that is broken in the resource itself refuses the whole response (XD-12); what Envoy checks
  when it builds the resource, and constraints of what its Anys hold, refuse the resource (XD-04).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from google.protobuf.message import Message

from fastroute.config.changes import Changes, Content
from fastroute.config.constraints import violations
from fastroute.config.positions import steps
from fastroute.config.resources import Resource, Resources
from fastroute.errors import ConfigError, RejectedError
from fastroute.snapshot import Snapshot, build
from fastroute.xds.kinds import KINDS, LISTENERS, Kind

Changed = dict[Kind, dict[str, Message | None]]
"""What changes: by kind and name the new message, or None for what goes."""
Key = tuple[Kind, str]
Refused = dict[Key, ConfigError]

_BUILDING: Final = "refused"
"""The code of what Envoy checks when it builds a resource (`fastroute.api.semantics`)."""
_LABEL: Final = re.compile(r'(\w+) "(.*)"', re.DOTALL)
_BY_SHORT: Final = {kind.message.rpartition(".")[2]: kind for kind in KINDS}


class Tables(Protocol):
    """What a client puts resources into."""

    def check(self, kind: Kind, name: str, message: Message) -> ConfigError | None:
        """Why `message` breaks a constraint of the API, if it does."""
        ...

    def judge(self, kind: Kind, messages: Mapping[str, Message]) -> Refused:
        """Which of these could not be put in force, whatever comes later."""
        ...

    def apply(self, changed: Changed) -> Refused:
        """Put in force what can be; the rest is as it was."""
        ...


class SnapshotTables:
    """Tables that are a snapshot; `snapshot` is the newest."""

    def __init__(self, base: Resources, *, strict: bool = True) -> None:
        self._base, self._strict = base, strict
        self.snapshot = build(base, strict=strict)

    def check(self, kind: Kind, name: str, message: Message) -> ConfigError | None:
        """The first violation in the resource itself, with the others in it."""
        found = [each for each in self._violations(kind, name, message) if _is_of_itself(message, each)]
        if found:
            found[0].others = tuple(found[1:])
        return found[0] if found else None

    def _violations(self, kind: Kind, name: str, message: Message) -> list[RejectedError]:
        if not self._strict:
            return []
        resources = Resources(runtime=self._base.runtime)
        getattr(resources, kind.field).append(Resource(name, message))
        return list(violations(resources))

    def judge(self, kind: Kind, messages: Mapping[str, Message]) -> Refused:
        """Listeners are judged beside what is in force, clusters alone: trying them must not move their hosts."""
        if kind is LISTENERS:
            return self._try({kind: dict(messages)})[1]
        refused: Refused = {}
        for name, message in messages.items():
            for violation in self._violations(kind, name, message)[:1]:
                refused[kind, name] = violation
        left = {name: message for name, message in messages.items() if (kind, name) not in refused}
        while left:
            alone = Resources(bootstrap=self._base.bootstrap, runtime=self._base.runtime)
            setattr(alone, kind.field, [Resource(name, message) for name, message in left.items()])
            error = self._error(alone)
            if error is None:
                break
            found = _culprits(error, {kind: dict(left)})
            if not found:
                return refused | self._one_by_one(kind, left)
            refused.update(found)
            left = {name: message for name, message in left.items() if (kind, name) not in found}
        return refused

    def _one_by_one(self, kind: Kind, messages: Mapping[str, Message]) -> Refused:
        found: Refused = {}
        for name, message in messages.items():
            alone = Resources(bootstrap=self._base.bootstrap, runtime=self._base.runtime)
            setattr(alone, kind.field, [Resource(name, message)])
            error = self._error(alone)
            if error is not None:
                found[kind, name] = error
        return found

    def _error(self, resources: Resources) -> ConfigError | None:
        try:
            build(resources, strict=self._strict)
        except ConfigError as error:
            return error
        return None

    def apply(self, changed: Changed) -> Refused:
        """One new snapshot with everything that can be in force."""
        snapshot, refused = self._try(changed)
        if snapshot is not None:
            self.snapshot = snapshot
        return refused

    def _try(self, changed: Changed) -> tuple[Snapshot | None, Refused]:
        left = dict(_flat(changed))
        refused: Refused = {}
        while left:
            try:
                return self._built(left), refused
            except ConfigError as error:
                found = {key: each for key, each in _culprits(error, changed).items() if key in left}
                if not found:
                    return self._singly(left, refused)
                refused.update(found)
                left = {key: message for key, message in left.items() if key not in found}
        return None, refused

    def _singly(self, left: dict[Key, Message | None], refused: Refused) -> tuple[Snapshot | None, Refused]:
        """Nobody is named: each change is tried beside those before it that hold."""
        good: dict[Key, Message | None] = {}
        snapshot: Snapshot | None = None
        for key, message in left.items():
            try:
                snapshot = self._built({**good, key: message})
            except ConfigError as error:
                refused[key] = error
            else:
                good[key] = message
        return snapshot, refused

    def _built(self, changes: Mapping[Key, Message | None]) -> Snapshot:
        by_field: dict[str, dict[str, Content]] = {kind.field: {} for kind in KINDS}
        for (kind, name), message in changes.items():
            by_field[kind.field][name] = message
        return self.snapshot.updated(Changes(**by_field))


def _is_of_itself(message: Message, error: RejectedError) -> bool:
    """Whether a constraint of the resource's own type is broken, not one inside an Any or of the building."""
    if error.code == _BUILDING:
        return False
    descriptor: Any = message.DESCRIPTOR
    for step in steps(error.path):
        field = descriptor.fields_by_name.get(step) if descriptor is not None and isinstance(step, str) else None
        if field is None:
            continue  # A position, or the key of a map.
        descriptor = field.message_type
        if descriptor is not None and descriptor.GetOptions().map_entry:
            descriptor = descriptor.fields_by_name["value"].message_type
        if descriptor is not None and descriptor.full_name == "google.protobuf.Any":
            return False
    return True


def _flat(changed: Changed) -> Iterator[tuple[Key, Message | None]]:
    for kind in KINDS:
        for name, message in changed.get(kind, {}).items():
            yield (kind, name), message


def _culprits(error: ConfigError, changed: Changed) -> Refused:
    """Which of the changes an error and those that came with it name."""
    found: Refused = {}
    for each in (error, *error.others):
        label = _LABEL.fullmatch(each.resource)
        kind = _BY_SHORT.get(label[1]) if label else None
        if label and kind and changed.get(kind, {}).get(label[2]) is not None:
            found.setdefault((kind, label[2]), each)
    for each in found.values():
        each.others = ()
    return found
