"""The constraint rules of the Envoy API: `validate.rules` of a field as a test of its value.

Rules (CF-11; protoc-gen-validate as Envoy compiles it):

* `min_len` and `max_len` count characters of text and bytes of bytes; `max_bytes` counts bytes.
* A pattern must match the whole text. The header patterns only forbid NUL, CR and LF when not
  strict; a strict name may hold a comma, for the pattern means `+-.` as a range.
* Bounds: above `gt` or from `gte`, below `lt` or to `lte`; durations compare with nanoseconds. Where the upper
  bound is below the lower one, a value keeps one of them: it is not between the two.
* `ignore_empty` spares the empty value. `defined_only` wants a number that the enum defines.
* A plain field without presence is tested even when it is absent, with its zero value; a wrapper or
  a message only when it is there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from google.protobuf.descriptor import FieldDescriptor

from fastroute.api import declared, durations, pool
from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import Any

    Test = Callable[[Any], str | None]
    """What is wrong with a value, as the end of a sentence that begins with the field; None when it is fine."""


_TOKEN = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&'*+,-.^_|~`")
"""What a header's name may hold."""
_BREAKS = frozenset("\x00\n\r")
_CONTROLS = frozenset(map(chr, (*range(9), *range(10, 32), 127)))
_BILLION = 1_000_000_000


@functools.cache
def _extensions() -> tuple[Any, Any]:
    """The marks of a field and of a oneof."""
    found = pool.pool()
    return found.FindExtensionByName("validate.rules"), found.FindExtensionByName("validate.required")


def field_rules(field: FieldDescriptor) -> Any:
    """The `validate.FieldRules` of a field; None when it has none."""
    options = declared.field_options(field)
    if options is None:
        return None
    rules = _extensions()[0]
    return options.Extensions[rules] if options.HasExtension(rules) else None


def oneof_required(oneof: Any) -> bool:
    """Whether one member of the oneof must be set."""
    options = declared.oneof_options(oneof)
    return options is not None and bool(options.Extensions[_extensions()[1]])


def value_test(field: FieldDescriptor, rules: Any) -> Test | None:
    """The test of one value of a field: of a scalar, a wrapped scalar or a duration."""
    kind = rules.WhichOneof("type")
    if kind is None or kind in ("repeated", "map", "any"):
        return None
    tests = _TESTS.get(kind, _number_tests)(field, getattr(rules, kind))
    if not tests:
        return None
    return _ignoring_empty(_all(tests), getattr(rules, kind))


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def every(value: Any) -> str | None:
        for test in tests:
            wrong = test(value)
            if wrong:
                return wrong
        return None

    return every


def _ignoring_empty(test: Test, rule: Any) -> Test:
    if not getattr(rule, "ignore_empty", False):
        return test

    def spare(value: Any) -> str | None:
        return test(value) if value else None

    return spare


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _at_least(least: int, noun: str) -> Test:
    wrong = f"must have at least {_plural(least, noun)}" if least != 1 else "must not be empty"
    return lambda value: wrong if len(value) < least else None


def _at_most(most: int, noun: str) -> Test:
    return lambda value: f"must have at most {_plural(most, noun)}" if len(value) > most else None


def _max_bytes(most: int) -> Test:
    return lambda value: f"must have at most {_plural(most, 'byte')}" if len(value.encode()) > most else None


def _exactly(length: int) -> Test:
    return lambda value: f"must have exactly {length} characters" if len(value) != length else None


def _matching(whole: re.Pattern[str], wrong: str) -> Test:
    return lambda value: None if whole.fullmatch(value) else wrong


def _one_of(allowed: Any) -> Test:
    members = frozenset(allowed)
    wrong = "must be one of " + ", ".join(str(item) for item in allowed)
    return lambda value: None if value in members else wrong


def _string_tests(field: FieldDescriptor, rule: Any) -> list[Test]:
    tests: list[Test] = []
    for name, value in _set(rule):
        if name == "min_len":
            tests.append(_at_least(value, "character"))
        elif name == "max_len":
            tests.append(_at_most(value, "character"))
        elif name == "max_bytes":
            tests.append(_max_bytes(value))
        elif name == "len":
            tests.append(_exactly(value))
        elif name == "pattern":
            tests.append(_matching(pattern(value), f"must match the pattern {value}"))
        elif name == "prefix":
            tests.append(_affix(value, "begin", str.startswith))
        elif name == "suffix":
            tests.append(_affix(value, "end", str.endswith))
        elif name == "in":
            tests.append(_one_of(value))
        elif name == "well_known_regex":
            tests.append(_header(field, value, rule.strict))
        elif name not in ("strict", "ignore_empty"):
            raise _unheard_of(field, name)
    return tests


def _affix(affix: str, verb: str, holds: Callable[[str, str], bool]) -> Test:
    return lambda value: None if holds(value, affix) else f"must {verb} with {affix}"


