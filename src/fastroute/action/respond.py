"""The actions that Envoy answers itself: a fixed response and a redirect."""

# ruff: noqa: ARG002  (every action answers the whole protocol)
from __future__ import annotations

from dataclasses import dataclass

from fastroute.action.base import BaseAction
from fastroute.action.protocol import Decided


@dataclass(frozen=True, slots=True)
class ResponseAction(BaseAction):
    """DirectResponseAction: status 200…599 and a body."""

    status: int = 200
    text: bytes = b""

    def body(self, decision: Decided) -> bytes:
        return self.text

    def location(self, decision: Decided) -> bytes | None:
        """A 201 or 3xx names the request's own URL (RA-51)."""
        if self.status != 201 and not 300 <= self.status < 400:
            return None
        return b"%s://%s%s" % (decision.scheme, decision.original_authority, decision.original_path or b"")
