"""What Envoy refuses of matchers that decide no request, such as `transport_socket_matcher`: extensions of other kinds.

The inputs of such a matcher are its own and the common ones. It has no custom trees, and actions of its own: those of
`transport_socket_matcher` name a transport socket.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastroute.api import pool
from fastroute.api.extension_points import extension
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

Complaint = tuple[str, str, str]


@record
class Kinds:
    """What a matcher may hold: categories of `inputs` and `matchers`, and the types, or categories, of `actions`."""

    inputs: tuple[str, ...]
    matchers: tuple[str, ...]
    actions: tuple[str, ...] | frozenset[str]


TRANSPORT_SOCKETS = Kinds(
    inputs=("envoy.matching.transport_socket.input", "envoy.matching.common_inputs"),
    matchers=("envoy.matching.input_matchers",),
    actions=("envoy.matching.action",),
)


def check(matcher: Any, path: str, kinds: Kinds = TRANSPORT_SOCKETS) -> Iterator[Complaint]:
    """An `xds.type.matcher.v3.Matcher` at `path`."""
    if matcher.HasField("on_no_match"):
        yield from _on_match(matcher.on_no_match, f"{path}.on_no_match", kinds)
    for position, each in enumerate(matcher.matcher_list.matchers):
        here = f"{path}.matcher_list.matchers[{position}]"
        yield from _predicate(each.predicate, f"{here}.predicate", kinds)
        yield from _on_match(each.on_match, f"{here}.on_match", kinds)
    if matcher.HasField("matcher_tree"):
        yield from _tree(matcher.matcher_tree, f"{path}.matcher_tree", kinds)


def _tree(tree: Any, path: str, kinds: Kinds) -> Iterator[Complaint]:
    yield from extension(tree.input, f"{path}.input", tree.input.name, *kinds.inputs)
    kind = tree.WhichOneof("tree_type")
    if kind == "custom_match":
        yield from extension(tree.custom_match, f"{path}.custom_match", tree.custom_match.name)
    elif kind is not None:
        for name, each in getattr(tree, kind).map.items():
            yield from _on_match(each, f'{path}.{kind}.map["{name}"]', kinds)


def _on_match(message: Any, path: str, kinds: Kinds) -> Iterator[Complaint]:
    if message.HasField("matcher"):
        yield from check(message.matcher, f"{path}.matcher", kinds)
    elif message.HasField("action"):
        yield from _action(message.action, f"{path}.action", kinds)


def _action(action: Any, path: str, kinds: Kinds) -> Iterator[Complaint]:
    if isinstance(kinds.actions, tuple):
        yield from extension(action, path, action.name, *kinds.actions)
        return
    found = pool.type_name(action.typed_config.type_url)
    if found not in kinds.actions:
        wrong = f"Didn't find a registered implementation for '{action.name}' with type URL: '{found}'"
        yield path, wrong, f"Use one of {', '.join(sorted(kinds.actions))}."


def _predicate(message: Any, path: str, kinds: Kinds) -> Iterator[Complaint]:
    kind = message.WhichOneof("match_type")
    if kind == "single_predicate":
        single, here = message.single_predicate, f"{path}.single_predicate"
        yield from extension(single.input, f"{here}.input", single.input.name, *kinds.inputs)
        if single.HasField("custom_match"):
            yield from extension(single.custom_match, f"{here}.custom_match", single.custom_match.name, *kinds.matchers)
    elif kind == "not_matcher":
        yield from _predicate(message.not_matcher, f"{path}.not_matcher", kinds)
    elif kind is not None:
        for position, each in enumerate(getattr(message, kind).predicate):
            yield from _predicate(each, f"{path}.{kind}.predicate[{position}]", kinds)
