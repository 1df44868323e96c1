"""RequestMirrorPolicy messages to `fastroute.action.mirrors`."""

from __future__ import annotations

from collections.abc import Container, Iterable

from fastroute.action.fractions import ALWAYS
from fastroute.action.mirrors import MirrorPolicy
from fastroute.action.mutations import Mutations
from fastroute.compile.context import Context
from fastroute.compile.header_mutations import compile_addition, remove_name
from fastroute.compile.runtime import runtime_fraction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HANDLED = (
    "cluster",
    "cluster_header",
    "runtime_fraction",
    "disable_shadow_host_suffix_append",
    "request_headers_mutations",
    "host_rewrite_literal",
)


def compile_mirrors(
    messages: Iterable[Any], clusters: Container[str] | None, ctx: Context, path: str
) -> tuple[MirrorPolicy, ...]:
    """The policies of a list of RequestMirrorPolicy at `path`."""

    def policy(message: Any, ctx: Context, path: str) -> MirrorPolicy:
        return _policy(message, clusters, ctx, path)

    return tuple(ctx.each(messages, path, policy))


def _policy(message: Any, clusters: Container[str] | None, ctx: Context, path: str) -> MirrorPolicy:
    ctx.only(message, path, _HANDLED, ("trace_sampled",))
    cluster, header = message.cluster, message.cluster_header
    if not cluster and not header:
        wrong = "Exactly one of cluster or cluster_header in request mirror policy need to be specified"
        ctx.gather(ctx.reject(path, wrong))
    if cluster and header:
        wrong = (
            f"Only one of cluster '{cluster}' or cluster_header '{header}' in request mirror policy can be specified"
        )
        ctx.gather(ctx.reject(path, wrong))
    if cluster and clusters is not None and cluster not in clusters:
        remedy = "Define the cluster, or correct its name."
        ctx.gather(ctx.reject(f"{path}.cluster", f"route: unknown shadow cluster '{cluster}'", remedy=remedy))
    fraction = ALWAYS
    if message.HasField("runtime_fraction"):
        fraction = runtime_fraction(message.runtime_fraction, ctx.runtime)
    return MirrorPolicy(
        cluster,
        header.lower().encode(),
        fraction,
        not message.disable_shadow_host_suffix_append,
        message.host_rewrite_literal.encode(),
        tuple(ctx.each(message.request_headers_mutations, f"{path}.request_headers_mutations", _mutation)),
    )


def _mutation(message: Any, ctx: Context, path: str) -> Mutations:
    ctx.only(message, path, ("remove", "append"))
    if message.WhichOneof("action") == "remove":
        return Mutations(remove=(remove_name(message.remove, ctx, f"{path}.remove"),))
    if message.WhichOneof("action") != "append":
        return Mutations()
    return Mutations(add=(compile_addition(message.append, ctx, f"{path}.append"),))
