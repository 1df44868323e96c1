"""What every object has: its kind, its name, and where it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from fastroute.errors import Where
from fastroute.pilot.discovery.registry.names import MaybeLabel, ObjectName
from fastroute.pilot.discovery.registry.text import Path, Source

Spec = TypeVar("Spec", covariant=True)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The `metadata` of an object, as far as the mesh looks at it."""

    OPEN: ClassVar[bool] = True

    name: ObjectName
    namespace: MaybeLabel = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    creation_timestamp: str = ""
    deletion_timestamp: str = ""


@dataclass(frozen=True, slots=True)
class Object(Generic[Spec]):
    """One object of the mesh. `spec` is its content as a dataclass of its kind."""

    kind: str
    meta: Metadata
    spec: Spec
    source: Source = field(repr=False, compare=False)
    root: Path = field(default=("spec",), repr=False)
    """Where `spec` begins inside the document."""

    @property
    def name(self) -> str:
        """Name without the namespace."""
        return self.meta.name

    @property
    def namespace(self) -> str:
        """Namespace; empty for an object of the whole cluster."""
        return self.meta.namespace

    @property
    def age(self) -> tuple[str, str, str]:
        """Sorts objects oldest first; equal or absent times by name, then namespace, so that order is stable."""
        return (self.meta.creation_timestamp, self.meta.name, self.meta.namespace)

    @property
    def label(self) -> str:
        """As messages name it: `VirtualService "default/reviews"`."""
        return f'{self.kind} "{self.namespace}/{self.name}"' if self.namespace else f'{self.kind} "{self.name}"'

    def where(self, *path: str | int) -> Where:
        """The position of a field of the spec."""
        return self.source.where((*self.root, *path))
