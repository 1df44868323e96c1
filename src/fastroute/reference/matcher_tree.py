"""Matcher trees (`xds.type.matcher.v3.Matcher`): of virtual hosts, and the evaluation of any, whatever its inputs are.

- VH-13: inputs of a virtual host's are request headers (several lines are joined with ",") and filter state; actions
  are a Route or a RouteList. FC-23: an absent input makes a predicate false and sends a map to on_no_match.
- FC-22: `matcher_list`: the first entry whose predicate holds and whose on_match yields an action; a
  nested matcher that yields nothing lets the list go on; at the end on_no_match.
- FC-22: `exact_match_map`: a hit whose nested matcher yields nothing falls to on_no_match.
  `prefix_match_map`: the longest prefix first, then shorter ones, then on_no_match.
- FC-22: a nested matcher's own on_no_match is a result.
- FC-21: see `matcher_maps.py` for the custom maps, `matcher_inputs.py` for inputs and custom matchers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fastroute.api import pool
from fastroute.errors import UnsupportedError
from fastroute.reference import matcher_inputs, matcher_maps, strings
from fastroute.reference.stream import Message, Stream
from fastroute.reference.trace import Trace

ROUTE = "envoy.config.route.v3.Route"
ROUTE_LIST = "envoy.config.route.v3.RouteList"


class Subject(NamedTuple):
    """What a tree is asked about: how an input is read, and whether a custom matcher takes its value."""

    read: Callable[[Message], bytes | None]
    custom: Callable[[Message, bytes], bool]
    trace: Trace


def routes(tree: Message, stream: Stream) -> Sequence[Message]:
    """The routes of the action that the tree yields; none when it yields nothing."""
    action = evaluate(tree, of_request(stream))
    if action is None:
        stream.trace.add("matcher tree", "tree", "answered", "it yields no action", "FC-22")
        return ()
    stream.trace.add("matcher tree", action.name or "action", "chosen", "the tree yields it", "VH-14")
    name = pool.type_name(action.typed_config.type_url)
    if name not in (ROUTE, ROUTE_LIST):
        raise UnsupportedError(f"a matcher action of type {name} cannot be decided", path="matcher")
    found: Message = pool.new(name)
    found.ParseFromString(action.typed_config.value)
    return list(found.routes) if name == ROUTE_LIST else [found]


def of_request(stream: Stream) -> Subject:
    """A request, as trees of virtual hosts and of cluster specifiers ask about it."""
    return Subject(
        lambda extension: matcher_inputs.read(extension, stream),
        lambda extension, value: matcher_inputs.takes(extension, value, stream),
        stream.trace,
    )


def evaluate(tree: Message, subject: Subject) -> Message | None:
    """The action of a matcher, or None."""
    found = None
    if tree.HasField("matcher_list"):
        found = _from_list(tree.matcher_list, subject)
    elif tree.HasField("matcher_tree"):
        found = _from_map(tree.matcher_tree, subject)
    if found is None and tree.HasField("on_no_match"):
        subject.trace.add("matcher tree", "on_no_match", "chosen", "nothing else yields an action", "FC-22")
        found = _yielded(tree.on_no_match, subject)
    return found


def _yielded(on_match: Message, subject: Subject) -> Message | None:
    """What an OnMatch yields: its action, or what its nested matcher does."""
    return on_match.action if on_match.HasField("action") else evaluate(on_match.matcher, subject)


def _from_list(entries: Message, subject: Subject) -> Message | None:
    for number, entry in enumerate(entries.matchers):
        if not _holds(entry.predicate, subject):
            subject.trace.add("matcher tree", f"entry {number}", "passed over", "its predicate is false", "FC-22")
            continue
        found = _yielded(entry.on_match, subject)
        if found is not None:
            subject.trace.add("matcher tree", f"entry {number}", "chosen", "its predicate holds", "FC-22")
            return found
        subject.trace.add("matcher tree", f"entry {number}", "passed over", "its matcher yields nothing", "FC-22")
    return None


def _holds(predicate: Message, subject: Subject) -> bool:
    match predicate.WhichOneof("match_type"):
        case "single_predicate":
            return _single(predicate.single_predicate, subject)
        case "or_matcher":
            return any(_holds(each, subject) for each in predicate.or_matcher.predicate)
        case "and_matcher":
            return all(_holds(each, subject) for each in predicate.and_matcher.predicate)
        case _:
            return not _holds(predicate.not_matcher, subject)


def _single(predicate: Message, subject: Subject) -> bool:
    value = subject.read(predicate.input)
    if value is None:
        return False
    if predicate.HasField("value_match"):
        return strings.matches(predicate.value_match, value)
    return subject.custom(predicate.custom_match, value)


def _from_map(tree: Message, subject: Subject) -> Message | None:
    value = subject.read(tree.input)
    if value is None:
        subject.trace.add("matcher tree", tree.input.name, "passed over", "the input is absent", "FC-23")
        return None
    for candidate in matcher_maps.candidates(tree, value):
        found = _yielded(candidate.on_match, subject)
        verdict = "its matcher yields nothing" if found is None else f"it takes {value.decode('latin-1')!r}"
        subject.trace.add("matcher tree", candidate.key, "passed over" if found is None else "chosen", verdict, "FC-22")
        if found is not None:
            return found
    return None
