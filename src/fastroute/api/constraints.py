"""Does a message keep the constraints that the Envoy API puts on it?

`check` walks a message and everything in it, Anys included, and returns every violation. What the
rules mean is in `fastroute.api.rules`; here is where they apply:

* A message that is there is checked, unless its field says `skip`.
* A required field or oneof must be set; a required member of a oneof need not be the one.
* A value that is no longer taken is refused even where it is the zero value of an unset field.
* Lists and maps are checked as a whole, then item by item.
* What Envoy checks beyond the rules, in fields that decide nothing, is in `fastroute.api.semantics`.
* An Any is opened where Envoy hands it to an extension, not in metadata, which it only carries, and
  not in a load balancing policy, whose configuration Envoy 1.40 uses unchecked.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from fastroute.api import anys, bootstrap_semantics, declared, deprecations, durations, replacements, rules, semantics
from fastroute.api.config_sources import PRIMARY, SECRETS, primary_clusters, static_secrets
from fastroute.api.faults import index, join, key
from fastroute.api.names import BOOTSTRAP
from fastroute.errors import ParseError
from fastroute.records import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Visit = Callable[[Any], list["Violation"] | None]
    """The violations of a field's value, with paths that begin below the field."""


@record
class Violation:
    """One broken constraint: the path of the field, what is wrong, and what to do."""

    path: str
    message: str
    remedy: str = ""
    code: str = "constraint"
    subject: str = ""
    """The full name of a disallowed field or value; empty for any other violation."""

    def under(self, step: str) -> Violation:
        """The same violation, seen from the message around it."""
        return replace(self, path=join([step, self.path]) if self.path else step)


ALLOWING = "envoy.deprecated_features:"
"""What precedes the name of a disallowed field or value in the runtime key that allows it."""

_LONGEST = 40
"""Characters of a value that an error shows."""

UNCHECKED = frozenset(("envoy.config.cluster.v3.LoadBalancingPolicy.Policy.typed_extension_config",))
CARRIED = frozenset(
    (
        "envoy.config.core.v3.Metadata.typed_filter_metadata",
        *(
            f"envoy.config.listener.v3.QuicProtocolOptions.{name}"
            for name in (
                "connection_debug_visitor_config",
                "connection_id_generator_config",
                "crypto_stream_config",
                "proof_source_config",
                "server_preferred_address_config",
            )
        ),
    )
)
"""Fields whose Anys Envoy does not open, or only in listeners of UDP, which nothing here decides."""
UNVALIDATED = frozenset(
    (
        "envoy.extensions.access_loggers.filters.process_ratelimit.v3.ProcessRateLimitFilter",
        "envoy.extensions.health_checkers.udp.v3.UdpHealthCheck",
        "envoy.extensions.internal_redirect.allow_listed_routes.v3.AllowListedRoutesConfig",
        "envoy.extensions.internal_redirect.filter_state.v3.FilterStateConfig",
        "envoy.extensions.key_value.file_based.v3.FileBasedKeyValueStoreConfig",
        "envoy.extensions.watchdog.profile_action.v3.ProfileActionConfig",
        "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
    )
)
"""Configurations of extensions whose own constraints Envoy does not check."""
_LATER = frozenset(
    (
        "envoy.config.bootstrap.v3.Bootstrap.config_sources",
        "envoy.config.bootstrap.v3.Bootstrap.default_config_source",
        "envoy.config.cluster.v3.Cluster.lrs_server",
        "envoy.extensions.filters.network.http_connection_manager.v3.ScopedRoutes.rds_config_source",
    )
)
"""Sources that Envoy subscribes to when something asks for them, not when it builds what names them; those of what
`xdstp:` URLs name are looked at with the bootstrap, by rules of their own."""


