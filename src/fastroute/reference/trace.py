"""What the walk writes down while it walks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fastroute.decision import Explanation, Step, Verdict


class Reason(NamedTuple):
    """Why a thing was passed over or chosen: one sentence and the rule's ID."""

    text: str
    rule: str


class Trace:
    """The growing list of steps of one explanation."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(self, stage: str, subject: str, verdict: Verdict, reason: str, rule: str = "") -> None:
        """Write one step down."""
        self.steps.append(Step(stage, subject, verdict, reason, rule))

    def explanation(self, decision: Mapping[str, object]) -> Explanation:
        """The finished explanation."""
        return Explanation(decision, tuple(self.steps))


def text(value: bytes | None) -> str:
    """Bytes of a request as text for a sentence (Latin-1, as Envoy treats them)."""
    return "" if value is None else value.decode("latin-1")
