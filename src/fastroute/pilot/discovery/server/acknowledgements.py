"""Acknowledgements that are known by their bytes.

A proxy acknowledges a response by a request that repeats every name that it watches: of the endpoints of a large mesh
thousands, with each response. What stands between the fields of version and nonce is what it said the last time, so
that a request which was read once need not be read again:

- A request is taken for an acknowledgement if it is, byte for byte, the version of the last response or nothing, what
  the last acknowledgement said besides, and the nonce of the last response.
- What an acknowledgement said is learned from each one that was read as a message. It must be a message of its own,
  with the same names and type, and neither version, nonce nor error.
- While the proxy waits for something of the kind, nothing is known by its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError

from fastroute.api import names as api
from fastroute.api.pool import message_class
from fastroute.pilot.discovery.server.protocol import Watch


def acknowledged(data: bytes, watches: Iterable[Watch]) -> Watch | None:
    """The watch whose last response a request acknowledges, and no more; None if that is not plain."""
    for watch in watches:
        if watch.said is not None and not watch.due and _is(data, watch.said, *watch.marks):
            return watch
    return None


def learn(watch: Watch, request: Any, data: bytes) -> None:
    """Remember what a request says that acknowledges the last response; nothing if it says it in an unusual way."""
    first, last = watch.marks
    said = data[: -len(last)].removeprefix(first) if data.endswith(last) else b""
    if said != watch.said:
        watch.said = said if said and _is_usual(said, request) else None


def _is(data: bytes, said: bytes, first: bytes, last: bytes) -> bool:
    """Whether `data` is `said` between the two, or without the first."""
    end = len(data) - len(last)
    at = end - len(said)
    if not (data.endswith(last) and data.endswith(said, 0, end)):
        return False
    return at == 0 or (at == len(first) and data.startswith(first))


def _is_usual(said: bytes, request: Any) -> bool:
    """Whether the bytes alone mean what the request says besides version and nonce."""
    try:
        alone: Any = message_class(api.DISCOVERY_REQUEST).FromString(said)
    except DecodeError:
        return False
    if alone.response_nonce or alone.version_info or alone.HasField("error_detail"):
        return False
    return bool(alone.type_url == request.type_url and alone.resource_names == request.resource_names)
