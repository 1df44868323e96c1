"""Records: classes of named values, as `dataclasses` makes them, without compiling any code for each."""

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform, final, overload

_T = TypeVar("_T")

@final
class Field:
    """What is said of one field."""

    def __new__(cls, default: object, default_factory: object, init: bool, repr: bool, compare: bool) -> Field: ...
    @property
    def default(self) -> object: ...
    @property
    def default_factory(self) -> object: ...
    @property
    def init(self) -> bool: ...
    @property
    def repr(self) -> bool: ...
    @property
    def compare(self) -> bool: ...

@final
class Layout:
    """What the methods of one class go by."""

@final
class Described:
    """An attribute that `dataclasses` looks for, made when it does."""

    def __new__(cls, name: str) -> Described: ...
    def __get__(self, record: object, owner: type | None = None, /) -> object: ...

@overload
def field(*, default: _T, init: bool = True, repr: bool = True, compare: bool = True) -> _T: ...
@overload
def field(*, default_factory: Callable[[], _T], init: bool = True, repr: bool = True, compare: bool = True) -> _T: ...
@overload
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_T], *, frozen: bool = True, eq: bool = True) -> type[_T]: ...
@overload
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: None = None, *, frozen: bool = True, eq: bool = True) -> Callable[[type[_T]], type[_T]]:
    """Make a record of a class whose body annotates fields; as a decorator, with or without options."""

def replace(record: _T, /, **changes: Any) -> _T:
    """The same record with other values for some fields."""
