"""The HTTP filters that change what passes them to `fastroute.action.filters`.

Which they are is in `TYPES`; each is compiled by a module of its own kind of effect, when the first one is there.
"""

from __future__ import annotations

from collections.abc import Callable

from fastroute.api import names, pool
from fastroute.api.anys import type_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fastroute.action.filters import PassedFilter
    from fastroute.compile.context import Context

    Compiler = Callable[[Any, "Installed", "Context"], "PassedFilter"]


class Installed:
    """Where a filter is: its name, its place in the chain, whether it is disabled, and the path of its message."""

    __slots__ = ("disabled", "name", "path", "place")

    def __init__(self, name: str, place: int, disabled: bool, path: str) -> None:
        self.name, self.place, self.disabled, self.path = name, place, disabled, path


def _grpc_web(message: Any, where: Installed, ctx: Context) -> PassedFilter:
    from fastroute.action.grpc_web import GrpcWeb

    ctx.only(message, where.path, ())
    return GrpcWeb(where.name, where.place, where.disabled)


def _compressor(message: Any, where: Installed, ctx: Context) -> PassedFilter:
    from fastroute.compile.codings import compile_compressor

    return compile_compressor(message, where, ctx)


def _decompressor(message: Any, where: Installed, ctx: Context) -> PassedFilter:
    from fastroute.compile.codings import compile_decompressor

    return compile_decompressor(message, where, ctx)


def _header_filter(message: Any, where: Installed, ctx: Context) -> PassedFilter:
    from fastroute.compile.header_filter import compile_header_filter

    return compile_header_filter(message, where, ctx)


TYPES: dict[str, Compiler] = {
    names.GRPC_WEB: _grpc_web,
    names.COMPRESSOR: _compressor,
    names.DECOMPRESSOR: _decompressor,
    names.HEADER_MUTATION: _header_filter,
}
"""By the type of the filter's configuration."""


def compile_passed(filters: Any, ctx: Context, path: str) -> tuple[PassedFilter, ...]:
    """Those of `filters` that change what passes them, in order."""
    made = []
    for place, each in enumerate(filters):
        compiler = TYPES.get(pool.type_name(type_url(each.typed_config)))
        if compiler is None or each.HasField("config_discovery"):
            continue
        from fastroute.compile.extensions import open_extension

        here = f"{path}[{place}]"
        _, message = open_extension(each, ctx, here, effect="the filter is left out")
        found = ctx.attempt(
            None, compiler, message, Installed(each.name, place, each.disabled, f"{here}.typed_config"), ctx
        )
        if found is not None:
            made.append(found)
    _check_codings(made, ctx, path)
    return tuple(made)


def _check_codings(filters: list[PassedFilter], ctx: Context, path: str) -> None:
    """Of several compressors the client's preference chooses one, which is not supported."""
    found = [each for each in filters if type(each).__name__ == "Compressor"]
    if len(found) > 1:
        wrong = "the choice among several compressors by what the client prefers is not supported"
        ctx.gather(ctx.unsupported(f"{path}[{found[1].place}]", wrong, code="unsupported-filter"))
    web = [each.place for each in filters if type(each).__name__ == "GrpcWeb"]
    if found and web and found[0].place > web[0]:
        wrong = "a compressor behind a gRPC-Web filter, which would tell compressed bodies in headers, is not supported"
        remedy = "Put the compressor in front."
        ctx.gather(ctx.unsupported(f"{path}[{found[0].place}]", wrong, remedy=remedy, code="unsupported-filter"))