def _header(field: FieldDescriptor, known: int, strict: bool) -> Test:
    if known not in (1, 2):
        raise _unheard_of(field, f"well_known_regex {known}")
    if known == 1 and strict:
        return lambda value: (
            None if value and _TOKEN.issuperset(value.removeprefix(":") or ":") else "is not a header name"
        )
    banned = _CONTROLS if strict else _BREAKS
    wrong = "must not hold NUL, CR or LF" if known == 1 else "must not hold control characters, NUL, CR or LF"
    return lambda value: None if banned.isdisjoint(value) else wrong


@functools.cache
def allowed_bytes(known: int, strict: bool) -> bytes:
    """256 truth values: the bytes that a header name or value (`well_known_regex`) may hold wherever they stand."""
    if known == 1 and strict:
        return bytes(chr(byte) in _TOKEN for byte in range(256))
    banned = _CONTROLS if strict else _BREAKS
    return bytes(chr(byte) not in banned for byte in range(256))


def _bytes_tests(field: FieldDescriptor, rule: Any) -> list[Test]:
    tests: list[Test] = []
    for name, value in _set(rule):
        if name == "min_len":
            tests.append(_at_least(value, "byte"))
        elif name == "max_len":
            tests.append(_at_most(value, "byte"))
        else:
            raise _unheard_of(field, name)
    return tests


def _enum_tests(field: FieldDescriptor, rule: Any) -> list[Test]:
    tests: list[Test] = []
    for name, value in _set(rule):
        if name == "defined_only":
            tests.append(_defined(field.enum_type))
        elif name == "not_in":
            tests.append(_not_in(field.enum_type, value))
        else:
            raise _unheard_of(field, name)
    return tests


def _defined(enum: Any) -> Test:
    numbers = frozenset(enum.values_by_number)
    return lambda value: None if value in numbers else f"has the number {value}, which {enum.full_name} lacks"


def _not_in(enum: Any, numbers: Any) -> Test:
    forbidden = frozenset(numbers)
    labels = ", ".join(enum.values_by_number[number].name for number in numbers)
    return lambda value: f"must not be {labels}" if value in forbidden else None


def _bool_tests(field: FieldDescriptor, rule: Any) -> list[Test]:
    for name, _ in _set(rule):
        if name != "const":
            raise _unheard_of(field, name)
    const = rule.const
    return [lambda value: None if value == const else f"must be {str(const).lower()}"]


def _number_tests(field: FieldDescriptor, rule: Any) -> list[Test]:
    bounds: dict[str, Any] = {}
    for name, bound in _set(rule):
        if name in _BOUNDS:
            bounds[name] = bound
        elif name != "ignore_empty":
            raise _unheard_of(field, name)
    return _bounded(bounds, lambda value: value, _shown)


def _bounded(bounds: dict[str, Any], number: Callable[[Any], Any], shown: Callable[[Any], str]) -> list[Test]:
    """The tests of a value, whose `number` is compared, against its bounds."""
    tests = [_bound(_BOUNDS[name][0], bound, _BOUNDS[name][1] + shown(bound), number) for name, bound in bounds.items()]
    lower, upper = (next((bounds[name] for name in names if name in bounds), None) for names in (_LOWER, _UPPER))
    return [_any_of(tests)] if lower is not None and upper is not None and upper < lower else tests


def _bound(holds: Callable[[Any, Any], bool], bound: Any, wrong: str, number: Callable[[Any], Any]) -> Test:
    return lambda value: None if holds(number(value), bound) else wrong


def _any_of(tests: list[Test]) -> Test:
    def any_of(value: Any) -> str | None:
        found = [test(value) for test in tests]
        return None if None in found else " or ".join(str(wrong) for wrong in found)

    return any_of


def _shown(bound: Any) -> str:
    return str(int(bound)) if float(bound).is_integer() else str(bound)


_BOUNDS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "gt": (lambda value, bound: value > bound, "must be more than "),
    "gte": (lambda value, bound: value >= bound, "must be at least "),
    "lt": (lambda value, bound: value < bound, "must be less than "),
    "lte": (lambda value, bound: value <= bound, "must be at most "),
}


_LOWER, _UPPER = ("gt", "gte"), ("lt", "lte")


def _duration_tests(field: FieldDescriptor, rule: Any) -> list[Test]:
    bounds: dict[str, int] = {}
    for name, bound in _set(rule):
        if name in _BOUNDS:
            bounds[name] = durations.nanoseconds(bound)
        elif name != "required":
            raise _unheard_of(field, name)
    return _bounded(bounds, durations.nanoseconds, lambda nanos: f"{nanos / _BILLION:g}s")


def _set(rule: Any) -> list[tuple[str, Any]]:
    """The rules that are set, proto2 defaults not among them."""
    return [(field.name, value) for field, value in rule.ListFields()]


def _unheard_of(field: FieldDescriptor, name: str) -> LookupError:
    return LookupError(f"{field.full_name} has a rule {name} that this interpreter does not know")


_TESTS: dict[str, Callable[[FieldDescriptor, Any], list[Test]]] = {
    "string": _string_tests,
    "bytes": _bytes_tests,
    "enum": _enum_tests,
    "bool": _bool_tests,
    "duration": _duration_tests,
}
