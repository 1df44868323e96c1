"""What differs between two generations for one proxy: the resources that must be sent, and those that go.

Resources are compared as wire bytes, so that what did not change is neither sent nor counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastroute.pilot.discovery.generated import TYPES, Generated


@dataclass(frozen=True, slots=True)
class Changes:
    """Names of the resources of one kind that were added, changed or removed; each sorted."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Difference:
    """The changes of each kind (`clusters`, `endpoints`, `listeners`, `routes`)."""

    kinds: Mapping[str, Changes] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.kinds.values())

    def text(self) -> str:
        """One line for each resource: `+ clusters NAME`, `~ …`, `- …`."""
        marks = (("+", "added"), ("~", "changed"), ("-", "removed"))
        return "\n".join(
            f"{mark} {kind} {name}"
            for kind, changes in self.kinds.items()
            for mark, which in marks
            for name in getattr(changes, which)
        )


def compare(old: Generated | None, new: Generated) -> Difference:
    """What `new` changes; everything is added when there was nothing before."""
    return Difference({kind: _kind(old.wire(kind) if old is not None else {}, new.wire(kind)) for kind in TYPES})


def _kind(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Changes:
    return Changes(
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
        tuple(sorted(old.keys() - new.keys())),
    )
