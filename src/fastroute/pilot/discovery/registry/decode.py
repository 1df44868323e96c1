"""From plain values to frozen dataclasses, by the dataclass alone.

A dataclass is the description of its object: a field without a default is required; its name in camel
case is the key; its annotation says what may stand there:

    str, int, float, bool, and the types of `values`         a scalar
    Literal["A", "B"]                                        an enum value
    tuple[X, ...]                                            a list
    Mapping[str, X]                                          a map
    another dataclass                                        an object
    X | None                                                 may be absent
    object                                                   anything, taken as it is

The types of `values` check numbers and texts; what is kept are plain `int`s and `str`s.

Class variables say more. `OPEN = True`: unknown keys are skipped (Kubernetes objects have many that do not
concern us); otherwise an unknown key is a ParseError. `INERT`: keys that Istio has and that change nothing
of what a sidecar is sent; they are skipped. `LATER`: keys that Istio has and this version does not act on;
they are refused with an UnsupportedError, never ignored; a mapping says for each what to do instead.
`ONE_OF`: groups of fields of which at most one may be set. `KEYS` gives keys that camel case does not yield.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

from fastroute.errors import ConfigError, ParseError, UnsupportedError
from fastroute.pilot.discovery.registry.names import Rule
from fastroute.pilot.discovery.registry.text import Path, Source, spell
from fastroute.pilot.discovery.registry.values import (
    Duration,
    Pattern,
    PerCent,
    PortNumber,
    Regex,
    Share,
    Span,
    Status,
    Unsigned,
    Weight,
)

T = TypeVar("T")
REMEDY: Final = "Remove it, or load leniently."
LONGEST_SHOWN: Final = 80
LATER_VALUES: Final[Mapping[str, str]] = {"DYNAMIC_DNS": "Name the hosts, or use resolution NONE."}
"""Enum values that Istio has and this version does not act on, with what to do instead."""
_Reader = Callable[[object, "Place"], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A field inside an object: what an error points at."""

    source: Source
    path: Path
    label: str

    def at(self, *steps: str | int) -> Place:
        """The place below this one."""
        return Place(self.source, (*self.path, *steps), self.label)

    def error(self, message: str, remedy: str = "", kind: type[ConfigError] = ParseError) -> ConfigError:
        """An error about this field."""
        where = self.source.where(self.path)
        return kind(message, path=spell(self.path), where=where, resource=self.label, remedy=remedy)


def decode(cls: type[T], value: object, place: Place) -> T:
    """`value` as a `cls`; ParseError or UnsupportedError naming file, line and field."""
    return cast("T", _reader(cast("Any", cls))(value, place))


def camel(name: str) -> str:
    """`host_name` as `hostName`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


@functools.cache
def _reader(kind: Any) -> _Reader:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _ruled(_reader(arguments[0]), arguments[1])
    if origin in (typing.Union, types.UnionType):
        return _optional([one for one in arguments if one is not type(None)])
    if origin is tuple:
        return _list_of(_reader(arguments[0]))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return _map_of(_reader(arguments[0]), _reader(arguments[1]))
    if origin is typing.Literal:
        return _one_of(arguments)
    if dataclasses.is_dataclass(kind) and kind not in (Duration, Span):
        return _Object(cast("type[Any]", kind))
    return _SCALARS[kind]


def _optional(kinds: list[Any]) -> _Reader:
    if set(kinds) == {int, str}:
        return lambda value, place: value if _is_integer(value) else _text(value, place)
    read = _reader(kinds[0])
    return lambda value, place: None if value is None else read(value, place)


def _ruled(read: _Reader, rule: Rule) -> _Reader:
    def read_ruled(value: object, place: Place) -> Any:
        found = read(value, place)
        _checked(rule.check, found, place)
        return found

    return read_ruled


def _list_of(read: _Reader) -> _Reader:
    def read_list(value: object, place: Place) -> tuple[Any, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise place.error("expected a list")
        return tuple(read(item, place.at(index)) for index, item in enumerate(value))

    return read_list


def _map_of(read_key: _Reader, read: _Reader) -> _Reader:
    def read_map(value: object, place: Place) -> Mapping[str, Any]:
        if not isinstance(value or {}, dict):
            raise place.error("expected a map")
        items = cast("dict[str, object]", value or {}).items()
        return {read_key(key, place.at(key)): read(item, place.at(key)) for key, item in items}

    return read_map


def _one_of(names: tuple[str, ...]) -> _Reader:
    def read_name(value: object, place: Place) -> str:
        if isinstance(value, str) and value in LATER_VALUES:
            raise place.error(f"{value} is not supported yet", LATER_VALUES[value], UnsupportedError)
        if value not in names:
            raise place.error(f"{_shown(value)} is none of {', '.join(names)}", _nearest(str(value), names))
        return str(value)

    return read_name


def _shown(value: object) -> str:
    """A value in a message, which need not be as long as the value."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: object, place: Place) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    raise place.error(f"expected a string, not {_shown(value)}", "Put it in quotes.")


