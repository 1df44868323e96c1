"""Format strings to `fastroute.action.format.Template`.

RA-74  What Envoy refuses is told in `fastroute.api.format_strings`.
RA-75  An operator that Envoy knows and that is not computed here is refused; lenient loading leaves it to
       the caller's `operators`.
"""

from __future__ import annotations

from fastroute.action.format import METADATA_KINDS, OPERATORS, Operator, Template
from fastroute.api.format_strings import FormatError, Piece, pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.compile.context import Context


def compile_template(text: str, ctx: Context, path: str, *, missing: bytes = b"") -> Template:
    """The template of a format string at `path`; `missing` stands for operators without a value."""
    try:
        found = pieces(text)
    except FormatError as error:
        raise ctx.reject(path, str(error)) from None
    for piece in found:
        if isinstance(piece, Piece):
            _check(piece, ctx, path)
    return Template(tuple(_part(piece) for piece in found), missing)


def _part(piece: str | Piece) -> bytes | Operator:
    if isinstance(piece, str):
        return piece.encode()
    return Operator(piece.name, piece.argument or "", piece.length)


def _check(piece: Piece, ctx: Context, path: str) -> None:
    name = piece.name
    if name in OPERATORS and not _is_beyond(name, piece.argument or ""):
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
