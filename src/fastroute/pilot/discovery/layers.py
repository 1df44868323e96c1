"""Resources as they are sent: immutable layers of one kind, which many proxies share.

An `Item` is one resource as wire bytes with its content-hash version. A `Layer` holds the items of one kind that come
into being together; what differs between two layers is worked out once, for all who need to know. A `Holding` is all
that one proxy is to have: for each kind, the layer that it shares with those who see the mesh alike, and its own.
"""

from __future__ import annotations

import functools
import hashlib
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from fastroute.api import names as api
from fastroute.api.encode import Piece, delimited, varint, version_of

KINDS: Final[Mapping[str, str]] = {
    "clusters": api.CLUSTER,
    "endpoints": api.CLUSTER_LOAD_ASSIGNMENT,
    "listeners": api.LISTENER,
    "routes": api.ROUTE_CONFIGURATION,
}
"""Kinds of resource in the order in which a proxy must get them, with the type of each."""
URLS: Final[Mapping[str, bytes]] = {kind: api.url(name).encode() for kind, name in KINDS.items()}


class Item:
    """One resource: its name, bytes and version, and its form inside a response of either variant."""

    __slots__ = ("_kind", "_part", "data", "name", "version", "whole")

    def __init__(self, kind: str, name: str, data: bytes, version: str) -> None:
        self.name, self.data, self.version = name, data, version
        self._kind, self._part = kind, b""
        packed = self._packed()
        self.whole = b"".join((b"\x12", varint(sum(map(len, packed))), *packed))
        """The field `resources` of a DiscoveryResponse."""

    def _packed(self) -> tuple[bytes, ...]:
        """The parts of an Any."""
        url = delimited(b"\x0a", URLS[self._kind])
        return (url, b"\x12", varint(len(self.data)), self.data) if self.data else (url,)

    @property
    def part(self) -> bytes:
        """The field `resources` of a DeltaDiscoveryResponse."""
        if not self._part:
            about = delimited(b"\x0a", self.version.encode()) + delimited(b"\x12", b"".join(self._packed()))
            self._part = delimited(b"\x12", about + delimited(b"\x1a", self.name.encode()))
        return self._part

    @classmethod
    def of(cls, kind: str, name: str, data: bytes) -> Item:
        """An item of bytes alone."""
        return cls(kind, name, data, version_of(data))


class Difference(NamedTuple):
    """The names that one layer has anew or otherwise than another, and those that it has no more."""

    changed: frozenset[str]
    removed: frozenset[str]


NOTHING: Final = Difference(frozenset(), frozenset())


class Layer:
    """Items of one kind by name, in order. Compared by identity."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self.items = items
        self._last: tuple[weakref.ref[Layer], Difference] | None = None
        self._room: tuple[int, dict[object, Any]] = (-1, {})

    def room(self, state: int) -> dict[object, Any]:
        """Room for what many proxies are sent alike in that state."""
        if self._room[0] != state:
            self._room = (state, {})
        return self._room[1]

    @functools.cached_property
    def names(self) -> frozenset[str]:
        """All names; proxies that ask for just these share the set."""
        return frozenset(self.items)

    @functools.cached_property
    def hashed(self) -> Any:
        """The hash of all items' versions, to go on from."""
        return hashlib.sha256("".join([one.version for one in self.items.values()]).encode())

    @functools.cached_property
    def version(self) -> str:
        """The content hash of the items, where there is no other layer."""
        return _version(self, ())

    @functools.cached_property
    def whole(self) -> bytes:
        """All items as fields of a DiscoveryResponse."""
        return b"".join([one.whole for one in self.items.values()])

    def with_others(self, kind: str, pieces: Mapping[str, Piece]) -> Layer:
        """The same with other resources in the place of those of their names; itself if they are what they were."""
        others = {name: _item(kind, name, piece) for name, piece in pieces.items()}
        others = {name: one for name, one in others.items() if one is not self.items[name]}
        if not others:
            return self
        made = Layer({**self.items, **others})
        changed = frozenset(name for name, one in others.items() if one.version != self.items[name].version)
        made._last = (weakref.ref(self), Difference(changed, frozenset()))
        return made

    def is_like(self, other: Layer) -> bool:
        """Whether all is the same, byte for byte and in the same order."""
        mine, theirs = self.items, other.items
        return self is other or (
            list(mine) == list(theirs) and all(one.data == theirs[name].data for name, one in mine.items())
        )

    def since(self, old: Layer) -> Difference:
        """What differs from an older layer. The last answer is kept, since many proxies ask for the same."""
        if old is self:
            return NOTHING
        if self._last is not None and self._last[0]() is old:
            return self._last[1]
        before = old.items
        changed = frozenset(
            name
            for name, one in self.items.items()
            if (held := before.get(name)) is not one and (held is None or held.version != one.version)
        )
        found = Difference(changed, frozenset(before.keys() - self.items.keys()))
        self._last = (weakref.ref(old), found)  # layers keep none of those before them
        return found


