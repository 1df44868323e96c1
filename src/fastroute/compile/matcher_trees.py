"""Matcher trees of virtual hosts (`VirtualHost.matcher`) to the core's nodes.

FC-22  on_no_match, lists, exact and prefix maps, nesting. `keep_matching` is refused here (VH-13).
VH-12  A virtual host has a matcher or routes, not both.
VH-13  Inputs are request headers and filter state; actions are a Route or a RouteList.
VH-14  The routes of the action must still match; clusters in them are not checked when they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastroute.compile.extensions import open_any
from fastroute.compile.matcher_customs import compile_custom_map, compile_custom_matcher
from fastroute.compile.string_matchers import compile_string_matcher
from fastroute.core.matchers import Input, TreeNode, TreePredicate

if TYPE_CHECKING:
    from fastroute.compile.context import Context

HEADER_INPUT = "envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
FILTER_STATE_INPUT = "envoy.extensions.matching.common_inputs.network.v3.FilterStateInput"
ENVIRONMENT_INPUT = "envoy.extensions.matching.common_inputs.environment_variable.v3.Config"
_REFUSED = "requirement violation while creating route match tree: INVALID_ARGUMENT: "

NO_TREE = TreeNode()
NEVER = TreePredicate("or", parts=())
"""What stands for parts with errors."""

Action = Callable[[Any, str], int]
"""Compiles the action (a TypedExtensionConfig) at a path to the number of a list of routes."""


class TreeCompiler:
    """Compiles one matcher tree; `action` is called for each of its actions."""

    def __init__(self, ctx: Context, action: Action) -> None:
        self.ctx = ctx
        self.action = action

    def matcher(self, message: Any, path: str) -> TreeNode:
        """The Matcher at `path`."""
        self.ctx.only(message, path, ("matcher_list", "matcher_tree", "on_no_match"))
        otherwise = None
        if message.HasField("on_no_match"):
            otherwise = self._try(self.on_match, message.on_no_match, f"{path}.on_no_match")
        match message.WhichOneof("matcher_type"):
            case "matcher_list":
                return self._list(message.matcher_list, otherwise, f"{path}.matcher_list")
            case "matcher_tree":
                return self._map(message.matcher_tree, otherwise, f"{path}.matcher_tree")
            case _:
                return TreeNode(otherwise=otherwise)

    def _try(self, make: Callable[[Any, str], TreeNode], message: Any, path: str) -> TreeNode:
        return self.ctx.attempt(NO_TREE, make, message, path)

    def on_match(self, message: Any, path: str) -> TreeNode:
        """The OnMatch at `path`: an action, or another matcher."""
        if message.keep_matching:
            raise self.ctx.reject(f"{path}.keep_matching", _REFUSED + "keep_matching is not supported in this context")
        match message.WhichOneof("on_match"):
            case "action":
                return TreeNode(action=self.action(message.action, f"{path}.action"))
            case "matcher":
                return self.matcher(message.matcher, f"{path}.matcher")
            case _:
                raise self.ctx.reject(path, "on_match is required")

    def _list(self, message: Any, otherwise: TreeNode | None, path: str) -> TreeNode:
        if not message.matchers:
            raise self.ctx.reject(f"{path}.matchers", "value must contain at least 1 item(s)")
        entries = []
        for number, each in enumerate(message.matchers):
            here = f"{path}.matchers[{number}]"
            if not each.HasField("predicate") or not each.HasField("on_match"):
                raise self.ctx.reject(here, "predicate and on_match are required")
            predicate = self.ctx.attempt(NEVER, self._predicate, each.predicate, f"{here}.predicate")
            entries.append((predicate, self._try(self.on_match, each.on_match, f"{here}.on_match")))
        return TreeNode(entries=tuple(entries), otherwise=otherwise)

    def _predicate(self, message: Any, path: str) -> TreePredicate:
        kind = message.WhichOneof("match_type")
        match kind:
            case "single_predicate":
                return self._single(message.single_predicate, f"{path}.single_predicate")
            case "or_matcher" | "and_matcher":
                listed = getattr(message, kind).predicate
                if len(listed) < 2:
                    raise self.ctx.reject(f"{path}.{kind}.predicate", "value must contain at least 2 item(s)")
                places = ((each, f"{path}.{kind}.predicate[{n}]") for n, each in enumerate(listed))
                parts = tuple(self.ctx.attempt(NEVER, self._predicate, *place) for place in places)
                return TreePredicate("or" if kind == "or_matcher" else "and", parts=parts)
            case "not_matcher":
                return TreePredicate("not", parts=(self._predicate(message.not_matcher, f"{path}.not_matcher"),))
            case _:
                raise self.ctx.reject(path, "match_type is required")

    def _single(self, message: Any, path: str) -> TreePredicate:
        if not message.HasField("input"):
            raise self.ctx.reject(f"{path}.input", "value is required")
        read = self._input(message.input, f"{path}.input")
        match message.WhichOneof("matcher"):
            case "value_match":
                matcher = compile_string_matcher(message.value_match, self.ctx, f"{path}.value_match")
                return TreePredicate("single", input=read, matcher=matcher)
            case "custom_match":
                custom = compile_custom_matcher(message.custom_match, self.ctx, f"{path}.custom_match")
                return TreePredicate("single", input=read, call=custom)
            case _:
                raise self.ctx.reject(path, "matcher is required")

    def _input(self, message: Any, path: str) -> Input:
        name, config = open_any(message.typed_config, self.ctx, f"{path}.typed_config")
        if name == ENVIRONMENT_INPUT:
            raise self.ctx.unsupported(path, "an input that reads Envoy's environment is not known here")
        if config is None or name not in (HEADER_INPUT, FILTER_STATE_INPUT):
            raise self.ctx.reject(path, f"{_REFUSED}Route table can only match on request headers, saw {name}")
        if name == HEADER_INPUT:
            if not config.header_name:
                raise self.ctx.reject(f"{path}.typed_config.header_name", "value is no header name")
            return Input(header=config.header_name.encode("utf-8"))
        self.ctx.only(config, f"{path}.typed_config", ("key",))
        if not config.key:
            raise self.ctx.reject(f"{path}.typed_config.key", "value length must be at least 1 characters")
        return Input(key=config.key)

    def _map(self, message: Any, otherwise: TreeNode | None, path: str) -> TreeNode:
        if not message.HasField("input"):
            raise self.ctx.reject(f"{path}.input", "value is required")
        read = self._input(message.input, f"{path}.input")
        match message.WhichOneof("tree_type"):
            case "exact_match_map":
                return TreeNode(
                    input=read,
                    exact=self._entries(message.exact_match_map, f"{path}.exact_match_map"),
                    otherwise=otherwise,
                )
            case "prefix_match_map":
                prefixes = self._entries(message.prefix_match_map, f"{path}.prefix_match_map")
                return TreeNode(input=read, prefixes=prefixes, otherwise=otherwise)
            case "custom_match":
                custom = compile_custom_map(message.custom_match, self.ctx, f"{path}.custom_match", self.on_match)
                return TreeNode(input=read, candidates=custom, otherwise=otherwise)
            case _:
                raise self.ctx.reject(path, "tree_type is required")

    def _entries(self, message: Any, path: str) -> dict[bytes, TreeNode]:
        if not message.map:
            raise self.ctx.reject(f"{path}.map", "value must contain at least 1 pair(s)")
        return {
            key.encode("utf-8"): self._try(self.on_match, message.map[key], f'{path}.map["{key}"]')
            for key in sorted(message.map)
        }
