"""The header mutation filter, and its settings of routes, to `fastroute.action.header_filter`.

Values are constants: a command operator would see what other filters made of the request, which is not supported.
"""

from __future__ import annotations

from fastroute.action.header_filter import HeaderChanges, HeaderFilter
from fastroute.action.mutations import Mutations
from fastroute.compile.header_mutations import compile_addition, remove_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.compile.context import Context
    from fastroute.compile.passed_filters import Installed

_LISTS = ("request_mutations", "response_mutations")
_TRAILERS = ("response_trailers_mutations", "request_trailers_mutations")


def compile_header_filter(message: Any, where: Installed, ctx: Context) -> HeaderFilter:
    """The filter `message`."""
    return HeaderFilter(
        where.name,
        where.place,
        where.disabled,
        own=_changes(message.mutations, ctx, f"{where.path}.mutations"),
        most_specific_wins=message.most_specific_header_mutations_wins,
    )


def compile_header_filter_per_route(message: Any, ctx: Context, path: str) -> HeaderChanges:
    """What a route sets of the filter."""
    return _changes(message.mutations, ctx, f"{path}.mutations")


def _changes(message: Any, ctx: Context, path: str) -> HeaderChanges:
    ctx.only(message, path, _LISTS, _TRAILERS)
    requests, responses = (tuple(ctx.each(getattr(message, name), f"{path}.{name}", _mutation)) for name in _LISTS)
    return HeaderChanges(requests, responses)


def _mutation(message: Any, ctx: Context, path: str) -> Mutations:
    ctx.only(message, path, ("remove", "append"))
    match message.WhichOneof("action"):
        case "remove":
            return Mutations(remove=(remove_name(message.remove, ctx, f"{path}.remove"),))
        case "append":
            addition = compile_addition(message.append, ctx, f"{path}.append")
            if not addition.value.is_constant:
                wrong = "command operators in a header mutation filter are not supported"
                raise ctx.unsupported(f"{path}.append.header.value", wrong)
            return Mutations(add=(addition,))
        case _:
            return Mutations()
