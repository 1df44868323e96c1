"""A request that a filter (NF-14) or the connection manager (HC-61) denied behind the choice of its route.

The route stays known: its metadata and its settings. Nothing of it is done, but what a route that forwards adds
to responses is added to the denial too; what redirects and direct responses add is not.
"""

# ruff: noqa: ARG002  (every action answers the whole protocol)
from __future__ import annotations

from fastroute.action.base import BaseAction
from fastroute.action.decided import Decided, Pairs
from fastroute.action.draft import Draft, Headers
from fastroute.action.fault import FaultDecision
from fastroute.action.format import Supply, Values
from fastroute.action.respond import LocalAction
from fastroute.records import record, replace
from fastroute.types import RandomSource

ACCESS_DENIED = b"RBAC: access denied"
_FORBIDDEN = 403


@record
class DeniedAction(LocalAction):
    """The answer 403 with `text` in place of what a route does; `mutates` where the route would have forwarded."""

    mutates: bool = False
    text: bytes = ACCESS_DENIED
    cluster: str | None = None

    @classmethod
    def of(cls, action: object, cluster: str | None, text: bytes = ACCESS_DENIED) -> DeniedAction:
        """The denial in place of `action`, which leads to `cluster`; None where no route was chosen."""
        if not isinstance(action, BaseAction):
            return cls(text=text)
        return cls(action.levels, action.route_metadata, action.operation, action.host, action.forwards, text, cluster)

    def values(self, decision: Decided, request: Draft, operators: Supply | None = None) -> Values:
        return replace(LocalAction.values(self, decision, request, operators), cluster=self.cluster)

    def text_of(self, decision: Decided) -> bytes:
        return self.text

    def downstream_headers(
        self, decision: Decided, status: int, headers: Pairs, operators: Supply | None = None
    ) -> list[tuple[bytes, bytes]]:
        return LocalAction.downstream_headers(self, decision, _FORBIDDEN, headers, operators)

    def mutate_response(self, response: Headers, values: Values) -> None:
        if self.mutates:
            LocalAction.mutate_response(self, response, values)

    def fault(self, decision: Decided, random: RandomSource | None = None, active: int = 0) -> FaultDecision | None:
        return None
