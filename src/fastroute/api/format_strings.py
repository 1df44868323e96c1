"""The grammar of Envoy's format strings, and the operators that Envoy 1.40 has.

RA-74  Envoy refuses an operator that it does not have, and a per cent sign that starts none. `%%` is a per
       cent sign.

    pieces("a%REQ(x):3%")    ["a", Piece("REQ", "x", 3)]
"""

from __future__ import annotations

from typing import NamedTuple

from fastroute.patterns import pattern

_OPERATOR = pattern(r"%([A-Z0-9_]+)(?:\((.*?)\))?(?::([0-9]+))?%")
_NEEDS_ARGUMENT = frozenset(
    ("REQ", "RESP", "QUERY_PARAM", "DYNAMIC_METADATA", "METADATA", "FILTER_STATE", "TRAILER", "CEL", "TYPED_CEL")
)
_WITHOUT_ARGUMENT = frozenset(
    (
        "DOWNSTREAM_LOCAL_ADDRESS",
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_LOCAL_PORT",
        "DOWNSTREAM_REMOTE_ADDRESS",
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_REMOTE_PORT",
        "ROUTE_NAME",
        "UPSTREAM_CLUSTER_RAW",
        "VIRTUAL_CLUSTER_NAME",
    )
)
_OTHERS = frozenset(
    (
        "ACCESS_LOG_TYPE", "BYTES_RECEIVED", "BYTES_RETRANSMITTED", "BYTES_SENT", "COALESCE", "COMMON_DURATION",
        "CONNECTION_ID", "CONNECTION_TERMINATION_DETAILS", "CUSTOM_FLAGS", "DURATION", "EMIT_TIME",
        "EMIT_TIME_LOCAL", "ENVIRONMENT", "FILTER_CHAIN_NAME", "GRPC_STATUS", "GRPC_STATUS_NUMBER", "HOSTNAME",
        "LISTENER_NAME", "LOCAL_REPLY_BODY", "PACKETS_RECEIVED", "PACKETS_RETRANSMITTED", "PACKETS_SENT",
        "PATH", "PROTOCOL", "QUERY_PARAMS", "REQUESTED_SERVER_NAME", "REQUEST_DURATION",
        "REQUEST_HEADERS_BYTES", "REQUEST_TX_DURATION", "RESPONSE_CODE", "RESPONSE_CODE_DETAILS",
        "RESPONSE_DURATION", "RESPONSE_FLAGS", "RESPONSE_FLAGS_LONG", "RESPONSE_HEADERS_BYTES",
        "RESPONSE_TRAILERS_BYTES", "RESPONSE_TX_DURATION", "ROUNDTRIP_DURATION", "ROUTE_RESOLUTION_COUNT",
        "ROUTE_RESOLUTION_TIME_US", "SPAN_ID", "START_TIME", "START_TIME_LOCAL", "STREAM_ID",
        "TLS_JA3_FINGERPRINT", "TLS_JA4_FINGERPRINT", "TRACE_ID", "UNIQUE_ID",
    )
)  # fmt: skip
_NAMES = _NEEDS_ARGUMENT | _WITHOUT_ARGUMENT | _OTHERS
_FAMILIES = ("DOWNSTREAM_", "UPSTREAM_")


class Piece(NamedTuple):
    """An operator: its name, its argument (None without parentheses), the most bytes of its value."""

    name: str
    argument: str | None
    length: int | None


class FormatError(ValueError):
    """Envoy refuses the format string; the message says why, as Envoy does."""


def pieces(text: str, *, extended: bool = False) -> list[str | Piece]:
    """The literals and operators of a format string, in order.

    `extended` says that formatters of extensions are configured, whose operators nobody knows here.
    Raises FormatError.
    """
    found: list[str | Piece] = []
    literal, at = "", 0
    while at < len(text):
        if text[at] != "%":
            end = text.find("%", at)
            end = len(text) if end < 0 else end
            literal, at = literal + text[at:end], end
        elif text.startswith("%%", at):
            literal, at = literal + "%", at + 2
        else:
            piece, at = _operator(text, at, extended)
            found += [literal] if literal else []
            found.append(piece)
            literal = ""
    return found + ([literal] if literal else [])


def fault(text: str, *, extended: bool = False) -> str:
    """What Envoy says of a format string that it refuses; empty where it takes it."""
    try:
        pieces(text, extended=extended)
    except FormatError as error:
        return str(error)
    return ""


def _operator(text: str, at: int, extended: bool) -> tuple[Piece, int]:
    found = _OPERATOR.match(text, at)
    if found is None:
        raise FormatError(f"Incorrect configuration: {text}. Couldn't find valid command at position {at}")
    name, argument, length = found.groups()
    if name not in _NAMES and not name.startswith(_FAMILIES) and not extended:
        raise FormatError(f"Not supported field in StreamInfo: {name}")
    if name in _NEEDS_ARGUMENT and argument is None:
        raise FormatError(f"{name} requires parameters")
    if argument is not None and name in _WITHOUT_ARGUMENT:
        raise FormatError(f"{name} does not take any parameters or length")
    return Piece(name, argument, None if length is None else int(length)), found.end()
