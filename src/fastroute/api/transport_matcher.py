"""What Envoy refuses of `transport_socket_matcher`, which decides no request: extensions of other categories.

The inputs of such a matcher are its own and the common ones. It has no custom trees, and its actions name a
transport socket.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastroute.api.extension_points import extension

Complaint = tuple[str, str, str]

INPUTS = ("envoy.matching.transport_socket.input", "envoy.matching.common_inputs")
MATCHERS = ("envoy.matching.input_matchers",)
ACTIONS = ("envoy.matching.action",)


def check(matcher: Any, path: str) -> Iterator[Complaint]:
    """An `xds.type.matcher.v3.Matcher` at `path`."""
    if matcher.HasField("on_no_match"):
        yield from _on_match(matcher.on_no_match, f"{path}.on_no_match")
    for position, each in enumerate(matcher.matcher_list.matchers):
        here = f"{path}.matcher_list.matchers[{position}]"
        yield from _predicate(each.predicate, f"{here}.predicate")
        yield from _on_match(each.on_match, f"{here}.on_match")
    if matcher.HasField("matcher_tree"):
        yield from _tree(matcher.matcher_tree, f"{path}.matcher_tree")


def _tree(tree: Any, path: str) -> Iterator[Complaint]:
    yield from extension(tree.input, f"{path}.input", tree.input.name, *INPUTS)
    kind = tree.WhichOneof("tree_type")
    if kind == "custom_match":
        yield from extension(tree.custom_match, f"{path}.custom_match", tree.custom_match.name)
    elif kind is not None:
        for name, each in getattr(tree, kind).map.items():
            yield from _on_match(each, f'{path}.{kind}.map["{name}"]')


def _on_match(message: Any, path: str) -> Iterator[Complaint]:
    if message.HasField("matcher"):
        yield from check(message.matcher, f"{path}.matcher")
    elif message.HasField("action"):
        yield from extension(message.action, f"{path}.action", message.action.name, *ACTIONS)


def _predicate(message: Any, path: str) -> Iterator[Complaint]:
    kind = message.WhichOneof("match_type")
    if kind == "single_predicate":
        single, here = message.single_predicate, f"{path}.single_predicate"
        yield from extension(single.input, f"{here}.input", single.input.name, *INPUTS)
        if single.HasField("custom_match"):
            yield from extension(single.custom_match, f"{here}.custom_match", single.custom_match.name, *MATCHERS)
    elif kind == "not_matcher":
        yield from _predicate(message.not_matcher, f"{path}.not_matcher")
    elif kind is not None:
        for position, each in enumerate(getattr(message, kind).predicate):
            yield from _predicate(each, f"{path}.{kind}.predicate[{position}]")
