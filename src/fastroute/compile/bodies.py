"""The body of a direct response: a DataSource, and the SubstitutionFormatString that it may be put into.

RA-50  The body is of a limited length.
"""

from __future__ import annotations

from fastroute.compile import formatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.action.format import Template
    from fastroute.compile.context import Context


def compile_body(message: Any, limit: int, ctx: Context, path: str) -> bytes:
    """The body of a DataSource at `path`, at most `limit` bytes (RA-50); Envoy takes a limit of 0 for none."""
    ctx.only(message, path, ("inline_string", "inline_bytes"))
    text = message.inline_bytes if message.WhichOneof("specifier") == "inline_bytes" else message.inline_string.encode()
    if 0 < limit < len(text):
        wrong = f"response body size is {len(text)} bytes; maximum is {limit}"
        remedy = "Shorten it, or raise max_direct_response_body_size_bytes of the route configuration."
        ctx.gather(ctx.reject(path, wrong, remedy=remedy))
    return bytes(text)


def compile_body_format(message: Any, body: bytes, ctx: Context, path: str) -> tuple[Template, bytes]:
    """The template of a SubstitutionFormatString at `path`, and its content type if it names one."""
    ctx.only(message, path, ("text_format_source", "text_format", "omit_empty_values", "content_type"))
    kind = message.WhichOneof("format")
    if kind is None:
        raise ctx.reject(path, "format is required")
    if body:
        raise ctx.unsupported(path, "body_format together with a body is not supported")
    text = message.text_format
    if kind == "text_format_source":
        text = compile_body(message.text_format_source, 1 << 32, ctx, f"{path}.text_format_source").decode()
    missing = b"" if message.omit_empty_values else b"-"
    template = formatter.compile_template(text, ctx, f"{path}.{kind}", missing=missing)
    return template, message.content_type.encode()
