"""HTTP filters in front of the router that change what passes them, and what they make of a request and its response.

PIPE-03  The route is chosen before any filter runs: what a filter changes chooses no other. Requests pass the filters
         in order, responses in reverse. So do answers that are given in front of them, to requests that they never saw.
RA-90, RA-91  Settings of a route go by the filter's name, the most specific counts; FilterConfig disables.

What filters do to bodies is the embedder's, who reads off the headers what is due: see docs/embedding.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastroute.action.draft import JOINED_IN_RESPONSES, Draft, Headers, draft
from fastroute.records import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from fastroute.action.decided import Concluded, Decided, Pairs
    from fastroute.action.levels import FilterSetting, Levels
    from fastroute.action.notes import StepFields

_BODILESS = (204, 304)
_IN_FRONT = frozenset(
    (
        "path_normalization_failed",
        "query_missing_content_type",
        "absolute_path_rejected",
        "missing_host_header",
        "upgrade_failed",
    )
)
"""Reasons of answers that are given before the first filter sees the request."""


@record(frozen=False)
class Reply:
    """A response on its way back: `text` is the body of Envoy's own answer; `ends` when headers are all of it."""

    status: int
    headers: Headers
    text: bytes = b""
    ends: bool = False


@record
class PassedFilter:
    """One installed filter: the name that settings of routes go by, its place among all filters of the manager."""

    name: str
    place: int
    disabled: bool = False
    touched: ClassVar[frozenset[bytes]] = frozenset()
    """The request headers that any filter of the kind may change."""

    def names(self, settings: tuple[FilterSetting, ...]) -> frozenset[bytes]:  # noqa: ARG002
        """The request headers that this one may change under `settings`, those of all levels, most specific first."""
        return self.touched

    def request(self, request: Draft, settings: tuple[FilterSetting, ...], *, body: bool) -> object:
        """Change the request, which has a body or not; what is kept of it until the response comes."""
        raise NotImplementedError

    def response(self, reply: Reply, kept: object, settings: tuple[FilterSetting, ...]) -> None:
        """Change the response to a request of which `request` kept `kept`; None for one that it never saw."""
        raise NotImplementedError

    def told(self, kept: object) -> str:
        """One sentence about what was done to a request; empty for nothing."""
        raise NotImplementedError


Step = tuple[PassedFilter, object, "tuple[FilterSetting, ...]"]


def installed_filters(decision: Decided) -> tuple[PassedFilter, ...]:
    """The filters of the connection manager that change what passes them, in order."""
    options = decision.router_options
    return () if options is None else options.filters


def touched(decision: Decided, levels: Levels) -> frozenset[bytes]:
    """The request headers that filters may change."""
    return frozenset().union(*(each.names(_settings(each, levels)) for each in installed_filters(decision)))


def _settings(each: PassedFilter, levels: Levels | None) -> tuple[FilterSetting, ...]:
    return () if levels is None else tuple([setting for _, setting in levels.settings(each.name)])


def _runs(each: PassedFilter, settings: tuple[FilterSetting, ...]) -> bool:
    return not (settings[0].disabled if settings else each.disabled)


def passed(
    decision: Decided,
    levels: Levels | None,
    before: tuple[str, str] | None = None,
    prepare: Callable[[Headers], None] | None = None,
) -> Draft:
    """The request as the router gets it, or the filter with the name and type `before`.

    `prepare` does what is to be done to the headers in front of the filters, where there are any.
    """
    request = draft(decision)
    if installed_filters(decision):
        if prepare is not None:
            prepare(request.headers)
        place = None if before is None else (decision.http_filters or ()).index(before)
        list(_pass(decision, levels, request, place))
    return request


def _pass(decision: Decided, levels: Levels | None, request: Draft, before: int | None = None) -> Iterator[Step]:
    for each in installed_filters(decision):
        if before is not None and each.place > before:
            return
        settings = _settings(each, levels)
        if _runs(each, settings):
            yield each, each.request(request, settings, body=has_body(decision)), settings


def has_body(decision: Decided) -> bool:
    """Whether the request has a body, as far as its headers tell."""
    told = dict(decision.given_headers())
    return b"transfer-encoding" in told or told.get(b"content-length", b"0").strip(b"0") != b""


def meets_filters(decision: Concluded) -> bool:
    """Whether the request came to the filters."""
    reason = decision.reason
    return decision.kind == "forward" or not (
        reason is None or reason in _IN_FRONT or reason.startswith(("http", "rbac_access_denied"))
    )


def answered(decision: Concluded, levels: Levels | None, status: int, pairs: Pairs, text: bytes) -> Reply:
    """The response after all filters: one of the upstream, or Envoy's own with the body `text`."""
    reply = Reply(status, Headers(pairs, JOINED_IN_RESPONSES), text)
    own = decision.kind != "forward"
    length = reply.headers.first(b"content-length")
    empty = not text if own else status in _BODILESS or length == b"0"
    reply.ends = empty or decision.original_method == b"HEAD"
    seen = meets_filters(decision)
    passed_by = _pass(decision, levels, draft(decision)) if seen else _unseen(decision, levels)
    for each, kept, settings in reversed(list(passed_by)):
        each.response(reply, kept, settings)
    return reply


def _unseen(decision: Decided, levels: Levels | None) -> Iterator[Step]:
    """The filters that see an answer, though the request did not come to them."""
    for each in installed_filters(decision):
        settings = _settings(each, levels)
        if _runs(each, settings):
            yield each, None, settings


def steps(decision: Concluded, levels: Levels | None) -> tuple[StepFields, ...]:
    """What each filter did to the request, for an explanation."""
    if not installed_filters(decision) or not meets_filters(decision):
        return ()
    found = [(each, each.told(kept)) for each, kept, _ in _pass(decision, levels, draft(decision))]
    return tuple(("filter", each.name, "changed", told, "PIPE-03") for each, told in found if told)
