"""Calls of the core as no caller should make them: each may raise anything, and must not end the process.

    python -m support.abuse MODULE,… SEED COUNT JOURNAL

makes COUNT calls of the public surface of the modules in this process. Arguments are mostly what the stubs ask for, so
that calls get far, and otherwise anything: wrong types, extremes, objects made by nothing but `__new__`, objects whose
methods raise, lie or change what they were taken from. What a call is about is written to JOURNAL first, so that its
last line names the one that did not come back.
"""

from __future__ import annotations

import ast
import copy
import faulthandler
import gc
import importlib
import pickle
import random
import resource
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fastroute
from fastroute.api import names
from fastroute.request import Connection
from support import stubs
from support.samples import PLAIN_CLUSTER, PLAIN_MANAGER, PLAIN_ROUTES

MEMORY = 3 << 30
CPU_SECONDS = 240
POOL = 40  # objects kept of each class
SIZES = [-1, 0, 1, 2, 3, 7, 101, 65537]
NUMBERS = [*SIZES, -(2**31), 2**31 - 1, 2**31, 2**32 - 1, 2**32, -(2**63), 2**63 - 1, 2**64 - 1, 2**64, 10**40]
FLOATS = [0.0, -0.0, 1.0, 0.5, 1e-320, 1e308, -1.0, float("nan"), float("inf"), float("-inf")]
TEXTS = [
    "",
    "*",
    "a",
    "x-tenant",
    "host",
    ":path",
    "GET",
    "10.0.0.1",
    "::1",
    "10.0.0.1:80",
    "c",
    "é\ud800",
    "\0",
    "a" * 300,
]
COUNTS = ("count", "rounds")  # how often to do something: as often as is asked for
POLICIES = ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM", "RING_HASH", "MAGLEV"]
KINDS = [
    "round_robin", "least_request", "random", "ring_hash", "maglev", "subset", "override_host", "original_dst",
    "aggregate", "header", "prefix", "exact", "regex", "forward", "weighted", "matched", "http", "tcp",
]  # fmt: skip


