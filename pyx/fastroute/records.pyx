"""Records: classes of named values, as `dataclasses` makes them, without compiling any code for each.

A module of `dataclasses` spends most of its import on writing and compiling the methods of each. Here the methods are
the same few functions for all classes; they go by the class's `Layout`. What they keep of `dataclasses`:

- Fields are the annotated names of the class's body, after those of the records that it derives from. `field` says more
  of one. The fields are slots; nothing else can be set.
- `frozen` (which is usual) refuses assignment with `dataclasses.FrozenInstanceError`, and hashes by value.
- Two records are equal if they are of the same class and their fields are.
- `__post_init__` is called last. A method that the class writes itself stays.
- `dataclasses.fields`, `replace`, `asdict`, `copy.replace`, `pickle` and `match` work.
"""

cimport cython

from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject, PyObject_RichCompareBool, Py_EQ

cdef extern from "Python.h":
    int Py_ReprEnter(object value) except -1
    void Py_ReprLeave(object value)

cdef extern from *:
    """
    /* A value by the descriptor of its slot: what `slot.__get__` and `slot.__set__` call. */
    #define slot_get(slot, record) Py_TYPE(slot)->tp_descr_get(slot, record, (PyObject *) Py_TYPE(record))
    #define slot_set(slot, record, value) Py_TYPE(slot)->tp_descr_set(slot, record, value)
    """
    object slot_get(object slot, object record)
    int slot_set(object slot, object record, object value) except -1

cdef object MISSING = object()


@cython.final
cdef class Field:
    """What is said of one field."""

    cdef readonly object default
    cdef readonly object default_factory
    cdef readonly bint init
    cdef readonly bint repr
    cdef readonly bint compare
    cdef str name
    cdef object slot

    def __cinit__(self, object default, object default_factory, bint init, bint repr, bint compare):
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare

    cdef object absent(self):
        """The value of a field that was not given."""
        if self.default is not MISSING:
            return self.default
        if self.default_factory is not MISSING:
            return self.default_factory()
        return MISSING


@cython.final
cdef class Layout:
    """What the methods of one class go by: its fields in their order."""

    cdef tuple fields
    cdef str name
    cdef bint frozen
    cdef bint hooked
    cdef object owner

    cdef object get(self, Field field, object record):
        """The value of a field; a class derived from the record may have made a property of it."""
        return slot_get(field.slot, record) if type(record) is self.owner else getattr(record, field.name)

    cdef tuple compared(self, object record):
        cdef Field each
        return tuple([self.get(each, record) for each in self.fields if each.compare])


@cython.final
cdef class Described:
    """An attribute that `dataclasses` looks for, made when it does."""

    cdef str name

    def __cinit__(self, str name):
        self.name = name

    def __get__(self, object record, object owner):
        import dataclasses

        cdef Layout layout = owner.__record__
        cdef Field each
        rows = []
        for each in layout.fields:
            said = {"init": each.init, "repr": each.repr, "compare": each.compare}
            if each.default is not MISSING:
                said["default"] = each.default
            if each.default_factory is not MISSING:
                said["default_factory"] = each.default_factory
            rows.append((each.name, _annotation(owner, each.name), dataclasses.field(**said)))
        made = dataclasses.make_dataclass(layout.name, rows, frozen=layout.frozen, namespace={"__hash__": None})
        return getattr(made, self.name)


def field(*, default=MISSING, default_factory=MISSING, bint init=True, bint repr=True, bint compare=True):
    """Says more of a field than its default: a factory of defaults, or what does not regard the field."""
    return Field(default, default_factory, init, repr, compare)


def record(cls=None, *, bint frozen=True, bint eq=True):
    """Make a record of a class whose body annotates fields; as a decorator, with or without options."""
    if cls is None:
        return lambda cls: _record(cls, frozen, eq)
    return _record(cls, frozen, eq)


def replace(record, /, **changes):
    """The same record with other values for some fields."""
    cdef Layout layout = type(record).__record__
    cdef Field each
    cdef PyObject *found
    cdef Py_ssize_t left = len(changes)
    cls = type(record)
    if cls.__init__ is not _init:
        return cls(**{**{each.name: getattr(record, each.name) for each in layout.fields if each.init}, **changes})
    made = cls.__new__(cls)
    for each in layout.fields:
        found = PyDict_GetItem(changes, each.name)
        if not each.init:
            value = each.absent()
            if value is MISSING:
                continue
        elif found is not NULL:
            value = <object> found
            left -= 1
        else:
            value = layout.get(each, record)
        slot_set(each.slot, made, value)
    if left:
        raise _unexpected(layout, 0, changes)
    if layout.hooked:
        made.__post_init__()
    return made


cdef object _record(object cls, bint frozen, bint eq):
    cdef dict body = dict(cls.__dict__)
    cdef dict found = _inherited(cls)
    cdef Field each
    cdef list own = []
    cdef str name
    for name, annotation in cls.__annotations__.items():
        if "ClassVar" in str(annotation):
            continue
        if name not in found:
            own.append(name)
        said = body.pop(name, MISSING)
        found[name] = said if isinstance(said, Field) else Field(said, MISSING, True, True, True)
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    body["__slots__"] = tuple(own)
    body["__match_args__"] = tuple([name for name, each in found.items() if each.init])
    _fill(body, frozen, eq)
    made = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    made.__record__ = _layout(made, found, frozen)
    return made


