"""A valid resource for every message of the API that a resource can hold, and its neighbours with one field changed.

    samples()              what is reachable: by message type, the way from a resource to it (`Way`)
    samples(BOOTSTRAP)     the same from a bootstrap, but for the listeners and clusters in it
    minimal("…Type")       the smallest message that keeps its constraints, with what Envoy asks of it besides
    within(way, message)   a whole resource with that message in it
    neighbours(message)    (field, what was changed, the changed message)

Ways lead through the extensions that Envoy has, as `fastroute.api.extension_points` names their categories. What a
category does not tell, such as a filter behind which a terminal one is due, is in `support.api_completions`.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from fastroute.api import constraints, declared, extension_points, extension_types, names, pool, rules
from support.api_completions import AFTERWARDS, COMPLETIONS, Change
from support.near_valid import LEFT_ALONE, message

ROOTS = (names.ROUTE_CONFIGURATION, names.CLUSTER_LOAD_ASSIGNMENT, names.CLUSTER, names.LISTENER)
_BOOTSTRAP = "envoy.config.bootstrap.v3.Bootstrap"
_PASSED_BY = tuple(
    f"{_BOOTSTRAP}.{field}"
    for field in (
        "StaticResources.listeners",
        "StaticResources.clusters",
        "DynamicResources.lds_config",
        "config_sources",
        "default_config_source",
    )
)
"""Where a bootstrap holds what is a resource of its own, and sources that `--mode validate` does not ask or that only
have a part of what others may."""
ANY = "google.protobuf.Any"
TYPED = ("envoy.config.core.v3.TypedExtensionConfig", "xds.core.v3.TypedExtensionConfig")
_FOREIGN = ("dynamic_modules", "DynamicModule", "wasm", "Wasm")
"""Extensions that run the code of others."""
_MANAGER = names.HTTP_CONNECTION_MANAGER
_POINTS = {
    **{
        f"{kind}.{field}": category
        for kind, fields in extension_points.POINTS.items()
        for field, category in fields.items()
    },
    "envoy.config.listener.v3.Filter.typed_config": "envoy.filters.network",
    "envoy.config.listener.v3.ListenerFilter.typed_config": "envoy.filters.listener",
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.typed_config": "envoy.filters.http",
}
_TEXTS = ("a", "/a", "a:80", "http://a.com", "x-a", "1", "[a]", "10.0.0.0", "%RESPONSE_CODE%")
_NUMBERS = (1, 2, 10, 100, 0, 200, 500, 65537, 4096, 1000)
_DURATIONS = ((1, 0), (0, 1_000_000), (10, 0), (100, 0))
_DEEPEST = 12


class CannotError(Exception):
    """Nothing valid is known for a field."""


class Step(NamedTuple):
    """A field of a message, and the type in the Any that it holds, if it holds one."""

    container: str
    field: str
    packed: str


class Way(NamedTuple):
    """From a resource to a message in it, which is of the type `end`."""

    root: str
    steps: tuple[Step, ...]
    end: str


def _descriptor(name: str) -> Descriptor:
    found: Descriptor = pool.pool().FindMessageTypeByName(name)
    return found


def _held(field: FieldDescriptor) -> Any:
    """The type of the messages in a field."""
    kind: Any = field.message_type
    return kind.fields_by_name["value"].message_type if kind is not None and declared.is_map(field) else kind


def _category(field: str, steps: tuple[Step, ...]) -> str:
    if field == "envoy.config.core.v3.TransportSocket.typed_config":
        downstream = any(step.field in ("filter_chains", "default_filter_chain") for step in steps)
        return f"envoy.transport_sockets.{'down' if downstream else 'up'}stream"
    if field.endswith(".HttpFilter.typed_config") and not (steps and steps[-1].container == _MANAGER):
        return ""
    return _POINTS.get(field, "")


def _types(category: str) -> list[str]:
    if category.startswith("envoy.transport_sockets."):
        from fastroute.api import tls_semantics

        return sorted(getattr(tls_semantics, category.rpartition(".")[2].upper()))
    return sorted(extension_types.types_of(category)) if category else []


@functools.cache
def samples(*roots: str) -> dict[str, Way]:
    """By message type, the shortest way to it from one of the `roots`: from a resource, unless others are named."""
    roots = roots or ROOTS
    found = {root: Way(root, (), root) for root in roots}
    due = deque(roots)
    while due:
        name = due.popleft()
        for step, inner in _steps(_descriptor(name), found[name].steps):
            if inner not in found and not any(word in inner for word in _FOREIGN):
                found[inner] = Way(found[name].root, (*found[name].steps, step), inner)
                due.append(inner)
    return found


def _steps(descriptor: Descriptor, steps: tuple[Step, ...]) -> Iterator[tuple[Step, str]]:
    for field in descriptor.fields:
        held = _held(field)
        if held is None or constraints.is_disallowed(field) or field.full_name in _PASSED_BY:
            continue
        if held.full_name == ANY or held.full_name in TYPED:
            for packed in _types(_category(field.full_name, steps)):
                yield Step(descriptor.full_name, field.name, packed), packed
        elif not held.full_name.startswith("google.protobuf."):
            yield Step(descriptor.full_name, field.name, ""), held.full_name


def minimal(name: str, depth: int = 0) -> Any:
    """The smallest valid message of a type."""
    if depth > _DEEPEST:
        raise CannotError(name)
    made: Any = pool.new(name)
    for field in made.DESCRIPTOR.fields:
        if _is_needed(field):
            fill(made, field, depth)
    for oneof in made.DESCRIPTOR.oneofs:
        if rules.oneof_required(oneof) and made.WhichOneof(oneof.name) is None:
            _fill_one(made, oneof, depth)
    for complete in COMPLETIONS.get(name, ()):
        complete(made)
    return made


def _is_needed(field: FieldDescriptor) -> bool:
    rule = rules.field_rules(field)
    alone = field.containing_oneof is None
    if rule is not None and ((alone and constraints._is_required(rule)) or constraints._absent(field, rule)):
        return True
    plain = field.enum_type is not None and not field.is_repeated and not field.has_presence
    return plain and 0 in constraints._refused_values(field)


def _fill_one(made: Any, oneof: Any, depth: int) -> None:
    def rank(field: FieldDescriptor) -> tuple[bool, bool]:
        held = _held(field)
        return constraints.is_disallowed(field), held is not None and held.full_name in (ANY, *TYPED)

    for field in sorted(oneof.fields, key=rank):
        try:
            return fill(made, field, depth)
        except CannotError:
            made.ClearField(field.name)
    raise CannotError(made.DESCRIPTOR.full_name)


def fill(made: Any, field: FieldDescriptor, depth: int = 0) -> None:
    """Give a field a valid value."""
    rule = rules.field_rules(field)
    if declared.is_map(field):
        entry: Any = field.message_type
        put(made, field, _one(entry.fields_by_name["value"], None, field, depth))
    elif field.is_repeated:
        items = rule.repeated.items if rule is not None and rule.repeated.HasField("items") else None
        for _ in range(max(1, rule.repeated.min_items if rule is not None else 1)):
            put(made, field, _one(field, items, field, depth))
    else:
        put(made, field, _one(field, rule, field, depth))


def put(made: Any, field: FieldDescriptor, value: Any) -> None:
    """Set a field, or add to it."""
    held: Any = _held(field)
    if declared.is_map(field):
        entry: Any = field.message_type
        text = entry.fields_by_name["key"].type == FieldDescriptor.TYPE_STRING
        key = "a" if text else 1
        if field.name == "typed_extension_protocol_options":
            key = pool.type_name(value.type_url)
        if held is None:
            getattr(made, field.name)[key] = value
        else:
            getattr(made, field.name)[key].CopyFrom(value)
    elif field.is_repeated:
        getattr(made, field.name).add().CopyFrom(value) if held is not None else getattr(made, field.name).append(value)
    elif held is not None:
        getattr(made, field.name).CopyFrom(value)
        getattr(made, field.name).SetInParent()
    else:
        setattr(made, field.name, value)


def packed_in(holder: str, value: Any) -> Any:
    """An Any, or a TypedExtensionConfig, with a message in it."""
    made: Any = pool.new(holder)
    packed = made
    if holder != ANY:
        made.name, packed = "x", made.typed_config
    packed.type_url, packed.value = names.url(value.DESCRIPTOR.full_name), value.SerializeToString()
    return made


def _one(field: FieldDescriptor, rule: Any, point: FieldDescriptor, depth: int) -> Any:
    held = field.message_type
    if held is None:
        return _scalar(field, rule)
    if held.full_name == ANY or held.full_name in TYPED:
        return _extension(held.full_name, _category(point.full_name, ()), depth)
    if held.full_name == "google.protobuf.Duration":
        return _duration(field, rule)
    if held.full_name.startswith("google.protobuf."):
        made: Any = pool.new(held.full_name)
        if held.full_name.endswith("Value") and "value" in held.fields_by_name:
            made.value = _scalar(held.fields_by_name["value"], rule)
        return made
    return minimal(held.full_name, depth + 1)


def _extension(holder: str, category: str, depth: int) -> Any:
    fitting = []
    for name in _types(category):
        if not any(word in name for word in _FOREIGN):
            try:
                fitting.append(minimal(name, depth + 1))
            except CannotError:
                continue
    if not fitting:
        raise CannotError(category)
    return packed_in(holder, min(fitting, key=lambda one: len(one.SerializeToString())))


def _duration(field: FieldDescriptor, rule: Any) -> Any:
    test = rules.value_test(field, rule) if rule is not None else None
    for seconds, nanos in _DURATIONS:
        made: Any = pool.new("google.protobuf.Duration")
        made.seconds, made.nanos = seconds, nanos
        if test is None or not test(made):
            return made
    raise CannotError(field.full_name)


def _scalar(field: FieldDescriptor, rule: Any) -> Any:
    test = rules.value_test(field, rule) if rule is not None else None
    for value in _choices(field):
        if test is None or not test(value):
            return value
    raise CannotError(field.full_name)


def _choices(field: FieldDescriptor) -> tuple[Any, ...]:
    if field.enum_type is not None:
        refused = constraints._refused_values(field)
        numbers = tuple(number for number in field.enum_type.values_by_number if number not in refused)
        return numbers if field.has_presence else (*numbers[1:], *numbers[:1])
    if field.type == FieldDescriptor.TYPE_BOOL:
        return (True, False)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _TEXTS
    if field.type == FieldDescriptor.TYPE_BYTES:
        return (b"a",)
    if field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return (0.5, 1.0, 50.0, 0.0)
    return _NUMBERS


def within(way: Way, inner: Any) -> Any:
    """The resource at the beginning of the way, with `inner` at its end."""
    for step in reversed(way.steps):
        field = _descriptor(step.container).fields_by_name[step.field]
        around = minimal(step.container)
        around.ClearField(step.field)
        put(around, field, packed_in(_held(field).full_name, inner) if step.packed else inner)
        for complete in AFTERWARDS.get(step.container, ()):
            complete(around)
        inner = around
    return inner


def neighbours(base: Any) -> Iterator[tuple[FieldDescriptor, str, Any]]:
    """The message with one field changed: cleared, set, filled, of a wrong type, or at an edge."""
    for field in base.DESCRIPTOR.fields:
        if field.full_name in LEFT_ALONE:
            continue
        for what, change in _changes(field, base):
            changed = type(base)()
            changed.CopyFrom(base)
            try:
                change(changed)
            except (CannotError, ValueError, TypeError):
                continue
            yield field, what, changed


def _changes(field: FieldDescriptor, base: Any) -> Iterator[tuple[str, Change]]:
    held, name = _held(field), field.name
    present = any(each.number == field.number for each, _ in base.ListFields())
    if present:
        yield "cleared", lambda one: one.ClearField(name)
    if held is not None and (held.full_name == ANY or held.full_name in TYPED):
        wrong = packed_in(held.full_name, message("envoy.type.v3.Percent", {"value": 1}))
        yield "of a wrong type", lambda one: (one.ClearField(name), put(one, field, wrong))
    if held is None:
        for value in _edges(field):
            yield f"{value!r:.20}", lambda one, value=value: put(one, field, value)
        return
    yield "filled", lambda one: (one.ClearField(name), fill(one, field))
    if declared.is_map(field):
        yield "with an empty entry", lambda one: put(one, field, pool.new(held.full_name))
    elif field.is_repeated:
        yield "with an empty item", lambda one: getattr(one, name).add()
        if present:
            yield "repeated", lambda one: getattr(one, name).add().CopyFrom(getattr(one, name)[0])
    else:
        yield "empty", lambda one: (one.ClearField(name), getattr(one, name).SetInParent())
        yield from _well_known(field, held)


def _well_known(field: FieldDescriptor, held: Descriptor) -> Iterator[tuple[str, Change]]:
    name = field.name
    if held.full_name == "google.protobuf.Duration":
        for seconds, nanos in ((0, 1), (0, 999_999), (-1, 0), (10**7, 0)):
            span = {"seconds": seconds, "nanos": nanos}
            yield (
                f"{seconds}.{nanos:09}s",
                lambda one, span=span: getattr(one, name).MergeFrom(type(getattr(one, name))(**span)),
            )
    elif held.full_name.startswith("google.protobuf.") and "value" in held.fields_by_name:
        for value in _edges(held.fields_by_name["value"]):
            yield f"{value!r:.20}", lambda one, value=value: setattr(getattr(one, name), "value", value)


def _edges(field: FieldDescriptor) -> tuple[Any, ...]:
    if field.enum_type is not None:
        return (*list(field.enum_type.values_by_number)[:6], 99)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return (True, False)
    if field.type == FieldDescriptor.TYPE_STRING:
        return ("", "a", "[", "/a b", "%", "http://a.com/x", "1" * 300, "a\n")
    if field.type == FieldDescriptor.TYPE_BYTES:
        return (b"", b"b")
    if field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return (-1.0, 0.0, 0.5, 101.0)
    return (0, 1, 7, 65536, 2**31 - 1)