def _boolean(value: object, place: Place) -> bool:
    if not isinstance(value, bool):
        raise place.error(f"expected true or false, not {_shown(value)}")
    return value


def _number(value: object, place: Place) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise place.error(f"expected a number, not {_shown(value)}")
    return float(value)


def _whole(make: Callable[[int], int]) -> _Reader:
    def read_whole(value: object, place: Place) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not _is_integer(value):
            raise place.error(f"expected a whole number, not {_shown(value)}")
        return int(_checked(make, cast("int", value), place))

    return read_whole


def _duration(kind: type[Duration]) -> _Reader:
    return lambda value, place: _checked(kind.parse, _text(value, place), place)


def _checked(make: Callable[[Any], T], value: object, place: Place) -> T:
    try:
        return make(value)
    except ValueError as error:
        raise place.error(str(error)) from None


_SCALARS: dict[Any, _Reader] = {
    str: _text,
    bool: _boolean,
    float: _number,
    int: _whole(int),
    PortNumber: _whole(PortNumber),
    Unsigned: _whole(Unsigned),
    Share: _whole(Share),
    Weight: _whole(Weight),
    Status: _whole(Status),
    Regex: lambda value, place: str(_checked(Regex, _text(value, place), place)),
    Pattern: lambda value, place: str(_checked(Pattern, _text(value, place), place)),
    Duration: _duration(Duration),
    Span: _duration(Span),
    PerCent: lambda value, place: float(_checked(PerCent, _number(value, place), place)),
    object: lambda value, _: value,
}


class _Object:
    """The reader of one dataclass."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind
        hints = typing.get_type_hints(kind, include_extras=True)
        fields = dataclasses.fields(kind)
        keys: Mapping[str, str] = getattr(kind, "KEYS", {})
        self.names = {keys.get(field.name, camel(field.name)): field.name for field in fields}
        self.hints = {key: hints[name] for key, name in self.names.items()}
        required = {f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING}
        self.required = [key for key, name in self.names.items() if name in required]
        self.open: bool = getattr(kind, "OPEN", False)
        later: Mapping[str, str] | frozenset[str] = getattr(kind, "LATER", frozenset())
        self.later = later if isinstance(later, Mapping) else dict.fromkeys(later, REMEDY)
        self.inert: frozenset[str] = getattr(kind, "INERT", frozenset())
        self.groups: tuple[tuple[str, ...], ...] = getattr(kind, "ONE_OF", ())

    def __call__(self, value: object, place: Place) -> object:
        body = {} if value is None else value
        if not isinstance(body, dict):
            raise place.error("expected an object")
        found = {}
        for key, item in body.items():
            if key in self.names:
                found[self.names[key]] = self._field(key, item, place.at(key))
            elif key in self.later or not (self.open or key in self.inert):
                raise self._unknown(key, place.at(key))
        self._check(body, place)
        return _checked(lambda values: self.kind(**values), found, place)

    def _field(self, key: str, item: object, place: Place) -> object:
        return _reader(self.hints[key])(item, place)

    def _check(self, body: dict[str, object], place: Place) -> None:
        for key in self.required:
            if body.get(key) is None:
                raise place.error(f"{key} is required")
        for group in self.groups:
            if len(both := [key for key in group if key in body]) > 1:
                raise place.at(both[1]).error(f"only one of {', '.join(both)} may be set")

    def _unknown(self, key: str, place: Place) -> ConfigError:
        if key in self.later:
            return place.error(f"{key} is not supported yet", self.later[key], UnsupportedError)
        return place.error(f"there is no field {_shown(key)} here", _nearest(key, tuple(self.names)))


def _nearest(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    return f"Did you mean {near[0]}?" if near else ""