class Odd:
    """Whatever is asked of it is something else."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._draw.anything(1)

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self._draw.anything(1)

    def __iter__(self) -> Iterator[Any]:
        return iter([self._draw.anything(1) for _ in range(self._draw.rng.randrange(4))])

    def __len__(self) -> int:
        return self._draw.rng.choice([0, 1, 5])

    def __index__(self) -> int:
        return self._draw.rng.choice(NUMBERS)

    def __float__(self) -> float:
        return self._draw.rng.choice(FLOATS)

    def __bool__(self) -> bool:
        return self._draw.rng.random() < 0.5

    def __eq__(self, other: object) -> bool:
        return self._draw.rng.random() < 0.5

    def __lt__(self, other: object) -> bool:
        return self._draw.rng.random() < 0.5

    def __hash__(self) -> int:
        return self._draw.rng.randrange(4)


class Text(str):
    """A str whose class is another."""

    __slots__ = ()


class Raw(bytes):
    """A bytes whose class is another."""

    __slots__ = ()


class Draw:
    """Values by annotation, and values that are anything; both by one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.pool: dict[str, list[Any]] = {}
        self.real: Any = None  # keeps what the pool was filled from

    def keep(self, made: Any) -> None:
        """Keep an object of the core, to be given to later calls."""
        kept = self.pool.setdefault(type(made).__name__, [])
        if len(kept) < POOL:
            kept.append(made)
        else:
            kept[self.rng.randrange(POOL)] = made

    def keep_if_core(self, made: Any) -> None:
        """Keep what a call answers where it is an object of the core."""
        if str(type(made).__module__).startswith("fastroute.core."):
            self.keep(made)

    def arguments(self, call: stubs.Call) -> tuple[list[Any], dict[str, Any]]:
        """Arguments for a call; seldom one too few or too many."""
        placed: list[Any] = []
        named: dict[str, Any] = {}
        for parameter in call.parameters:
            if not parameter.required and self.rng.random() < 0.5:
                if not parameter.keyword:
                    break
                continue
            value = self.value(parameter.annotation, call.module, 0)
            if parameter.name in COUNTS and isinstance(value, int):
                value %= 1000
            if parameter.keyword:
                named[parameter.name] = value
            else:
                placed.append(value)
        if self.rng.random() < 0.02:
            placed.append(self.anything(1))
        return placed, named

    def value(self, annotation: ast.expr | None, module: str, depth: int) -> Any:
        """What the annotation says, or else anything."""
        if annotation is None or depth > 4 or self.rng.random() < 0.12 + 0.05 * depth:
            return self.anything(depth)
        return self._by_shape(annotation, module, depth)

    def _by_shape(self, annotation: ast.expr, module: str, depth: int) -> Any:
        if isinstance(annotation, ast.BinOp):
            return self.value(self.rng.choice([annotation.left, annotation.right]), module, depth)
        if isinstance(annotation, ast.Constant):
            if isinstance(annotation.value, str):
                return self.value(ast.parse(annotation.value, mode="eval").body, module, depth)
            return annotation.value
        if isinstance(annotation, ast.Subscript) and isinstance(annotation.value, ast.Name):
            return self._by_generic(annotation.value.id, annotation.slice, module, depth)
        if isinstance(annotation, ast.Name):
            return self._by_name(annotation.id, module, depth)
        return self.anything(depth)

    def _by_generic(self, name: str, inside: ast.expr, module: str, depth: int) -> Any:
        parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
        if name == "Literal":
            return self.rng.choice([part.value for part in parts if isinstance(part, ast.Constant)])
        if name == "Callable":
            return self.called
        if name in ("dict", "Mapping"):
            return dict(self._pairs(parts, module, depth))
        if name == "tuple" and not isinstance(parts[-1], ast.Constant):
            return tuple([self.value(part, module, depth + 1) for part in parts])
        items = [self.value(parts[0], module, depth + 1) for _ in range(self.rng.choice([0, 1, 1, 2, 3, 5]))]
        if name == "tuple":
            return tuple(items)
        if name in ("set", "frozenset"):
            return frozenset(item for item in items if hashable(item))
        if name == "list" or self.rng.random() < 0.6:
            return items
        return self.rng.choice([tuple(items), iter(items), Shrinking(items)])

    def _pairs(self, parts: list[ast.expr], module: str, depth: int) -> Iterator[tuple[Any, Any]]:
        for _ in range(self.rng.choice([0, 1, 2, 3])):
            key = self.value(parts[0], module, depth + 1)
            if hashable(key):
                yield key, self.value(parts[-1], module, depth + 1)

    def _by_name(self, name: str, module: str, depth: int) -> Any:
        if name in stubs.classes():
            return self.instance(name, depth)
        if name in stubs.aliases_of(module):
            return self.value(stubs.aliases_of(module)[name], module, depth)
        made = self._plain(name, depth)
        return self.anything(depth) if made is None else made()

    def _plain(self, name: str, depth: int) -> Callable[[], Any] | None:
        rng = self.rng
        kinds: dict[str, Callable[[], Any]] = {
            "int": lambda: rng.choice([*SIZES, *SIZES, *NUMBERS]),
            "float": lambda: rng.choice([*FLOATS, rng.random()]),
            "bool": lambda: rng.random() < 0.5,
            "str": self.text,
            "bytes": lambda: self.text().encode("utf-8", "surrogatepass"),
            "StrOrBytes": self.text,
            "_Buffer": lambda: self.text().encode("utf-8", "surrogatepass"),
            "RandomSource": lambda: rng.choice([7, self.called, lambda: 2**64 - 1]),
            "HeadersLike": self.headers,
            "Connection": self.connection,
            "_VirtualHostSpec": lambda: self.virtual_host(depth),
        }
        return kinds.get(name)

    def text(self) -> str:
        return self.rng.choice(TEXTS if self.rng.random() < 0.6 else KINDS)

    def called(self, *given: Any, **named: Any) -> Any:
        """A callback: whatever it was given is emptied if it can be, and the answer is anything."""
        if self.rng.random() < 0.1:
            raise RuntimeError("a callback that raises")
        for value in given:
            if isinstance(value, list | dict) and self.rng.random() < 0.5:
                value.clear()
        return self.anything(1)

    def headers(self) -> Any:
        def text() -> Any:
            return self.text() if self.rng.random() < 0.7 else self.text().encode("utf-8", "surrogatepass")

        pairs = [(text(), text()) for _ in range(self.rng.choice([0, 1, 3, 20]))]
        return self.rng.choice([pairs, tuple(pairs), dict(pairs), Shrinking(pairs), [*pairs, self.anything(1)]])

    def connection(self) -> Any:
        address = ("10.0.0.1", 15001)
        try:
            return Connection(
                destination=self.rng.choice([address, self.anything(1)]),
                source=self.rng.choice([("10.1.1.1", 1), self.anything(1)]),
                server_name=self.rng.choice([None, "a.example", self.anything(1)]),
                first_bytes=self.rng.choice([None, b"", b"\x16\x03\x01", self.anything(1)]),
            )
        except Exception:  # noqa: BLE001 - whatever it is, it is no crash
            return self.anything(1)

    def virtual_host(self, depth: int) -> Any:
        def routes() -> list[Any]:
            return [self.instance("RouteSpec", depth + 1) for _ in range(self.rng.randrange(4))]

        return SimpleNamespace(
            name=self.text(),
            domains=[self.rng.choice([b"*", b"a.b", b"*.a", b"a.*", b""]) for _ in range(self.rng.randrange(3))],
            routes=routes() if self.rng.random() < 0.9 else self.anything(1),
            tree=self.rng.choice([None, None, self.instance("TreeNode", depth + 1), self.anything(1)]),
            lists=[routes() for _ in range(self.rng.randrange(3))],
            require_tls=self.rng.choice(["none", "external_only", "all", self.anything(1)]),
        )

    def instance(self, name: str, depth: int) -> Any:
        """An object of a class of the core: an earlier one, or a new one."""
        kept = self.pool.get(name, [])
        subclassed = [
            each for kind in ("Balancer", "Predicate", "HashTable") if name == kind for each in self._sub(kind)
        ]
        if subclassed and self.rng.random() < 0.7:
            return self.rng.choice(subclassed)
        if kept and (depth > 2 or self.rng.random() < 0.7):
            return self.rng.choice(kept)
        module = stubs.classes()[name]
        made = next(call for call in stubs.calls_of(module) if call.owner == name and call.name == "__new__")
        try:
            placed, named = self.arguments(made) if depth <= 3 else ([], {})
            return self._make(module, name, placed, named)
        except Exception:  # noqa: BLE001 - whatever it is, it is no crash
            return self.rng.choice(kept) if kept else None

    def _sub(self, kind: str) -> list[Any]:
        base = getattr(importlib.import_module(f"fastroute.core.{stubs.classes()[kind]}"), kind)
        return [each for kept in self.pool.values() for each in kept if isinstance(each, base)]

    def _make(self, module: str, name: str, placed: list[Any], named: dict[str, Any]) -> Any:
        kind = getattr(importlib.import_module(f"fastroute.core.{module}"), name)
        made = kind(*placed, **named) if self.rng.random() < 0.8 else kind.__new__(kind, *placed, **named)
        self.keep(made)
        return made

    def anything(self, depth: int) -> Any:
        """A value that has nothing to do with what is asked for."""
        rng = self.rng
        simple: list[Callable[[], Any]] = [
            lambda: None, lambda: rng.choice(NUMBERS), lambda: rng.choice(FLOATS), self.text, lambda: Text(self.text()),
            lambda: self.text().encode("utf-8", "surrogatepass"), lambda: Raw(b"a"), object, lambda: Odd(self),
            lambda: bytearray(b"a"), lambda: memoryview(b"a"), lambda: ..., lambda: True, lambda: self.called,
        ]  # fmt: skip
        if depth > 2 or rng.random() < 0.6:
            return rng.choice(simple)()
        many: list[Callable[[], Any]] = [
            lambda: [self.anything(depth + 1) for _ in range(rng.randrange(4))],
            lambda: tuple([self.anything(depth + 1) for _ in range(rng.randrange(4))]),
            lambda: {self.text(): self.anything(depth + 1) for _ in range(rng.randrange(3))},
            lambda: Shrinking([self.anything(depth + 1) for _ in range(3)]),
            lambda: rng.choice(rng.choice([kept for kept in self.pool.values() if kept] or [[None]])),
        ]
        return rng.choice(many)()


