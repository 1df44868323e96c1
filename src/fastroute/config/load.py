"""Any source of configuration, read.

A source is a path of a file or of a directory, the URL of an admin page, bytes, a message, a list of
resources, or a mapping: either one resource as a tree, or lists of resources by kind (`{"listeners":
[…], "routes": […], "clusters": […], "endpoints": […]}`) whose items are trees, messages of any copy of
the Envoy API, or `Resource`s. What a file may hold is told in `fastroute.config.collect`, in which
formats in `fastroute.config.formats`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from google.protobuf.message import Message

from fastroute.config import constraints, formats
from fastroute.config.collect import Collector
from fastroute.config.formats import Document
from fastroute.config.resources import Resources
from fastroute.errors import ParseError, Where

_URLS = ("http://", "https://")
_TIMEOUT = 30
"""Seconds to wait for an admin page."""

Source = str | os.PathLike[str] | bytes | Message | Mapping[str, object] | Sequence[object]


def read(source: Source, *, strict: bool = True, kind: str | None = None) -> Resources:
    """The resources of `source`, in the order of the text.

    `kind` is the full name of the message that a single document is (`envoy.config.route.v3.Route-
    Configuration`), where its fields do not tell. Raises `ParseError` for what is not configuration
    and, when strict, `RejectedError` for a type that Envoy 1.40 does not contain and for every
    constraint of the API that is broken; lenient reading takes these and adds notices.
    """
    resources = Resources()
    collector = Collector(resources, strict=strict)
    for document in _documents(source, kind):
        collector.document(document, kind)
    constraints.verify(resources, strict=strict)
    return resources


def _documents(source: Source, kind: str | None) -> Iterator[Document]:
    if isinstance(source, bytes | bytearray | memoryview):
        yield formats.parse(bytes(source), "<bytes>", kind)
    elif isinstance(source, str) and source.startswith(_URLS):
        yield formats.parse(_fetch(source), source, kind)
    elif isinstance(source, str | os.PathLike):
        for path in _files(Path(source)):
            yield formats.parse(_bytes(path), str(path), kind)
    else:
        yield Document(source, "", None)


def _fetch(url: str) -> bytes:
    """The answer of an admin page, such as `http://127.0.0.1:15000/config_dump?include_eds`."""
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=_TIMEOUT) as answer:
            return bytes(answer.read())
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ParseError(f"cannot be fetched: {reason}", where=Where(url), code="file") from error


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(item for item in path.iterdir() if item.suffix.lower() in formats.EXTENSIONS and item.is_file())
    if not found:
        known = ", ".join(formats.EXTENSIONS)
        raise ParseError("no configuration in this directory", where=Where(str(path)), remedy=f"It holds no {known}.")
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}", where=Where(str(path)), code="file") from error
