"""Format strings of fields that decide no request, which Envoy parses when it builds what has them.

* Those of access logs, as text and inside JSON, of the names of spans and of tags, and of tunnels. With formatters
  of extensions any operator may be one of theirs.
* A tunnel adds no pseudo header and no host.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api.format_strings import fault
from fastroute.api.trees import struct_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]
REMEDY = "Correct the format; a per cent sign is written %%."


def texts(message: Any, *fields: str) -> Iterator[Complaint]:
    """What is wrong with the format strings in `fields` of a message."""
    for field in fields:
        yield from _text(getattr(message, field), field)


def _text(text: str, path: str, extended: bool = False) -> Iterator[Complaint]:
    wrong = fault(text, extended=extended) if "%" in text else ""
    if wrong:
        yield path, wrong, REMEDY


def _json(value: object, path: str, extended: bool = False) -> Iterator[Complaint]:
    if isinstance(value, str):
        yield from _text(value, path, extended)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _json(each, path, extended)
    elif isinstance(value, list):
        for each in value:
            yield from _json(each, path, extended)


def substitution(message: Any) -> Iterator[Complaint]:
    """A SubstitutionFormatString."""
    extended = len(message.formatters) > 0
    kind = message.WhichOneof("format")
    if kind == "text_format":
        yield from _text(message.text_format, kind, extended)
    elif kind == "json_format":
        yield from _json(struct_tree(message.json_format), kind, extended)
    elif message.text_format_source.WhichOneof("specifier") == "inline_string":
        yield from _text(message.text_format_source.inline_string, "text_format_source.inline_string", extended)


def file_access_log(message: Any) -> Iterator[Complaint]:
    """A FileAccessLog in its old forms."""
    yield from texts(message, "format")
    for field in ("json_format", "typed_json_format"):
        if message.WhichOneof("access_log_format") == field:
            yield from _json(struct_tree(getattr(message, field)), field)


def fluentd(message: Any) -> Iterator[Complaint]:
    """A FluentdAccessLogConfig."""
    yield from _json(struct_tree(message.record), "record", len(message.formatters) > 0)


def rate_limit(message: Any) -> Iterator[Complaint]:
    """The RateLimit of connections."""
    for position, descriptor in enumerate(message.descriptors):
        for place, entry in enumerate(descriptor.entries):
            yield from _text(entry.value, f"descriptors[{position}].entries[{place}].value")


def any_value(value: Any, path: str, extended: bool) -> Iterator[Complaint]:
    """An AnyValue of OpenTelemetry."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        yield from _text(value.string_value, f"{path}.{kind}", extended)
    elif kind == "array_value":
        for position, each in enumerate(value.array_value.values):
            yield from any_value(each, f"{path}.{kind}.values[{position}]", extended)
    elif kind == "kvlist_value":
        for position, pair in enumerate(value.kvlist_value.values):
            yield from any_value(pair.value, f"{path}.{kind}.values[{position}].value", extended)


def tracing(message: Any) -> Iterator[Complaint]:
    """The tracing of a connection manager or of a route."""
    yield from texts(message, "operation", "upstream_operation")


def custom_tag(message: Any) -> Iterator[Complaint]:
    """A tag of a span."""
    yield from texts(message, "value")


def tunneling(message: Any) -> Iterator[Complaint]:
    """The tunnel of a TCP proxy."""
    if message.post_path and not message.use_post:
        yield "post_path", "a post path without the POST method", "Set use_post, or remove post_path."
    yield from texts(message, "hostname")
    for number, option in enumerate(message.headers_to_add):
        path, name = f"headers_to_add[{number}].header", option.header.key.lower()
        if name.startswith(":") or name == "host":
            yield f"{path}.key", ":-prefixed or host headers may not be modified", "Remove it."
        yield from _text(option.header.value, f"{path}.value")
