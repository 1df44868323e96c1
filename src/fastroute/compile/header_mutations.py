"""Header additions and removals to `fastroute.action.mutations`.

RA-74  Envoy refuses to add or remove a pseudo header or the host, and to take both `append` and
       `append_action`.
"""

from __future__ import annotations

from collections.abc import Iterable

from fastroute.action.mutations import NO_MUTATIONS, Addition, Append, Mutations
from fastroute.compile import formatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.action.format import Template
    from fastroute.compile.context import Context


def compile_mutations(message: Any, side: str, ctx: Context, path: str) -> Mutations:
    """The mutations of `side` (`request` or `response`) of the message at `path`."""
    added, removed = f"{side}_headers_to_add", f"{side}_headers_to_remove"
    options, names = getattr(message, added), getattr(message, removed)
    if not options and not names:
        return NO_MUTATIONS
    prefix = f"{path}." if path else ""
    return Mutations(
        tuple(ctx.each(names, f"{prefix}{removed}", remove_name)),
        compile_additions(options, ctx, f"{prefix}{added}"),
    )


def compile_additions(options: Iterable[Any], ctx: Context, path: str) -> tuple[Addition, ...]:
    """The additions of a list of HeaderValueOption at `path`."""
    return tuple(ctx.each(options, path, compile_addition))


def compile_addition(option: Any, ctx: Context, path: str) -> Addition:
    """The addition of a HeaderValueOption at `path`."""
    name = option.header.key.lower()
    if not name:
        ctx.gather(ctx.reject(f"{path}.header.key", "value length must be at least 1 characters"))
    if _is_protected(name):
        ctx.gather(ctx.reject(f"{path}.header.key", ":-prefixed or host headers may not be modified"))
    action = option.append_action
    if option.HasField("append"):
        if action != Append.APPEND:
            ctx.gather(ctx.reject(path, "Both append and append_action are set and it's not allowed"))
        action = Append.APPEND if option.append.value else Append.OVERWRITE
    return Addition(name.encode("latin-1"), _value(option.header, ctx, path), action, option.keep_empty_value)


def _value(header: Any, ctx: Context, path: str) -> Template:
    if header.raw_value:
        try:
            text = header.raw_value.decode()
        except UnicodeDecodeError as error:
            raise ctx.unsupported(
                f"{path}.header.raw_value", "a raw value that is not UTF-8 is not supported"
            ) from error
        return formatter.compile_template(text, ctx, f"{path}.header.raw_value")
    return formatter.compile_template(header.value, ctx, f"{path}.header.value")


def remove_name(name: str, ctx: Context, path: str) -> bytes:
    """The header to remove, lower case."""
    if _is_protected(name.lower()):
        raise ctx.reject(path, ":-prefixed or host headers may not be removed")
    return name.lower().encode("latin-1")


def _is_protected(name: str) -> bool:
    return name.startswith(":") or name == "host"