EMPTY: Final = Layer({})


def _version(first: Layer, rest: Iterable[Layer]) -> str:
    digest = first.hashed.copy()
    for layer in rest:
        digest.update("".join([one.version for one in layer.items.values()]).encode())
    return str(digest.hexdigest()[:16])


class Holding:
    """All that one proxy is to have; of a name that two layers have, the first counts."""

    __slots__ = ("__weakref__", "_last", "_rooms", "_versions", "layers", "state")

    def __init__(self, layers: Mapping[str, tuple[Layer, ...]], state: int = 0) -> None:
        self.layers = layers
        self.state = state
        """The number of the state of the mesh that it belongs to."""
        self._versions: dict[str, str] = {}
        self._rooms: dict[str, dict[object, Any]] = {}
        self._last: tuple[weakref.ref[Holding], Mapping[str, Difference]] | None = None

    @classmethod
    def of(cls, resources: Mapping[str, Iterable[Item]]) -> Holding:
        """Of items in one layer for each kind."""
        return cls({kind: (Layer({one.name: one for one in resources.get(kind, ())}),) for kind in KINDS})

    def get(self, kind: str, name: str) -> Item | None:
        """The item of that name."""
        for layer in self.layers[kind]:
            if (found := layer.items.get(name)) is not None:
                return found
        return None

    def items(self, kind: str) -> Iterator[Item]:
        """All items of a kind."""
        seen: set[str] = set()
        for layer in self.layers[kind]:
            for name, one in layer.items.items():
                if name not in seen:
                    seen.add(name)
                    yield one

    def wire(self, kind: str) -> dict[str, bytes]:
        """The bytes of a kind by name."""
        return {one.name: one.data for one in self.items(kind)}

    def version(self, kind: str) -> str:
        """The content hash of a kind."""
        if kind not in self._versions:
            first, *rest = self.layers[kind]
            self._versions[kind] = _version(first, rest) if any(one.items for one in rest) else first.version
        return self._versions[kind]

    def room(self, kind: str) -> dict[object, Any]:
        """Room for what is sent of a kind alike to all proxies that have it alike."""
        found = self._rooms.get(kind)
        if found is None:
            first, *rest = self.layers[kind]
            found = self._rooms[kind] = {} if any(one.items for one in rest) else first.room(self.state)
        return found

    def let_go(self) -> None:
        """Forget what was sent alike: no more than a straggler wants it of a state that is not the newest."""
        for room in self._rooms.values():
            room.clear()

    def changes(self, old: Holding) -> Mapping[str, Difference]:
        """What differs from an older holding, for the kinds of which anything does; worked out once for all proxies."""
        if self._last is None or self._last[0]() is not old:
            found = {} if self.layers is old.layers else {kind: self.since(old, kind) for kind in KINDS}
            self._last = (weakref.ref(old), {kind: one for kind, one in found.items() if one.changed or one.removed})
        return self._last[1]

    def since(self, old: Holding, kind: str) -> Difference:
        """What differs from an older holding of the same proxy."""
        mine, theirs = self.layers[kind], old.layers[kind]
        if mine == theirs:
            return NOTHING
        if len(mine) != len(theirs):
            return self._everything(old, kind)
        found = [new.since(before) for new, before in zip(mine, theirs, strict=True) if new is not before]
        if len(found) < 2:
            return found[0] if found else NOTHING
        removed = frozenset().union(*(one.removed for one in found))
        return Difference(
            frozenset().union(*(one.changed for one in found)),
            frozenset(name for name in removed if self.get(kind, name) is None),
        )

    def _everything(self, old: Holding, kind: str) -> Difference:
        before = {one.name: one.version for one in old.items(kind)}
        after = {one.name: one.version for one in self.items(kind)}
        changed = frozenset(name for name, version in after.items() if before.get(name) != version)
        return Difference(changed, frozenset(before.keys() - after.keys()))


def layer(kind: str, pieces: Mapping[str, Piece], old: Layer = EMPTY) -> Layer:
    """The layer of some resources; `old` itself if they are what they were."""
    items = {name: _item(kind, name, piece) for name, piece in pieces.items()}
    if len(items) == len(old.items) and all(
        one is other for one, other in zip(items.values(), old.items.values(), strict=True)
    ):
        return old
    return Layer(items)


def _item(kind: str, name: str, piece: Piece) -> Item:
    if not isinstance(piece.packed, Item):
        piece.packed = Item(kind, name, piece.data(KINDS[kind]), piece.version(KINDS[kind]))
    return piece.packed
