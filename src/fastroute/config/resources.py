"""What a source holds, once read: named messages, each with its place in the text.

This is the hand-over from `config` to everything behind it. No rule of Envoy lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from google.protobuf.message import Message

from fastroute.records import field, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.errors import Notice, Where


def label_of(kind: str, name: str) -> str:
    """What a resource is called in errors: `Cluster "blue"`, or its kind alone when it has no name."""
    return f'{kind} "{name}"' if name else kind


class Positions:
    """Finds the position of a field path in the text that a message was read from."""

    __slots__ = ()

    def where(self, path: str) -> Where | None:
        """The position of the field at `path` (`a.b[3].c`), or of its nearest known ancestor."""
        raise NotImplementedError


@record
class Resource:
    """One resource: its name, its message, and where it came from.

    `root` is the path of the resource inside its file (`static_resources.listeners[0]`), so that
    `positions.where(root + "." + field_path)` finds a field of the resource.
    """

    name: str
    message: Message
    positions: Positions | None = None
    root: str = ""
    version: str = ""
    origin: str = ""
    """`static`, `dynamic`, or `inline` for a route configuration inside a listener; empty when unknown."""

    _digest: int | None = field(default=None, init=False, repr=False, compare=False)

    def digest(self, of: Callable[[Message], int]) -> int:
        """What `of` says of the message, asked once."""
        if self._digest is None:
            object.__setattr__(self, "_digest", of(self.message))
        assert self._digest is not None
        return self._digest

    def where(self, path: str = "") -> Where | None:
        """The position of the field at `path`, counted from this resource."""
        if self.positions is None:
            return None
        joined = (
            path
            if not self.root
            else (f"{self.root}.{path}" if path and not path.startswith("[") else self.root + path)
        )
        return self.positions.where(joined)


class WireResource(Resource):
    """A resource that came in wire form, `body`; its message is made when somebody asks for it."""

    __slots__ = ("_made", "_made_of", "body")

    body: bytes
    _made: Message | None
    _made_of: type[Message]

    def __init__(
        self, name: str, made_of: type[Message], body: bytes, *, origin: str = "", made: Message | None = None
    ) -> None:
        given: dict[str, object] = {"name": name, "origin": origin, "body": body, "_made": made, "_made_of": made_of}
        for each in ("positions", "root", "version", "_digest"):
            given[each] = None if each in ("positions", "_digest") else ""
        for each, value in given.items():
            object.__setattr__(self, each, value)

    @property
    def message(self) -> Message:  # pyright: ignore[reportIncompatibleVariableOverride] - both are read only
        """The message; two threads that ask at once may make one each."""
        if self._made is None:
            object.__setattr__(self, "_made", self._made_of.FromString(self.body))
        assert self._made is not None
        return self._made


@record(frozen=False)
class Resources:
    """All resources of a source, in the order of the text."""

    listeners: list[Resource] = field(default_factory=list)
    routes: list[Resource] = field(default_factory=list)
    scoped_routes: list[Resource] = field(default_factory=list)
    virtual_hosts: list[Resource] = field(default_factory=list)
    clusters: list[Resource] = field(default_factory=list)
    endpoints: list[Resource] = field(default_factory=list)
    secrets: list[Resource] = field(default_factory=list)
    bootstrap: Resource | None = None
    runtime: Mapping[str, object] = field(default_factory=dict)
    """Runtime keys of the bootstrap's static layers, later layers winning."""
    notices: list[Notice] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Kind and name (`Cluster "blue"`) of what lenient reading let through and nothing can be made of."""
