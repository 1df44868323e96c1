"""Records behave as the dataclasses that they stand for, and compile no code."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from fastroute.records import field, record, replace


class Plain:
    """Fields of every sort."""

    KIND: ClassVar[str] = "plain"
    first: int
    second: str = "b"
    third: list[int] = dataclasses.field(default_factory=list)
    seen: int = dataclasses.field(default=0, init=False, repr=False, compare=False)

    def double(self) -> int:
        return self.first * 2


@record
class Point:
    """Fields of every sort."""

    KIND: ClassVar[str] = "plain"
    first: int
    second: str = "b"
    third: list[int] = field(default_factory=list)
    seen: int = field(default=0, init=False, repr=False, compare=False)

    def double(self) -> int:
        return self.first * 2


@record
class Named(Point):
    """Derived: its own fields follow those of the base."""

    second: str = "z"
    fourth: tuple[int, ...] = ()


@record(frozen=False)
class Counter:
    count: int = 0

    def __post_init__(self) -> None:
        self.count += 1


@record(eq=False)
class Same:
    value: int


MODEL: Any = dataclasses.dataclass(frozen=True, slots=True)(Plain)
ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, "x", [2]), {}),
    ((1,), {"third": [3]}),
    ((), {"second": "y", "first": 4}),
    ((), {}),
    ((), {"second": "x"}),
    ((1, 2, 3, 4), {}),
    ((1,), {"first": 2}),
    ((1,), {"seen": 2}),
    ((1,), {"other": 2}),
]


def outcome(call: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    try:
        return str(call(*args, **kwargs)).replace("Plain", "Point")
    except (TypeError, AttributeError) as error:
        return f"{type(error).__name__}: {error}".replace("Plain", "Point")


@pytest.mark.parametrize(("args", "kwargs"), ARGUMENTS)
def test_built_and_shown_as_a_dataclass_is(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    assert outcome(Point, *args, **kwargs) == outcome(MODEL, *args, **kwargs)


def test_assignment_is_refused_as_by_a_dataclass() -> None:
    for act in (lambda each: setattr(each, "first", 2), lambda each: delattr(each, "first")):
        with pytest.raises(dataclasses.FrozenInstanceError) as ours:
            act(Point(1))
        with pytest.raises(dataclasses.FrozenInstanceError) as theirs:
            act(MODEL(1))
        assert str(ours.value) == str(theirs.value)
    with pytest.raises(AttributeError):
        Counter().other = 1  # type: ignore[attr-defined]


def test_equality_and_hash() -> None:
    assert Point(1, "b", [2]) == Point(1, "b", [2])
    assert Point(1, "b", [2]) != Point(1, "b", [3])
    assert Point(1) != MODEL(1)
    assert Point(1) != Named(1, "b")
    marked = Point(1)
    object.__setattr__(marked, "seen", 7)
    assert marked == Point(1)
    assert hash(Point(1, "b", ())) == hash(MODEL(1, "b", ()))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="unhashable"):
        hash(Counter())
    assert Same(1) != Same(1)
    assert len({Same(1), Same(1)}) == 2


def test_inheritance() -> None:
    assert repr(Named(1, fourth=(2,))) == "Named(first=1, second='z', third=[], fourth=(2,))"
    assert Named.__match_args__ == ("first", "second", "third", "fourth")
    assert Named(2).double() == 4
    assert Named.__slots__ == ("fourth",)
    with pytest.raises(TypeError, match="non-default argument 'late' follows"):

        @record
        class _Late(Counter):
            late: int


def test_the_hook_is_called_last() -> None:
    assert Counter(4).count == 5


def test_defaults_are_made_anew() -> None:
    assert Point(1).third is not Point(1).third


def test_dataclasses_copy_pickle_and_match_work() -> None:
    point = Point(1, third=[5])
    object.__setattr__(point, "seen", 3)
    assert dataclasses.is_dataclass(Point)
    assert [each.name for each in dataclasses.fields(Point)] == [each.name for each in dataclasses.fields(MODEL)]
    assert [(each.type, each.init, each.compare) for each in dataclasses.fields(Point)] == [
        (each.type, each.init, each.compare) for each in dataclasses.fields(MODEL)
    ]
    assert dataclasses.asdict(point) == {"first": 1, "second": "b", "third": [5], "seen": 3}
    for again in (pickle.loads(pickle.dumps(point)), copy.copy(point), copy.deepcopy(point)):
        assert again == point
        assert again.seen == 3
    assert replace(point, first=2) == dataclasses.replace(point, first=2) == Point(2, third=[5])
    match point:
        case Point(1, second):
            assert second == "b"
        case _:
            pytest.fail("no match")


def test_a_record_that_holds_itself_is_shown() -> None:
    point = Point(1)
    point.third.append(point)  # type: ignore[arg-type]
    assert repr(point) == "Point(first=1, second='b', third=[...])"


class _Lazy(Point):
    """Has a property in place of a field."""

    __slots__ = ()

    def __init__(self, first: int) -> None:
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "third", [])

    @property
    def second(self) -> str:  # type: ignore[override]
        return "late"


def test_a_property_may_stand_for_a_field() -> None:
    assert _Lazy(1) == _Lazy(1)
    assert _Lazy(1) != _Lazy(2)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        replace(_Lazy(1), first=2)


def test_a_copy_with_changes_refuses_what_is_no_field() -> None:
    for name in ("other", "seen"):
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
            replace(Point(1), **{name: 2})
    assert replace(Counter(1), count=5).count == 6
    assert replace(Named(1), fourth=(1,)) == Named(1, fourth=(1,))
