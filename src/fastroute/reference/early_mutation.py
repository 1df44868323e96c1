"""Early header mutations (`early_header_mutation_extensions`).

- HC-48: they run after path and authority were normalised, and before addresses, sanitising and routes;
  pseudo-headers and host are out of their reach.
- RA-72: one mutation after the other: remove, append (with its append action), remove_on_match.
"""

from __future__ import annotations

from fastroute.api import pool
from fastroute.errors import UnsupportedError
from fastroute.reference import strings
from fastroute.reference.header_map import HeaderMap
from fastroute.reference.stream import Message, Stream

HEADER_MUTATION = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
APPEND, ADD_IF_ABSENT, OVERWRITE, OVERWRITE_IF_EXISTS = range(4)


def apply(manager: Message, stream: Stream) -> None:
    """Apply every early mutation of the manager."""
    for extension in manager.early_header_mutation_extensions:
        if pool.type_name(extension.typed_config.type_url) != HEADER_MUTATION:
            raise UnsupportedError("this early mutation cannot be decided", path="early_header_mutation_extensions")
        config: Message = pool.new(HEADER_MUTATION)
        config.ParseFromString(extension.typed_config.value)
        for mutation in config.mutations:
            _mutate(mutation, stream.headers)
        stream.trace.add("early mutation", extension.name, "changed", "its mutations were applied", "HC-48")


def _mutate(mutation: Message, headers: HeaderMap) -> None:
    match mutation.WhichOneof("action"):
        case "remove":
            headers.remove(mutation.remove.encode("utf-8"))
        case "append":
            _append(mutation.append, headers)
        case _:
            matcher = mutation.remove_on_match.key_matcher
            for name in {name for name, _ in headers if not name.startswith(b":")}:
                if strings.matches(matcher, name):
                    headers.remove(name)


def _append(option: Message, headers: HeaderMap) -> None:
    name, value = option.header.key.encode("utf-8").lower(), _value(option.header)
    present = headers.first(name) is not None
    if not value and not option.keep_empty_value:
        return
    action = option.append_action
    if option.HasField("append"):
        action = APPEND if option.append.value else OVERWRITE
    if action == OVERWRITE or (action == OVERWRITE_IF_EXISTS and present):
        headers.set(name, value)
    elif action == APPEND or (action == ADD_IF_ABSENT and not present):
        headers.receive(name, value)


def _value(header: Message) -> bytes:
    value: bytes = header.value.encode("utf-8") or header.raw_value
    if b"%" in value.replace(b"%%", b""):
        raise UnsupportedError("command operators in an early mutation cannot be decided", path="append.header.value")
    return value.replace(b"%%", b"%")
