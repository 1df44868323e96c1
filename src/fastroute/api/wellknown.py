"""The types whose JSON is not an object of their fields.

Rules (CF-03, CF-05, CF-09):

* Duration: `"<decimal>s"` with at most nine decimals; Timestamp: RFC 3339; FieldMask: camelCase
  paths joined by commas. Each of them, and each wrapper, may also be written as an object.
* Wrappers are their bare value. Struct, ListValue and Value are JSON itself.
* Any is an object with `@type`, whose URL holds a slash that is not its first character; an empty
  object is an empty Any. A well-known type inside it stands under `value`.
* An Any of a type that Envoy lacks becomes a `xds.type.v3.TypedStruct` with that type's URL.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError

from fastroute.api import names, pool, scalars, transcode, wire
from fastroute.api.faults import Fault, index, key, kind
from fastroute.patterns import pattern

Encode = Callable[[object], bytes]

_MAX_SECONDS = 3_652_500 * 86_400
_DURATION = pattern(r"(-?[0-9]+)(?:\.([0-9]{1,9}))?s\Z")
_TIMESTAMP = pattern(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})\Z"
)
_PLAIN_DURATION = 10
"""Digits and an "s" below this length are seconds in range, of the usual form."""


def _seconds_and_nanos(seconds: int, nanos: int) -> bytes:
    return wire.tag(1, wire.VARINT) + wire.signed(seconds) + wire.tag(2, wire.VARINT) + wire.signed(nanos)


def duration(value: object) -> bytes:
    """A `google.protobuf.Duration` from its text."""
    if not isinstance(value, str):
        raise Fault(f"expected a duration, got {kind(value)}", remedy='Write it as seconds, such as "0.25s".')
    if value[-1:] == "s" and value.isascii() and value[:-1].isdigit() and len(value) < _PLAIN_DURATION:
        return _seconds_and_nanos(int(value[:-1]), 0)
    found = _DURATION.match(value)
    if found is None:
        raise Fault(f'"{value}" is not a duration', remedy='Write it as seconds, such as "0.25s".')
    seconds = int(found[1]) if len(found[1]) < 20 else _MAX_SECONDS + 1
    if abs(seconds) > _MAX_SECONDS:
        raise Fault("the duration is out of range")
    nanos = int((found[2] or "").ljust(9, "0"))
    return _seconds_and_nanos(seconds, -nanos if found[1].startswith("-") else nanos)


def timestamp(value: object) -> bytes:
    """A `google.protobuf.Timestamp` from its text."""
    if not isinstance(value, str):
        raise Fault(f"expected a timestamp, got {kind(value)}")
    found = _TIMESTAMP.match(value)
    if found is None:
        raise Fault(f'"{value}" is not a timestamp', remedy='Write it as "2024-05-06T07:08:09Z".')
    from datetime import UTC, datetime, timedelta

    year, month, day, hour, minute, second = (int(found[group]) for group in range(1, 7))
    try:
        moment = datetime(year, month, day, tzinfo=UTC) + timedelta(hours=hour, minutes=minute, seconds=second)
    except (ValueError, OverflowError):
        raise Fault(f'"{value}" is not a time that exists') from None
    if found[8] != "Z":
        away = timedelta(hours=int(found[8][1:3]), minutes=int(found[8][4:6]))
        moment = moment + away if found[8][0] == "-" else moment - away
    whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return _seconds_and_nanos(whole, int((found[7] or "").ljust(9, "0")))


def field_mask(value: object) -> bytes:
    """A `google.protobuf.FieldMask` from its text."""
    if not isinstance(value, str):
        raise Fault(f"expected field paths joined by commas, got {kind(value)}")
    paths = [transcode.snake_case(path) for path in value.split(",")] if value else []
    return b"".join(wire.tag(1, wire.BYTES) + scalars.string(path) for path in paths)


def struct(value: object) -> bytes:
    """A `google.protobuf.Struct`."""
    if not isinstance(value, dict):
        raise Fault(f"expected an object, got {kind(value)}")
    if isinstance(value, transcode.DuplicateKeys):
        raise transcode.repeated_key(value)
    out = []
    for name, item in value.items():
        try:
            entry = b"\x0a" + scalars.string(name) + b"\x12" + wire.sized(json_value(item))
        except Fault as fault:
            fault.steps.append(key(name))
            raise
        out.append(b"\x0a" + wire.sized(entry))
    return b"".join(out)


def list_value(value: object) -> bytes:
    """A `google.protobuf.ListValue`."""
    if not isinstance(value, list):
        raise Fault(f"expected a list, got {kind(value)}")
    out = []
    for position, item in enumerate(value):
        try:
            out.append(b"\x0a" + wire.sized(json_value(item)))
        except Fault as fault:
            fault.steps.append(index(position))
            raise
    return b"".join(out)


def json_value(value: object) -> bytes:
    """A `google.protobuf.Value`."""
    if isinstance(value, str):
        return b"\x1a" + scalars.string(value)
    if value is None:
        return b"\x08\x00"
    if isinstance(value, bool):
        return b"\x20\x01" if value else b"\x20\x00"
    if isinstance(value, int | float):
        return b"\x11" + scalars.double(value)
    if isinstance(value, dict):
        return b"\x2a" + wire.sized(struct(value))
    return b"\x32" + wire.sized(list_value(value))


@functools.lru_cache(1024)
def _any_type(type_url: str) -> tuple[bytes, Encode | None, transcode.Plan | None]:
    """The written URL, and the encoder of a well-known type or the plan of another; neither if unknown."""
    slash = type_url.rfind("/")
    if slash <= 0:
        raise Fault(
            f'"{type_url}" is not a type URL',
            remedy=f"It is written {names.TYPE_URL_PREFIX}package.Message.",
            code="type-url",
            step="@type",
        )
    written = b"\x0a" + scalars.string(type_url)
    try:
        descriptor = pool.pool().FindMessageTypeByName(type_url[slash + 1 :])
    except KeyError:
        return written, None, None
    special = encoder(descriptor)
    return (written, special, None) if special else (written, None, transcode.plan(descriptor))


def any_value(value: object) -> bytes:
    """A `google.protobuf.Any`."""
    if not isinstance(value, dict):
        raise Fault(f"expected an object with @type, got {kind(value)}")
    type_url = _type_url(value)
    if type_url is None:
        return b""
    written, special, plan = _any_type(type_url)
    if plan is not None:
        body = plan.encode_usual(value, "@type")
    elif special is not None:
        body = _special(value, special)
    else:
        return _unknown_type(type_url, value)
    if not body:
        return written
    return written + b"\x12" + wire.sized(_canonical(type_url, body))


def _canonical(type_url: str, body: bytes) -> bytes:
    """The same message in one fixed spelling, so that equal messages are equal Anys."""
    made = pool.message_class(pool.type_name(type_url))
    try:
        return made.FromString(body).SerializeToString(deterministic=True)
    except DecodeError as error:
        raise Fault(f"protobuf cannot hold it: {error}", code="nesting") from None


def _type_url(value: dict[str, object]) -> str | None:
    if isinstance(value, transcode.DuplicateKeys) and [name for name, _ in value.pairs].count("@type") > 1:
        raise Fault("@type occurs twice", code="repeated-key", step="@type")
    type_url = value.get("@type")
    if isinstance(type_url, str):
        return type_url
    if not value:
        return None
    if "@type" in value:
        raise Fault(f"@type must be a string, not {kind(type_url)}", code="missing-type", step="@type")
    raise Fault(
        "@type is missing: the message is an Any",
        remedy=f'Add "@type": "{names.TYPE_URL_PREFIX}…" with the name of the message.',
        code="missing-type",
    )


def _special(value: dict[str, object], encode: Encode) -> bytes:
    body = b""
    for name, item in value.items():
        if name == "value":
            body += encode(item)
        elif name != "@type":
            raise Fault("a well-known type in an Any has only @type and value", code="unknown-field", step=name)
    return body


def _unknown_type(type_url: str, value: dict[str, object]) -> bytes:
    rest = struct({name: item for name, item in value.items() if name != "@type"})
    body = b"\x0a" + scalars.string(type_url) + b"\x12" + wire.sized(rest)
    body = _canonical(names.TYPED_STRUCT, body)
    return b"\x0a" + scalars.string(names.url(names.TYPED_STRUCT)) + b"\x12" + wire.sized(body)


def _or_object(encode: Encode, descriptor: Descriptor) -> Encode:
    plan = transcode.plan(descriptor)

    def either(value: object) -> bytes:
        return plan.encode(value) if isinstance(value, dict) else encode(value)

    return either


def _wrapper(descriptor: Descriptor) -> Encode:
    wire_type, encode = scalars.encoder(descriptor.fields_by_name["value"])
    tag = wire.tag(1, wire_type)

    def wrap(value: object) -> bytes:
        return b"" if value is None else tag + encode(value)

    return wrap


_PLAIN: dict[str, Encode] = {
    "google.protobuf.Any": any_value,
    "google.protobuf.Value": json_value,
    "google.protobuf.Struct": struct,
}
_OR_OBJECT: dict[str, Encode] = {
    "google.protobuf.ListValue": list_value,
    "google.protobuf.Duration": duration,
    "google.protobuf.Timestamp": timestamp,
    "google.protobuf.FieldMask": field_mask,
}
_WRAPPERS = frozenset(
    f"google.protobuf.{name}Value"
    for name in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes")
)


def encoder(descriptor: Descriptor) -> Encode | None:
    """The encoder of a well-known type; None for any other message."""
    name = descriptor.full_name
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _WRAPPERS:
        return _or_object(_wrapper(descriptor), descriptor)
    return _or_object(_OR_OBJECT[name], descriptor) if name in _OR_OBJECT else None
