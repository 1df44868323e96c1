"""The messages of router_check_tool's test files and results, in the private pool.

The package and the message names are Envoy's, so that errors read as the tool's do. The fields of a
test file are found by name; their numbers are those of Envoy where it has published them.
"""

from __future__ import annotations

import functools
from typing import Any

from google.protobuf import descriptor_pb2

from fastroute.api.pool import add, new

PACKAGE = "envoy.RouterCheckToolSchema"
VALIDATION = f"{PACKAGE}.Validation"
RESULT = f"{PACKAGE}.ValidationResult"

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {"string": _Field.TYPE_STRING, "bool": _Field.TYPE_BOOL, "uint64": _Field.TYPE_UINT64}
_TEXT = "google.protobuf.StringValue"
_NUMBER = "google.protobuf.UInt32Value"
_HEADER = "*envoy.config.core.v3.HeaderValue"
_MATCHER = "*envoy.config.route.v3.HeaderMatcher"
COMPARED = (
    "cluster_name",
    "virtual_cluster_name",
    "virtual_host_name",
    "host_rewrite",
    "path_rewrite",
    "path_redirect",
)

# message: {field: (number, type)}; a star marks a repeated field
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Validation": {"tests": (1, f"*{PACKAGE}.ValidationItem")},
    "ValidationItem": {
        "test_name": (1, "string"),
        "input": (2, f"{PACKAGE}.ValidationInput"),
        "validate": (3, f"{PACKAGE}.ValidationAssert"),
    },
    "ValidationInput": {
        "authority": (1, "string"),
        "path": (2, "string"),
        "method": (4, "string"),
        "random_value": (5, "uint64"),
        "ssl": (6, "bool"),
        "internal": (7, "bool"),
        "runtime": (9, "string"),
        "additional_request_headers": (10, _HEADER),
        "additional_response_headers": (11, _HEADER),
        "dynamic_metadata": (12, "*envoy.extensions.filters.http.set_metadata.v3.Metadata"),
    },
    "ValidationAssert": {
        **{name: (number, _TEXT) for number, name in enumerate(COMPARED, 1)},
        "request_header_fields": (9, _HEADER),
        "response_header_fields": (10, _HEADER),
        "request_header_matches": (11, _MATCHER),
        "response_header_matches": (12, _MATCHER),
        "code_redirect": (13, _NUMBER),
    },
    "HeaderMatchFailure": {
        "header_matcher": (1, "envoy.config.route.v3.HeaderMatcher"),
        "actual_header_value": (2, _TEXT),
    },
    "ValidationFailure": {
        **{
            f"{side}_{name}": (2 * number + offset, _TEXT)
            for number, name in enumerate(COMPARED)
            for offset, side in ((1, "expected"), (2, "actual"))
        },
        "request_header_match_failures": (13, f"*{PACKAGE}.HeaderMatchFailure"),
        "response_header_match_failures": (14, f"*{PACKAGE}.HeaderMatchFailure"),
        "expected_code_redirect": (15, _NUMBER),
        "actual_code_redirect": (16, _NUMBER),
    },
    "ValidationItemResult": {
        "test_name": (1, "string"),
        "test_passed": (2, "bool"),
        "failure": (3, f"{PACKAGE}.ValidationFailure"),
    },
    "ValidationResult": {"test_results": (1, f"*{PACKAGE}.ValidationItemResult")},
}
_IMPORTS = (
    "envoy/config/core/v3/base.proto",
    "envoy/config/route/v3/route_components.proto",
    "envoy/extensions/filters/http/set_metadata/v3/set_metadata.proto",
    "google/protobuf/wrappers.proto",
)


@functools.cache
def register() -> None:
    """Put the messages into the private pool; once."""
    file = descriptor_pb2.FileDescriptorProto(
        name="test/tools/router_check/validation.proto", package=PACKAGE, syntax="proto3", dependency=_IMPORTS
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _add_field(message, field, number, kind)
    add(file)


def _add_field(message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str) -> None:
    label = _Field.LABEL_REPEATED if kind.startswith("*") else _Field.LABEL_OPTIONAL
    kind = kind.removeprefix("*")
    made = message.field.add(name=name, number=number, label=label, type=_TYPES.get(kind, _Field.TYPE_MESSAGE))
    if kind not in _TYPES:
        made.type_name = f".{kind}"


def make(name: str) -> Any:
    """An empty message of the schema, by its full name."""
    register()
    return new(name)
