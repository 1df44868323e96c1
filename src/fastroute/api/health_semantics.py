"""What Envoy refuses of health checks beyond the constraints of the API.

* A status range is not empty and within 100 to 600. Only a request that has a body has a payload.
* A payload that is text is written in hexadecimal.
* A health check of Thrift names a transport and a protocol.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.patterns import pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]

_HEX = pattern(r"([0-9a-fA-F]{2})*")
_WITH_BODY = frozenset(("POST", "PUT", "PATCH", "OPTIONS"))


def http(message: Any) -> Iterator[Complaint]:
    """A HttpHealthCheck."""
    for field in ("expected_statuses", "retriable_statuses"):
        for position, span in enumerate(getattr(message, field)):
            wrong = _status_range(span)
            if wrong:
                yield f"{field}[{position}]", wrong, "A range is from start up to, but without, end."
    method = message.DESCRIPTOR.fields_by_name["method"].enum_type.values_by_number.get(message.method)
    name = "GET" if method is None or not message.method else method.name
    if message.HasField("send") and name not in _WITH_BODY:
        wrong = f"HTTP health check cannot specify a request payload with method '{name}'"
        yield "send", wrong, "Remove it, or set method to one of POST, PUT, PATCH, OPTIONS."


def _status_range(span: Any) -> str:
    if span.start >= span.end:
        return f"expecting start < end, but found start={span.start} and end={span.end}"
    if span.start < 100:
        return f"expecting start >= 100, but found start={span.start}"
    return f"expecting end <= 600, but found end={span.end}" if span.end > 600 else ""


def payload(message: Any) -> Iterator[Complaint]:
    """A HealthCheck.Payload."""
    if not _HEX.fullmatch(message.text):
        yield "text", f"invalid hex string '{message.text}'", "Write two hexadecimal digits for each byte."


def thrift(message: Any) -> Iterator[Complaint]:
    """The health check of Thrift."""
    for field in ("transport", "protocol"):
        number = getattr(message, field)
        known = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
        if number in known and known[number].name in ("AUTO_TRANSPORT", "AUTO_PROTOCOL"):
            wrong = "Unsupported transport or protocol in thrift health check configuration"
            yield field, wrong, f"Set {field} to one that is not AUTO."
