"""Format strings to `fastroute.action.format.Template`.

RA-74  Envoy refuses an operator that it does not have, and a per cent sign that starts none. `%%` is a per
       cent sign.
RA-75  An operator that Envoy knows and that is not computed here is refused; lenient loading leaves it to
       the caller's `operators`.
"""

from __future__ import annotations

import re

from fastroute.action.format import METADATA_KINDS, OPERATORS, Operator, Template
from fastroute.compile.context import Context

_OPERATOR = re.compile(r"%([A-Z0-9_]+)(?:\((.*?)\))?(?::([0-9]+))?%")
_NEEDS_ARGUMENT = frozenset(("REQ", "RESP", "QUERY_PARAM", "DYNAMIC_METADATA", "METADATA", "FILTER_STATE", "TRAILER"))
_TAKES_ARGUMENT = _NEEDS_ARGUMENT | {
    "PATH", "START_TIME", "COALESCE", "ENVIRONMENT", "GRPC_STATUS", "UPSTREAM_METADATA", "UPSTREAM_FILTER_STATE",
    "START_TIME_LOCAL", "EMIT_TIME", "EMIT_TIME_LOCAL", "COMMON_DURATION", "QUERY_PARAMS", "CUSTOM_FLAGS",
    "DOWNSTREAM_PEER_CERT_V_START", "DOWNSTREAM_PEER_CERT_V_END", "UPSTREAM_PEER_CERT_V_START",
    "UPSTREAM_PEER_CERT_V_END", "DOWNSTREAM_LOCAL_DNS_SAN", "UPSTREAM_HOST_METADATA", "TLS_JA3_FINGERPRINT",
}  # fmt: skip
_ENVOYS = frozenset(
    [
        "ACCESS_LOG_TYPE",
        "BYTES_RECEIVED",
        "BYTES_RETRANSMITTED",
        "BYTES_SENT",
        "COALESCE",
        "COMMON_DURATION",
        "CONNECTION_ID",
        "CONNECTION_TERMINATION_DETAILS",
        "CUSTOM_FLAGS",
        "DURATION",
        "EMIT_TIME",
        "EMIT_TIME_LOCAL",
        "ENVIRONMENT",
        "FILTER_CHAIN_NAME",
        "FILTER_STATE",
        "GRPC_STATUS",
        "GRPC_STATUS_NUMBER",
        "HOSTNAME",
        "LISTENER_NAME",
        "LOCAL_REPLY_BODY",
        "PACKETS_RECEIVED",
        "PACKETS_RETRANSMITTED",
        "PACKETS_SENT",
        "PROTOCOL",
        "QUERY_PARAMS",
        "REQUESTED_SERVER_NAME",
        "REQUEST_DURATION",
        "REQUEST_HEADERS_BYTES",
        "REQUEST_TX_DURATION",
        "RESPONSE_CODE",
        "RESPONSE_CODE_DETAILS",
        "RESPONSE_DURATION",
        "RESPONSE_FLAGS",
        "RESPONSE_FLAGS_LONG",
        "RESPONSE_HEADERS_BYTES",
        "RESPONSE_TRAILERS_BYTES",
        "RESPONSE_TX_DURATION",
        "ROUNDTRIP_DURATION",
        "ROUTE_RESOLUTION_COUNT",
        "ROUTE_RESOLUTION_TIME_US",
        "SPAN_ID",
        "START_TIME",
        "START_TIME_LOCAL",
        "STREAM_ID",
        "TLS_JA3_FINGERPRINT",
        "TLS_JA4_FINGERPRINT",
        "TRACE_ID",
        "TRAILER",
        "UNIQUE_ID",
    ]
)
_FAMILIES = ("DOWNSTREAM_", "UPSTREAM_")


def compile_template(text: str, ctx: Context, path: str, *, missing: bytes = b"") -> Template:
    """The template of a format string at `path`; `missing` stands for operators without a value."""
    parts: list[bytes | Operator] = []
    literal, at = "", 0
    while at < len(text):
        if text[at] != "%":
            end = text.find("%", at)
            end = len(text) if end < 0 else end
            literal, at = literal + text[at:end], end
        elif text.startswith("%%", at):
            literal, at = literal + "%", at + 2
        else:
            operator, at = _operator(text, at, ctx, path)
            parts += [literal.encode()] if literal else []
            parts.append(operator)
            literal = ""
    parts += [literal.encode()] if literal else []
    return Template(tuple(parts), missing)


def _operator(text: str, at: int, ctx: Context, path: str) -> tuple[Operator, int]:
    found = _OPERATOR.match(text, at)
    if found is None:
        raise ctx.reject(path, f"Incorrect configuration: {text}. Couldn't find valid command at position {at}")
    name, argument, length = found.groups()
    _check(name, argument, ctx, path)
    return Operator(name, argument or "", None if length is None else int(length)), found.end()


def _check(name: str, argument: str | None, ctx: Context, path: str) -> None:
    if name not in OPERATORS and name not in _ENVOYS and not name.startswith(_FAMILIES):
        raise ctx.reject(path, f"Not supported field in StreamInfo: {name}")
    if name in _NEEDS_ARGUMENT and argument is None:
        raise ctx.reject(path, f"{name} requires parameters")
    if argument is not None and name in OPERATORS and name not in _TAKES_ARGUMENT:
        raise ctx.reject(path, f"{name} does not take any parameters or length")
    if name in OPERATORS and not _is_beyond(name, argument or ""):
        return
    error = ctx.unsupported(
        path,
        f"the operator {name} is not known before the upstream answers",
        remedy="Load with strict=False and pass `operators` to upstream_headers() and downstream_headers().",
        code="unsupported-operator",
    )
    ctx.tolerate(error, "the operator is formatted by the caller's `operators`, or as an absent value")


def _is_beyond(name: str, argument: str) -> bool:
    """Whether an operator that is computed here names something that is not."""
    if name == "METADATA":
        return argument.split(":")[0] not in METADATA_KINDS
    return argument.startswith("[")