class Demands:
    """What must be there in a message of one type: fields, and of each of some oneofs a member."""

    __slots__ = ("absent", "oneofs")

    def __init__(self, descriptor: Descriptor) -> None:
        declaring = declared.declaring(descriptor)
        self.absent = [
            (field.number, wrong)
            for field in descriptor.fields
            if field.number in declaring or field.enum_type is not None
            for wrong in _absences(field)
        ]
        self.oneofs: list[tuple[frozenset[int], Any]] = [
            (frozenset(member.number for member in oneof.fields), oneof)
            for oneof in descriptor.oneofs
            if rules.oneof_required(oneof)
        ]


class Checker:
    """The constraints of one message type."""

    __slots__ = ("_demands", "_visits", "built", "closed", "descriptor")

    def __init__(self, descriptor: Descriptor, closed: bool = False, built: bool = True) -> None:
        self.descriptor = descriptor
        self.closed = closed
        self._visits: dict[int, tuple[str, Visit]] | None = None
        self.built = semantics.CHECKS.get(descriptor.full_name) if built else None
        self._demands: Demands | None = None

    @property
    def demands(self) -> Demands:
        """What must be there; found out at first use."""
        if self._demands is None:
            self._demands = Demands(self.descriptor)
        return self._demands

    def visits(self) -> dict[int, tuple[str, Visit]]:
        """What looks at each field, by the field's number; made at first use."""
        if self._visits is None:
            visits: dict[int, tuple[str, Visit]] = {}
            for field in self.descriptor.fields:
                self._add(field, visits)
            self._visits = visits
        return self._visits

    def _add(self, field: FieldDescriptor, visits: dict[int, tuple[str, Visit]]) -> None:
        rule = rules.field_rules(field)
        visit = _either(_disallowed(field), None if is_disallowed(field) else _visit(field, rule))
        if visit is not None and not (self.closed and visit is _any):
            visits[field.number] = (field.name, visit)

    def check(self, message: Message) -> list[Violation]:
        """Every violation in `message`, in the order of the fields."""
        visits = self._visits if self._visits is not None else self.visits()
        found: list[Violation] = []
        fields = message.ListFields()
        for field, value in fields:
            entry = visits.get(field.number)
            if entry is not None:
                inner = entry[1](value)
                if inner:
                    found.extend(violation.under(entry[0]) for violation in inner)
        demands = self._demands or self.demands
        if demands.absent or demands.oneofs:
            self._check_absent(demands, {field.number for field, _ in fields}, found)
        if self.built is not None:
            found.extend(Violation(path, wrong, remedy, "refused") for path, wrong, remedy in self.built(message))
        return found

    def _check_absent(self, demands: Demands, present: set[int], found: list[Violation]) -> None:
        found.extend(violation for number, violation in demands.absent if number not in present)
        for numbers, oneof in demands.oneofs:
            if present.isdisjoint(numbers):
                members = ", ".join(member.name for member in oneof.fields)
                found.append(Violation("", f"{oneof.name} is required", f"Set one of {members}.", "required"))


@functools.cache
def checker(descriptor: Descriptor, closed: bool = False, built: bool = True) -> Checker:
    """The checker of a message type; a `closed` one leaves the Anys of the message alone.

    One that is not `built` leaves out what Envoy checks when it builds the message.
    """
    return Checker(descriptor, closed, built)


@contextmanager
def surroundings(message: Message) -> Iterator[None]:
    """What checks of parts have to know of the whole `message`: the clusters and secrets of a bootstrap."""
    whole = message.DESCRIPTOR.full_name == BOOTSTRAP
    clusters = PRIMARY.set(primary_clusters(message) if whole else None)
    secrets = SECRETS.set(static_secrets(message) if whole else None)
    try:
        yield
    finally:
        PRIMARY.reset(clusters)
        SECRETS.reset(secrets)


def check(message: Message, path: str = "") -> list[Violation]:
    """Every violation of a constraint in `message`, whose own place is `path`."""
    with surroundings(message):
        found = checker(message.DESCRIPTOR).check(message)
    if found and message.DESCRIPTOR.full_name == BOOTSTRAP:
        found = [_late(violation) for violation in found]
    return [violation.under(path) for violation in found] if path else found