cdef dict _inherited(object cls):
    """The fields of the records that the class derives from; each class has its own, with its own default."""
    cdef dict found = {}
    cdef Layout layout
    cdef Field each
    for base in reversed(cls.__mro__[1:]):
        known = base.__dict__.get("__record__")
        if known is not None:
            layout = known
            for each in layout.fields:
                found[each.name] = Field(each.default, each.default_factory, each.init, each.repr, each.compare)
    return found


cdef Layout _layout(object cls, dict found, bint frozen):
    cdef Layout layout = Layout()
    cdef Field each
    cdef bint defaulted = False
    for name, each in found.items():
        each.name = name
        each.slot = getattr(cls, name)
        if not each.init:
            continue
        if each.default is not MISSING or each.default_factory is not MISSING:
            defaulted = True
        elif defaulted:
            raise TypeError(f"non-default argument {name!r} follows default argument")
    layout.fields = tuple(found.values())
    layout.owner = cls
    layout.name = cls.__qualname__
    layout.frozen = frozen
    layout.hooked = hasattr(cls, "__post_init__")
    return layout


cdef object _fill(dict body, bint frozen, bint eq):
    """Methods, except those that the class has written itself."""
    body.setdefault("__init__", _init)
    body.setdefault("__repr__", _repr)
    body.setdefault("__getstate__", _getstate)
    body.setdefault("__setstate__", _setstate)
    body.setdefault("__replace__", replace)
    body["__dataclass_fields__"] = Described("__dataclass_fields__")
    body["__dataclass_params__"] = Described("__dataclass_params__")
    # A class with an `__eq__` of its own has `__hash__` None, unless it wrote one.
    hashes = body.get("__hash__") is not None
    if eq:
        body.setdefault("__eq__", _eq)
        if not hashes:
            body["__hash__"] = _hash if frozen else None
    if frozen:
        body["__setattr__"] = _setattr
        body["__delattr__"] = _delattr


def _init(self, /, *args, **kwargs):
    cdef Layout layout = type(self).__record__
    cdef Field each
    cdef Py_ssize_t given = len(args), at = 0, named = 0
    cdef PyObject *found
    for each in layout.fields:
        if not each.init:
            value = each.absent()
            if value is not MISSING:
                slot_set(each.slot, self, value)
            continue
        found = PyDict_GetItem(kwargs, each.name)
        if at < given:
            if found is not NULL:
                raise TypeError(f"{layout.name}.__init__() got multiple values for argument {each.name!r}")
            value = args[at]
            at += 1
        elif found is not NULL:
            value = <object> found
            named += 1
        else:
            value = each.absent()
            if value is MISSING:
                raise _missing(layout, given, kwargs)
        slot_set(each.slot, self, value)
    if at < given or named < len(kwargs):
        raise _unexpected(layout, given, kwargs)
    if layout.hooked:
        self.__post_init__()


cdef object _missing(Layout layout, Py_ssize_t given, dict kwargs):
    cdef Field each
    wanted = [each for each in layout.fields if each.init][given:]
    names = [repr(each.name) for each in wanted if each.name not in kwargs and each.absent() is MISSING]
    several = "s" if len(names) > 1 else ""
    return TypeError(
        f"{layout.name}.__init__() missing {len(names)} required positional argument{several}: {', '.join(names)}"
    )


cdef object _unexpected(Layout layout, Py_ssize_t given, dict kwargs):
    cdef Field each
    known = {each.name for each in layout.fields if each.init}
    for name in kwargs:
        if name not in known:
            return TypeError(f"{layout.name}.__init__() got an unexpected keyword argument {name!r}")
    optional = [each for each in layout.fields if each.init and each.absent() is not MISSING]
    most = len(known) + 1
    takes = f"from {most - len(optional)} to {most}" if optional else f"{most}"
    return TypeError(f"{layout.name}.__init__() takes {takes} positional arguments but {given + 1} were given")


def _repr(self):
    cdef Layout layout = type(self).__record__
    cdef Field each
    if Py_ReprEnter(self):
        return "..."
    try:
        texts = [f"{each.name}={getattr(self, each.name)!r}" for each in layout.fields if each.repr]
    finally:
        Py_ReprLeave(self)
    return f"{type(self).__qualname__}({', '.join(texts)})"


def _eq(self, other):
    cdef Layout layout
    cdef Field each
    if type(self) is not type(other):
        return NotImplemented
    layout = type(self).__record__
    for each in layout.fields:
        if each.compare and not PyObject_RichCompareBool(layout.get(each, self), layout.get(each, other), Py_EQ):
            return False
    return True


def _hash(self):
    cdef Layout layout = type(self).__record__
    return hash(layout.compared(self))


def _setattr(self, name, value):
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self, name):
    from dataclasses import FrozenInstanceError

    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self):
    cdef Layout layout = type(self).__record__
    cdef Field each
    return [getattr(self, each.name) for each in layout.fields]


def _setstate(self, state):
    cdef Layout layout = type(self).__record__
    cdef Field each
    for each, value in zip(layout.fields, state, strict=True):
        slot_set(each.slot, self, value)


cdef object _annotation(object owner, str name):
    for base in owner.__mro__:
        if name in base.__dict__.get("__annotations__", ()):
            return base.__annotations__[name]
    return None
