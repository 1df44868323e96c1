"""Any source of configuration, read.

A source is a path of a file or of a directory, the URL of an admin page, bytes, a message, a list of
resources, or a mapping: either one resource as a tree, or lists of resources by kind (`{"listeners":
[…], "routes": […], "clusters": […], "endpoints": […]}`) whose items are trees, messages of any copy of
the Envoy API, or `Resource`s. What a file may hold is told in `fastroute.config.collect`, in which
formats in `fastroute.config.formats`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from google.protobuf.message import Message

from fastroute.config import constraints, formats
from fastroute.config.collect import Collector
from fastroute.config.formats import Document
from fastroute.config.resources import Resources
from fastroute.errors import ConfigError, ParseError, Where, joined

URLS = ("http://", "https://")
"""What the URL of a page begins with."""

Source = str | os.PathLike[str] | bytes | Message | Mapping[str, object] | Sequence[object]


def read(source: Source, *, strict: bool = True, kind: str | None = None) -> Resources:
    """The resources of `source`, in the order of the text.

    `kind` is the full name of the message that a single document is (`envoy.config.route.v3.Route-
    Configuration`), where its fields do not tell. Raises `ParseError` for what is not configuration
    and, when strict, `RejectedError` for a type that Envoy 1.40 does not contain and for every
    constraint of the API that is broken; lenient reading takes these and adds notices. Every error of
    the source is in it: the first is raised, `others` holds the rest.
    """
    resources, errors = gather(source, strict=strict, kind=kind)
    if errors:
        raise joined(errors)
    return resources


def gather(source: Source, *, strict: bool = True, kind: str | None = None) -> tuple[Resources, list[ConfigError]]:
    """The resources of `source` that could be read, and every error in it: what `read` raises."""
    resources = Resources()
    collector = Collector(resources, strict=strict)
    for opened in _documents(source, kind):
        try:
            collector.document(opened(), kind)
        except ConfigError as error:
            collector.errors.append(error)
    try:
        constraints.verify(resources, strict=strict, unread=collector.unread)
    except ConfigError as error:
        others, error.others = error.others, ()
        collector.errors.extend((error, *others))
    return resources, sorted(collector.errors, key=_position)


def _position(error: ConfigError) -> tuple[str, int, int]:
    where = error.where
    return ("", 0, 0) if where is None else (where.file, where.line or 0, where.column or 0)


def _documents(source: Source, kind: str | None) -> Iterator[Callable[[], Document]]:
    """What opens each document of the source."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        yield lambda: formats.parse(data, "<bytes>", kind)
    elif isinstance(source, str) and source.startswith(URLS):
        url = source
        yield lambda: _fetched(url, kind)
    elif isinstance(source, str | os.PathLike):
        for path in _files(file_name(source)):
            yield functools.partial(_open, path, kind)
    else:
        yield lambda: Document(source, "", None)


def _open(path: str, kind: str | None) -> Document:
    return formats.parse(_bytes(path), path, kind)


def _fetched(url: str, kind: str | None) -> Document:
    from fastroute.config.fetch import fetch

    return formats.parse(fetch(url), url, kind)


def file_name(source: str | os.PathLike[str]) -> str:
    """The path as `pathlib` writes it, which is how errors name a file; that is imported for unusual ones only."""
    name = os.fspath(source)
    first, *rest = name.split("/")
    if os.sep == "/" and name and first != "." and not any(step in ("", ".") for step in rest):
        return name
    from pathlib import Path

    return str(Path(name))


def _files(path: str) -> list[str]:
    """The file of that name, or the configurations in that directory."""
    if not os.path.isdir(path):  # noqa: PTH112
        return [path]
    from pathlib import Path

    items = sorted(Path(path).iterdir())
    found = [str(item) for item in items if item.suffix.lower() in formats.EXTENSIONS and item.is_file()]
    if not found:
        known = ", ".join(formats.EXTENSIONS)
        raise ParseError("no configuration in this directory", where=Where(path), remedy=f"It holds no {known}.")
    return found


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}", where=Where(path), code="file") from error