def _late(violation: Violation) -> Violation:
    late = bootstrap_semantics.is_late(violation.path, built=violation.code in ("refused", "disallowed"))
    return replace(violation, code="start") if late else violation


def _absences(field: FieldDescriptor) -> Iterator[Violation]:
    """What is wrong where the field is not set."""
    rule = rules.field_rules(field)
    if rule is not None and field.containing_oneof is None and _is_required(rule):
        yield _required(field.name, "is required")
    wrong = _absent(field, rule)
    if wrong:
        yield _required(field.name, wrong)
    if field.enum_type is not None and not field.is_repeated and not field.has_presence:
        zero = _refused_values(field).get(0)
        if zero:
            yield _no_longer(zero).under(field.name)


def _is_required(rule: Any) -> bool:
    kind = rule.WhichOneof("type")
    return bool(rule.message.required or (kind in ("any", "duration", "timestamp") and getattr(rule, kind).required))


def _absent(field: FieldDescriptor, rule: Any) -> str | None:
    """What is wrong when a field is not set: a plain field then has its zero value, a list no items."""
    if rule is None:
        return None
    if field.is_repeated:
        least = rule.repeated.min_items or rule.map.min_pairs
        return _too_few(least) if least else None
    if field.has_presence or field.message_type is not None:
        return None
    test = rules.value_test(field, rule)
    return test(field.default_value) if test else None


def _too_few(least: int) -> str:
    return "must not be empty" if least == 1 else f"must have at least {least} items"


def is_disallowed(field: FieldDescriptor) -> bool:
    """Whether Envoy refuses the field by default."""
    return deprecations.field_state(field)[1]


def value_refusal(field: FieldDescriptor) -> rules.Test | None:
    """The test of an enum field some of whose values Envoy refuses by default; None for any other field."""
    refused = _refused_values(field) if field.enum_type is not None and not field.is_repeated else None
    return (lambda value: refused.get(value)) if refused else None


def _disallowed(field: FieldDescriptor) -> Visit | None:
    """The visit of a field, or of an enum with values, that Envoy refuses by default."""
    if is_disallowed(field):
        return lambda _: [_no_longer(field.full_name)]
    if field.enum_type is None:
        return None
    refused = _refused_values(field)
    if not refused or field.is_repeated:
        return None

    def visit(value: int) -> list[Violation] | None:
        return [_no_longer(refused[value])] if value in refused else None

    return visit


def _either(one: Visit | None, other: Visit | None) -> Visit | None:
    """What the first has to say, else what the second has."""
    if one is None or other is None:
        return one or other
    return lambda value: one(value) or other(value)


def _refused_values(field: Any) -> dict[int, str]:
    """The full names of the values of an enum field that Envoy refuses by default, by their number."""
    enum = field.enum_type
    return {
        value.number: f"{enum.full_name}.{value.name}" for value in enum.values if deprecations.value_state(value)[1]
    }


def _required(name: str, wrong: str) -> Violation:
    return Violation(name, f"{name} {wrong}", f"Set {name}.", "required")


def _no_longer(name: str) -> Violation:
    replacement = replacements.REPLACEMENTS.get(name)
    remedy = f"Use {replacement}." if replacement else "Remove it."
    return Violation("", f"Envoy no longer takes {name}", remedy, "disallowed", name)


def _visit(field: FieldDescriptor, rule: Any) -> Visit | None:
    if declared.is_map(field):
        return _map(field, rule)
    if field.is_repeated:
        return _list(field, rule)
    return _value(field, rule)


def _value(field: FieldDescriptor, rule: Any) -> Visit | None:
    """The visit of one value: its own rule, then what lies in it."""
    test = rules.value_test(field, rule) if rule is not None else None
    inside = _inside(field) if rule is None or not rule.message.skip else None
    if test is None:
        return inside
    if field.message_type is not None and field.message_type.full_name.endswith("Value"):
        test = _unwrapped(test)
    return _tested(field.name, test, inside, field.enum_type is None)


