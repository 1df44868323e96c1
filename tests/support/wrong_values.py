"""Every field of every kind that the pilot reads, one at a time, and values that it should not have.

The dataclasses of the registry say which fields there are; what a field needs beside it is made up from the
annotations alone, so that a field that is added is tried without a word here.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from fastroute.pilot.discovery.registry import values
from fastroute.pilot.discovery.registry.decode import camel
from fastroute.pilot.discovery.registry.values import Duration

WRONG: tuple[object, ...] = (
    None, True, -1, 0, 1, 65536, 2**32, 2**70, 1.5, 1e300, float("inf"), float("nan"),
    "", " ", "x", "X_y", "*", "**", "*.", "*a.b", "a" * 5000, "\0", "\n", "é", "%", "%%", "%REQ(", "%NONE%", ".", "..",
    "/", "://", "@", ":", "a:b", "a/b/c", "~", "~/*", "*/*", "./*", "10.0.0.0/33", "10.0.0.1", "::1", "fe80::1%eth0",
    "10.0.0.0/8", "0s", "-1s", "1ns", "9e9s", "99999999999999h", "9" * 4000 + "s", "(", "a{1001}", "1337", "65536",
    "unix://", "unix://@x", "unix:///x", "unix:///x/", "http", "HTTP", "true", "0x10", "topology.kubernetes.io/zone",
    [], {}, [[]], [None], [1], ["x"], ["*"], [""], ["%"], ["%NONE%"], [{}], {"a": None}, {"": ""}, {"x": {}},
    {"a b": "c"},
    {"host": "x"}, {"\n": "\n"}, {"x": "\0"}, {"x": "%NONE%"},
)  # fmt: skip
"""Wrong for most fields. Each must be taken, or refused by an error that names the field."""

SAMPLES: Mapping[Any, object] = {
    str: "sample", bool: True, int: 7, float: 1.0, object: {}, Duration: "1s",
    values.PortNumber: 9080, values.Unsigned: 1, values.Share: 1, values.Status: 418, values.Weight: 1,
    values.Span: "1s", values.PerCent: 1.0,
    values.Regex: "a", values.Pattern: "a",
}  # fmt: skip
TEXTS = ("sample", "sample.example", "10.0.0.1", "unix:///run/x", "*/*")
"""One of these is right for every kind of text."""
BESIDE: Mapping[str, Mapping[str, object]] = {
    "HTTPRoute": {"route": [{"destination": {"host": "reviews"}}]},
    "Abort": {"httpStatus": 418},
    "ClientTLS": {"mode": "SIMPLE"},
    "Sidecar": {"egress": [{"hosts": ["*/*"]}]},
    "Pings": {"interval": "1s", "timeout": "1s"},
    "VirtualService": {"hosts": ["reviews"]},
}
"""What makes an object of a dataclass whole that says so in code."""


MARK = object()
"""Stands in objects where a wrong value is to be put."""


def put(tree: Any, value: object) -> Any:
    """A tree with a value in the place of the mark."""
    if tree is MARK:
        return value
    if isinstance(tree, dict):
        return {key: put(item, value) for key, item in tree.items()}
    return [put(item, value) for item in tree] if isinstance(tree, list) else tree


def plain(kind: Any) -> Any:
    """An annotation without `| None`."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return next(one for one in typing.get_args(kind) if one is not type(None))
    return kind


def sample(kind: Any) -> object:
    """A right value for an annotation."""
    kind = plain(kind)
    if typing.get_origin(kind) is typing.Annotated:
        return next(text for text in TEXTS if kind.__metadata__[0].holds(text))
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return [sample(arguments[0])]
    if origin is typing.Literal:
        return next(one for one in arguments if one)
    if origin is not None:
        return {sample(arguments[0]): sample(arguments[1])}
    if kind in SAMPLES:
        return SAMPLES[kind]
    return whole(kind)


def fields(kind: type[Any]) -> Iterator[tuple[str, Any, bool]]:
    """Key, annotation and whether it is required, of each field."""
    hints, keys = typing.get_type_hints(kind, include_extras=True), getattr(kind, "KEYS", {})
    for one in dataclasses.fields(kind):
        required = one.default is one.default_factory is dataclasses.MISSING
        yield keys.get(one.name, camel(one.name)), hints[one.name], required


def whole(kind: type[Any]) -> dict[str, Any]:
    """An object of a dataclass with what it needs."""
    made = {key: sample(hint) for key, hint, required in fields(kind) if required}
    return {**made, **BESIDE.get(kind.__name__, {})}


def with_each(kind: type[Any], value: object, depth: int = 8) -> Iterator[tuple[str, Any]]:
    """The path of every field of a dataclass, and an object which has `value` there and right values elsewhere."""
    if not depth:
        return
    for key, hint, _ in fields(kind):
        for path, inner in _within(plain(hint), value, depth):
            yield f"{key}{path}", {**whole(kind), key: inner}


def _within(kind: Any, value: object, depth: int) -> Iterator[tuple[str, Any]]:
    yield "", value
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        yield from ((f"[0]{path}", [inner]) for path, inner in _within(plain(arguments[0]), value, depth))
    elif origin not in (None, typing.Literal, typing.Annotated):
        key = str(sample(arguments[0]))
        yield from ((f".{key}{path}", {key: inner}) for path, inner in _within(plain(arguments[1]), value, depth))
    elif dataclasses.is_dataclass(kind) and kind not in (Duration, values.Span):
        yield from ((f".{path}", inner) for path, inner in with_each(typing.cast("type[Any]", kind), value, depth - 1))
