"""Expected and actual, and the words in which Envoy's tool says that they differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastroute.action.matchers import HeaderMatcher
from fastroute.check.cases import Case
from fastroute.check.outcome import Outcome, Pairs
from fastroute.compile.action_matchers import compile_header
from fastroute.compile.context import Context
from fastroute.config import Resource
from fastroute.records import record

_NAMES = (
    "cluster_name",
    "virtual_cluster_name",
    "virtual_host_name",
    "path_rewrite",
    "host_rewrite",
    "path_redirect",
    "code_redirect",
)
_OF_FORWARDING = frozenset(_NAMES[:5])


@record
class Failure:
    """One difference. `kind` is the test type, `text` the line of Envoy's tool."""

    kind: str
    expected: str
    actual: str
    text: str
    matcher: Any = None


def compare(case: Case, outcome: Outcome) -> Iterator[tuple[str, Failure | None]]:
    """Each thing compared, in the tool's order, and its failure; None when it passed."""
    for name in _NAMES:
        if name in case.expected:
            absent = "0" if name == "code_redirect" else ""
            actual = outcome.values.get(name, absent)
            yield name, _text_failure(name, case.expected[name], actual)
    for kind, matchers, headers in (
        ("request_header_matches", case.request_headers, outcome.request),
        ("response_header_matches", case.response_headers, outcome.response),
    ):
        for matcher in matchers:
            yield kind, header_failure(kind, matcher, headers)


def covers(name: str, outcome: Outcome) -> bool:
    """Whether a passed comparison of `name` covers something of the route."""
    return outcome.forwards if name in _OF_FORWARDING else name.endswith("_redirect") and outcome.answers


def _text_failure(kind: str, expected: str, actual: str, *, equal: bool = True, matcher: Any = None) -> Failure | None:
    if (expected == actual) == equal:
        return None
    text = f"expected: [{expected}], actual: {'' if equal else 'NOT '}[{actual}], test type: {kind}"
    return Failure(kind, expected, actual, text, matcher)


def header_failure(kind: str, matcher: Any, headers: Pairs) -> Failure | None:
    """The failure of a HeaderMatcher on a header list; None when it matches."""
    name = matcher.name.lower()
    values = [value.encode("utf-8", "surrogateescape") for key, value in headers if key == name]
    if _compiled(matcher).matches(values):
        return None
    what = matcher.WhichOneof("header_match_specifier")
    if what in (None, "present_match"):
        wanted = (matcher.present_match if what else True) != matcher.invert_match
        shown = [f"has({matcher.name}):{str(state).lower()}" for state in (wanted, not wanted)]
        return _text_failure(f"{kind}.present_match", *shown, matcher=matcher)
    actual = f"{matcher.name}: {_joined(values)}"
    if what == "string_match":
        what = f"string_match.{matcher.string_match.WhichOneof('match_pattern')}"
    exact = matcher.string_match.exact if what == "string_match.exact" else matcher.exact_match
    if what in ("string_match.exact", "exact_match"):
        expected = f"{matcher.name}: {exact}"
        equal = not matcher.invert_match
        text = f"expected: [{expected}], actual: {'' if equal else 'NOT '}[{actual}], test type: {kind}.{what}"
        return Failure(f"{kind}.{what}", expected, actual, text, matcher)
    text = f"actual: {'NOT ' if matcher.invert_match else ''}[{actual}], test type: {kind}.{what}"
    return Failure(f"{kind}.{what}", "", actual, text, matcher)


def _compiled(matcher: Any) -> HeaderMatcher:
    return compile_header(matcher, Context(Resource("test", matcher)), "")


def _joined(values: list[bytes]) -> str:
    return b",".join(values).decode("utf-8", "surrogateescape")
