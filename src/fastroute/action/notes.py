"""What was changed and by which level: the part of an explanation that an action writes.

A step is (stage, subject, verdict, reason, rule), the fields of `fastroute.decision.Step` in order.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from fastroute.action.mutations import Note

    StepFields = tuple[str, str, Literal["changed"], str, str]


class Notes:
    """Collects the steps of one request."""

    __slots__ = ("stage", "steps")

    def __init__(self, stage: str = "request header") -> None:
        self.stage = stage
        self.steps: list[StepFields] = []

    def added(self, name: bytes, value: bytes, reason: str, rule: str) -> None:
        """A header was set."""
        self.steps.append((self.stage, name.decode("latin-1"), "changed", f"{_shown(value)}, by {reason}", rule))

    def rewritten(self, what: str, old: bytes, new: bytes, field: str, rule: str) -> None:
        """Path or authority was replaced by a field of the route."""
        reason = f"{_shown(old)} became {_shown(new)}, by {field} of the route"
        self.steps.append(("rewrite", what, "changed", reason, rule))

    def of_level(self, level: str) -> Note:
        """A function that takes the changes of one level."""

        def note(verb: str, name: bytes, value: bytes) -> None:
            reason = f"{verb} by the {level}" + (f": {_shown(value)}" if verb != "removed" else "")
            self.steps.append((self.stage, name.decode("latin-1"), "changed", reason, "RA-70"))

        return note


def _shown(value: bytes) -> str:
    return f'"{value.decode("latin-1")}"'
