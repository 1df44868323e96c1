"""Messages as plain values: what an embedder sees of metadata and of filter configuration."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from fastroute.api.pool import pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EMPTY: Mapping[str, object] = {}


def plain(message: Message) -> dict[str, object]:
    """`message` as JSON-ready values under the field names of the Envoy API."""
    from google.protobuf import json_format

    return json_format.MessageToDict(message, preserving_proto_field_name=True, descriptor_pool=pool())


def metadata(message: Any) -> Mapping[str, object]:
    """`filter_metadata` of a Metadata message: filter name to plain values."""
    if not message.filter_metadata:
        return EMPTY
    return {name: plain(message.filter_metadata[name]) for name in sorted(message.filter_metadata)}