def _instead(value: Any) -> str:
    """The value that breaks a constraint, where it is short and no number that the constraint names itself."""
    if isinstance(value, str) and value and value.isprintable():
        return f': it is "{value[:_LONGEST]}{"…" if len(value) > _LONGEST else ""}"'
    return f": it is {value}" if type(value) in (int, float) else ""


def _tested(name: str, test: rules.Test, inside: Visit | None, shown: bool) -> Visit:
    def visit(value: Any) -> list[Violation] | None:
        wrong = test(value)
        if wrong:
            return [Violation("", f"{name} {wrong}{_instead(value) if shown else ''}")]
        return inside(value) if inside else None

    return visit


def _unwrapped(test: rules.Test) -> rules.Test:
    return lambda wrapper: test(wrapper.value)


def _inside(field: FieldDescriptor) -> Visit | None:
    if field.message_type is None:
        return None
    name = field.message_type.full_name
    if name == "google.protobuf.Any":
        return None if field.full_name in CARRIED else _any
    if name == durations.DURATION:
        return _duration
    if name.startswith("google.protobuf."):
        return None
    return checker(field.message_type, field.full_name in UNCHECKED, field.full_name not in _LATER).check


def _duration(value: Any) -> list[Violation] | None:
    wrong = durations.fault(value)
    return [Violation("", *wrong, code="duration")] if wrong else None


def _nothing(_: Any) -> Iterator[semantics.Complaint]:
    return iter(())


def _any(value: Any) -> list[Violation] | None:
    if not value.type_url:
        return None
    try:
        inner = anys.unpack(value)
    except ParseError as error:
        return [Violation(error.path, error.message, error.remedy, error.code)]
    name = inner.DESCRIPTOR.full_name
    if name in UNVALIDATED:
        built = semantics.CHECKS.get(name, _nothing)
        found = (*durations.within(inner), *built(inner))
        return [Violation(path, wrong, remedy, "refused") for path, wrong, remedy in found]
    if name.startswith("google.protobuf.") or anys.is_unknown(inner):
        return None
    return checker(inner.DESCRIPTOR).check(inner)


def _list(field: FieldDescriptor, rule: Any) -> Visit | None:
    items = rule.repeated if rule is not None and rule.HasField("repeated") else None
    each = _value(field, items.items if items is not None and items.HasField("items") else None)
    least, most = (items.min_items, items.max_items) if items is not None else (0, 0)
    unique = items is not None and items.unique
    if not (each or least or most or unique):
        return None
    name = field.name

    def visit(values: Sequence[Any]) -> list[Violation] | None:
        if most and len(values) > most:
            return [Violation("", f"{name} must have at most {most} items")]
        if len(values) < least:
            return [Violation("", f"{name} {_too_few(least)}")]
        if unique and len(set(values)) < len(values):
            return [Violation("", f"{name} must not repeat an item")]
        return _each(values, each) if each else None

    return visit


def _each(values: Sequence[Any], each: Visit) -> list[Violation] | None:
    found: list[Violation] | None = None
    for position, value in enumerate(values):
        inner = each(value)
        if inner:
            found = found or []
            found.extend(violation.under(index(position)) for violation in inner)
    return found


def _map(field: FieldDescriptor, rule: Any) -> Visit | None:
    assert field.message_type is not None
    entry = field.message_type.fields_by_name
    pairs = rule.map if rule is not None and rule.HasField("map") else None
    key_test = rules.value_test(entry["key"], pairs.keys) if pairs is not None and pairs.HasField("keys") else None
    if field.full_name in CARRIED:
        each = None
    else:
        each = _value(entry["value"], pairs.values if pairs is not None and pairs.HasField("values") else None)
    if key_test is None and each is None:
        return None

    def visit(values: Any) -> list[Violation] | None:
        found: list[Violation] = []
        for name, value in values.items():
            wrong = key_test(name) if key_test else None
            if wrong:
                found.append(Violation(key(str(name)), f"the key {wrong}"))
            inner = each(value) if each else None
            if inner:
                found.extend(violation.under(key(str(name))) for violation in inner)
        return found

    return visit
