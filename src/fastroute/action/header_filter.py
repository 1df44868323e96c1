"""The header mutation filter: constant changes to the headers of requests and responses, one after the other.

RA-90  The filter's own changes come first, then those of every level that has settings for it: from the most specific
       to the least, or the other way round where `most_specific_header_mutations_wins`, so that the last one wins.
"""

from __future__ import annotations

from fastroute.action.draft import Draft, Headers
from fastroute.action.filters import PassedFilter, Reply
from fastroute.action.format import Template
from fastroute.action.levels import FilterSetting
from fastroute.action.mutations import Mutations
from fastroute.records import record


@record
class HeaderChanges:
    """What one level does: a list of single mutations each, for requests and for responses."""

    requests: tuple[Mutations, ...] = ()
    responses: tuple[Mutations, ...] = ()

    @property
    def names(self) -> frozenset[bytes]:
        """The request headers that it may change."""
        added = [addition.name for each in self.requests for addition in each.add]
        return frozenset((*added, *(name for each in self.requests for name in each.remove)))


@record
class HeaderFilter(PassedFilter):
    """envoy.filters.http.header_mutation; it keeps nothing."""

    own: HeaderChanges = HeaderChanges()
    most_specific_wins: bool = False

    def names(self, settings: tuple[FilterSetting, ...]) -> frozenset[bytes]:
        return frozenset().union(*(each.names for each in self._changes(settings)))

    def _changes(self, settings: tuple[FilterSetting, ...]) -> list[HeaderChanges]:
        set_for = [each.policy for each in settings if isinstance(each.policy, HeaderChanges)]
        return [self.own, *(reversed(set_for) if self.most_specific_wins else set_for)]

    def request(self, request: Draft, settings: tuple[FilterSetting, ...], *, body: bool) -> str:  # noqa: ARG002
        before = list(request.headers.pairs)
        for each in self._changes(settings):
            _apply(each.requests, request.headers)
        return "" if before == request.headers.pairs else "headers of the request were changed"

    def response(self, reply: Reply, kept: object, settings: tuple[FilterSetting, ...]) -> None:  # noqa: ARG002
        for each in self._changes(settings):
            _apply(each.responses, reply.headers)

    def told(self, kept: object) -> str:
        return str(kept)


def _apply(mutations: tuple[Mutations, ...], headers: Headers) -> None:
    for each in mutations:
        each.apply(headers, _constant)


def _constant(template: Template) -> bytes:
    return b"".join(part for part in template.parts if isinstance(part, bytes))