class Shrinking(list):  # type: ignore[type-arg]
    """A list that loses an item whenever its length is asked for or it is walked."""

    def __len__(self) -> int:
        length = super().__len__()
        if length:
            self.pop()
        return length

    def __iter__(self) -> Iterator[Any]:
        while super().__len__():
            yield self.pop()


def hashable(value: Any) -> bool:
    try:
        hash(value)
    except Exception:  # noqa: BLE001 - whatever it is, it is no crash
        return False
    return True


def real_objects(draw: Draw) -> None:
    """Objects as loading makes them, found by way of the garbage collector, and a decision of each kind of route."""
    gc.disable()
    chain = {
        "filters": [
            {"name": "hcm", "typed_config": {"@type": names.url(names.HTTP_CONNECTION_MANAGER), **PLAIN_MANAGER}}
        ]
    }
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 15001}}
    source = {
        "routes": [PLAIN_ROUTES],
        "clusters": [{**PLAIN_CLUSTER, "name": policy, "lb_policy": policy} for policy in POLICIES],
        "listeners": [{"name": "l", "address": address, "filter_chains": [chain]}],
    }
    router = fastroute.Router(fastroute.load(source), random=lambda: 7)
    for path in ("/a", "/b?x=1", "/api/v1", "*"):
        draw.keep(router.route("a", path, "GET", [("x-tenant", "t")], route_config=PLAIN_ROUTES["name"]))
    draw.keep(router.connect(Connection(destination=("10.0.0.1", 15001), source=("10.0.0.2", 1))))
    for found in gc.get_objects():
        draw.keep_if_core(found)
    draw.real = router


