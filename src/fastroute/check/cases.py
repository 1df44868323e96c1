"""Test files to cases.

A file is JSON, YAML or text proto (`.pb_text`) and holds `tests`: a list of `test_name`, `input` and
`validate`. Refused as Envoy's tool refuses it: no tests, no name, no authority or path, a method of
fewer than three letters, an unknown field.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from fastroute.api import transcode
from fastroute.api.faults import Fault
from fastroute.api.pool import pool
from fastroute.check import schema
from fastroute.config import formats
from fastroute.errors import ParseError, RejectedError, Where
from fastroute.records import field, record

Headers = tuple[tuple[str, str], ...]


@record
class Case:
    """One test: a request, and what has to follow from it.

    `expected` maps what is compared (`cluster_name`, …) to its expected text; `request_headers` and
    `response_headers` are HeaderMatcher messages.
    """

    name: str
    authority: str
    path: str
    method: str
    random: int = 0
    ssl: bool = False
    internal: bool = False
    runtime: str = ""
    headers: Headers = ()
    response: Headers = ()
    metadata: Mapping[str, object] = field(default_factory=dict)
    expected: Mapping[str, str] = field(default_factory=dict)
    request_headers: tuple[Any, ...] = ()
    response_headers: tuple[Any, ...] = ()


def read_cases(path: str | os.PathLike[str]) -> tuple[Case, ...]:
    """The cases of a test file; `ParseError` or `RejectedError` when it is none."""
    schema.register()
    file = str(path)
    message = _message(file)
    if not message.tests:
        raise RejectedError("a test file has at least one test", path="tests", where=Where(file))
    return tuple(_case(item, file, f"tests[{index}]") for index, item in enumerate(message.tests))


def looks_like_cases(path: Path) -> bool:
    """Whether a file holds route tests: an object with `tests` and nothing else."""
    try:
        content = formats.parse(path.read_bytes(), str(path), schema.VALIDATION).content
    except (OSError, ParseError):
        return False
    return isinstance(content, Message) or (isinstance(content, Mapping) and set(content) == {"tests"})


def _message(file: str) -> Any:
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise ParseError(f"cannot be read: {error.strerror or error}", where=Where(file), code="file") from error
    document = formats.parse(data, file, schema.VALIDATION)
    if isinstance(document.content, Message):
        return document.content
    try:
        return transcode.message(schema.VALIDATION, document.content)
    except Fault as fault:
        where = document.positions.where(fault.path) if document.positions is not None else Where(file)
        text = f"INVALID_ARGUMENT: {schema.VALIDATION}: {fault.message}"
        raise ParseError(text, path=fault.path, where=where, remedy=fault.remedy, code=fault.code) from None


def _case(item: Any, file: str, path: str) -> Case:
    given, wanted = item.input, item.validate
    _require(bool(item.test_name), "test_name", "value length must be at least 1 characters", file, path)
    _require(item.HasField("input"), "input", "value is required", file, path)
    _require(item.HasField("validate"), "validate", "value is required", file, path)
    _require(bool(given.authority), "input.authority", "value length must be at least 1 characters", file, path)
    _require(bool(given.path), "input.path", "value length must be at least 1 characters", file, path)
    _require(len(given.method) >= 3, "input.method", "value length must be at least 3 characters", file, path)
    return Case(
        name=item.test_name,
        authority=given.authority,
        path=given.path,
        method=given.method,
        random=given.random_value,
        ssl=given.ssl,
        internal=given.internal,
        runtime=given.runtime,
        headers=_pairs(given.additional_request_headers),
        response=_pairs(given.additional_response_headers),
        metadata=_metadata(given.dynamic_metadata),
        expected=_expected(wanted),
        request_headers=(*wanted.request_header_matches, *map(_exact, wanted.request_header_fields)),
        response_headers=(*wanted.response_header_matches, *map(_exact, wanted.response_header_fields)),
    )


def _require(holds: bool, name: str, reason: str, file: str, path: str) -> None:
    if not holds:
        raise RejectedError(reason, path=f"{path}.{name}", where=Where(file))


def _pairs(messages: Any) -> Headers:
    return tuple((header.key.lower(), header.value) for header in messages)


def _exact(header: Any) -> Any:
    """A deprecated `…_header_fields` entry as the matcher that replaced it."""
    matcher = schema.make("envoy.config.route.v3.HeaderMatcher")
    matcher.name = header.key
    matcher.string_match.exact = header.value
    return matcher


def _metadata(messages: Any) -> dict[str, object]:
    return {
        each.metadata_namespace: MessageToDict(each.value, preserving_proto_field_name=True, descriptor_pool=pool())
        for each in messages
    }


def _expected(wanted: Any) -> dict[str, str]:
    names = (*schema.COMPARED, "code_redirect")
    return {name: str(getattr(wanted, name).value) for name in names if wanted.HasField(name)}
