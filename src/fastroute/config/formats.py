"""Bytes to documents: which format is it, and what does it spell?

Rules (CF-01, CF-07): a file's extension decides, in any case. `.pb` and `.binpb` are binary,
`.pb_text`, `.textproto` and `.txtpb` are text proto, `.yaml` and `.yml` are YAML, `.json` is JSON.
Envoy reads everything else as JSON; so does fastroute, but it also takes a text without a telling
name that cannot be JSON as YAML, and bytes that are no text as binary. A binary file with a field
that Envoy lacks is refused, and so is a corrupt one, of which Envoy silently takes the beginning
(CF-02).
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable

from google.protobuf.message import DecodeError, Message

from fastroute.api import names, pool
from fastroute.config import json_text, kinds
from fastroute.config.positions import InFile, InText
from fastroute.errors import ParseError, Where
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.config.resources import Positions

JSON, YAML, BINARY, TEXT_PROTO = "JSON", "YAML", "binary", "text proto"

EXTENSIONS = {
    ".json": JSON,
    ".yaml": YAML,
    ".yml": YAML,
    ".pb": BINARY,
    ".binpb": BINARY,
    ".pb_text": TEXT_PROTO,
    ".textproto": TEXT_PROTO,
    ".txtpb": TEXT_PROTO,
}

_BINARY_KINDS = (
    names.CONFIG_DUMP,
    names.DISCOVERY_RESPONSE,
    names.DELTA_DISCOVERY_RESPONSE,
    *kinds.KINDS,
)
_WITHOUT_TEXT = frozenset(range(32)) - frozenset(b"\t\n\r\f")


@record
class Document:
    """What one file or one piece of bytes holds: a tree of values, or a message."""

    content: object
    file: str
    positions: Positions | None


def parse(data: bytes, file: str, kind: str | None = None) -> Document:
    """The document in `data`; `file` is the name for its format and for errors.

    `kind` is the full name of the message that a binary or text proto document is; without it the
    kind is found by trying.
    """
    form = EXTENSIONS.get(suffix(file)) or _sniff(data)
    if form == BINARY:
        return Document(_binary(data, file, kind), file, InFile(file))
    text = _decode(data, file)
    if form == TEXT_PROTO:
        return Document(_text_proto(text, file, kind), file, InFile(file))
    if form == YAML:
        from fastroute.config import yaml_text

        return Document(yaml_text.parse(text, file), file, InText(file, text, yaml=True))
    return Document(json_text.parse(text, file), file, InText(file, text))


def suffix(file: str) -> str:
    """The extension of a file's name in lower case, with its dot, as `pathlib` tells it; empty without one."""
    name = os.path.basename(file)  # noqa: PTH119 - a plain `fastroute route` does without pathlib
    at = name.rfind(".")
    return name[at:].lower() if 0 < at < len(name) - 1 else ""


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = error.start - before.rfind(b"\n")
        where = Where(file, before.count(b"\n") + 1, column)
        raise ParseError("the text is not UTF-8", where=where, code="encoding") from None


def _sniff(data: bytes) -> str:
    beginning = data[:4096]
    if not _WITHOUT_TEXT.isdisjoint(beginning):
        return BINARY
    first = beginning.lstrip()[:1]
    return JSON if first in (b"{", b"[", b"/", b"") or beginning.startswith(b"\xef\xbb\xbf") else YAML


def _text_proto(text: str, file: str, kind: str | None) -> Message:
    from google.protobuf import text_format

    failure: ParseError | None = None
    for name in (kind,) if kind else _BINARY_KINDS:
        try:
            return _parse_text(text, name)
        except Warning as warning:
            raise ParseError(f"not text proto: {warning}", where=Where(file), code="syntax") from None
        except text_format.ParseError as error:
            where = Where(file, error.GetLine(), error.GetColumn())
            reason = str(error).partition(" : ")[2] or str(error)
            found = ParseError(f"not text proto: {reason}", where=where, code="syntax")
            if failure is None or _line(found) > _line(failure):
                failure = found
        except RecursionError:
            failure = ParseError("nested too deeply", where=Where(file), code="nesting")
            break
        except ValueError as error:  # protobuf's own, for the number of an enum that is far out of range
            failure = failure or ParseError(f"not text proto: {error}", where=Where(file), code="syntax")
    assert failure is not None
    raise failure


def _parse_text(text: str, name: str) -> Message:
    """The message in a text; a warning is raised, for what protobuf only warns of here, Envoy refuses."""
    from google.protobuf import text_format

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return text_format.Parse(text, pool.new(name), descriptor_pool=pool.pool())


def _line(error: ParseError) -> tuple[int, int]:
    return (error.where.line or 0, error.where.column or 0) if error.where else (0, 0)


def _binary(data: bytes, file: str, kind: str | None) -> Message:
    fitting = [message for message in (_try(data, name) for name in ((kind,) if kind else _BINARY_KINDS)) if message]
    for message in fitting:
        if kind or _plausible(message):
            return message
    raise ParseError(
        f"the bytes are no {kind or 'resource of Envoy 1.40'}",
        where=Where(file),
        remedy="The file is damaged, or holds fields that Envoy 1.40 does not have.",
        code="bytes",
    )


def _try(data: bytes, name: str) -> Message | None:
    try:
        message = pool.message_class(name).FromString(data)
    except DecodeError:
        return None
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return message if message.ByteSize() == size else None


def _plausible(message: Message) -> bool:
    """Whether a message that could be parsed is what its fields say, for wire types repeat."""
    name = message.DESCRIPTOR.full_name
    if name == names.DISCOVERY_RESPONSE:
        return _known(item.type_url for item in message.resources)  # type: ignore[attr-defined]
    if name == names.DELTA_DISCOVERY_RESPONSE:
        return _known(item.resource.type_url for item in message.resources)  # type: ignore[attr-defined]
    if name == names.CONFIG_DUMP:
        return _known(item.type_url for item in message.configs)  # type: ignore[attr-defined]
    return True


def _known(type_urls: Iterable[str]) -> bool:
    urls = list(type_urls)
    return bool(urls) and all(
        url.startswith(names.TYPE_URL_PREFIX) or ("/" in url and pool.is_known(url)) for url in urls
    )