OPERATIONS: list[Callable[[Any, Draw], Any]] = [
    lambda value, draw: len(value),
    lambda value, draw: list(zip(range(100), value, strict=False)),
    lambda value, draw: draw.anything(0) in value,
    lambda value, draw: value[draw.anything(0)],
    lambda value, draw: value.__setitem__(draw.anything(0), draw.anything(0)),
    lambda value, draw: value == draw.anything(0),
    lambda value, draw: value < draw.instance(type(value).__name__, 2),
    lambda value, draw: hash(value),
    lambda value, draw: repr(value)[:80] + str(value)[:80],
    lambda value, draw: copy.copy(value),
    lambda value, draw: pickle.dumps(value),
    lambda value, draw: sys.getsizeof(value),
    lambda value, draw: value.__init__(*[draw.anything(0) for _ in range(draw.rng.randrange(3))]),
    lambda value, draw: setattr(value, draw.rng.choice(dir(value)), draw.anything(0)),
    lambda value, draw: delattr(value, draw.rng.choice(dir(value))),
    lambda value, draw: getattr(value, draw.rng.choice(dir(value)))(*[draw.anything(0) for _ in range(2)]),
]


def attempt(draw: Draw, call: stubs.Call, note: Callable[[str], None]) -> None:
    """One call, or one operation on an object of its class."""
    name = f"{call.owner}.{call.name}" if call.owner else call.name
    if not call.owner:
        function = getattr(importlib.import_module(f"fastroute.core.{call.module}"), call.name)
        placed, named = draw.arguments(call)
        note(f"{name}({described(placed)}, {sorted(named)})")
        function(*placed, **named)
    elif call.name == "__new__":
        placed, named = draw.arguments(call)
        note(f"{name}({described(placed)}, {described(named.values())})")
        draw._make(call.module, call.owner, placed, named)
    else:
        value = draw.instance(call.owner, 0)
        if draw.rng.random() < 0.3:
            number = draw.rng.randrange(len(OPERATIONS))
            note(f"operation {number} on {type(value).__name__}")
            OPERATIONS[number](value, draw)
        elif call.is_property:
            note(name)
            draw.keep_if_core(getattr(value, call.name))
        else:
            placed, named = draw.arguments(call)
            note(f"{name}({described(placed)}, {described(named.values())})")
            draw.keep_if_core(getattr(value, call.name)(*placed, **named))


def described(values: Collection[Any]) -> list[str]:
    """Arguments without asking them for anything."""
    plain = (int, float, str, bytes, bool, type(None))
    return [repr(each)[:60] if type(each) in plain else type(each).__name__ for each in values]


def main(modules: list[str], seed: int, count: int, journal: str) -> None:
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    draw = Draw(seed)
    real_objects(draw)
    calls = [call for module in modules for call in stubs.calls_of(module)]
    came_back = raised = 0
    with Path(journal).open("wb", buffering=0) as out:
        for at in range(count):
            call = calls[draw.rng.randrange(len(calls))]
            try:
                attempt(draw, call, lambda text, at=at: out.write(f"{at} {text}\n".encode("utf-8", "replace")) and None)
                came_back += 1
            except Exception:  # noqa: BLE001 - whatever it is, it is no crash
                raised += 1
    print(f"{came_back} came back, {raised} raised")


if __name__ == "__main__":
    main(sys.argv[1].split(","), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
