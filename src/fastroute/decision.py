"""What came out: explanations of decisions, step by step.

The decision itself is a value of the core (`fastroute.core.decision`); this module has what is told
about it. An `Explanation` is the replay of one decision by the reference walk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from fastroute.records import field, record

if TYPE_CHECKING:
    from fastroute.errors import Notice

Verdict = Literal["chosen", "passed over", "changed", "kept", "answered", "closed"]


@record
class Step:
    """One look at one thing.

    `stage` names the part of the path (listener, filter chain, normalisation, virtual host, route,
    cluster, endpoint, …), `subject` the thing looked at, `reason` the first predicate that failed or
    the rule that chose it, in one sentence; `rule` is the rule's ID in docs/compatibility.md.
    """

    stage: str
    subject: str
    verdict: Verdict
    reason: str
    rule: str = ""

    def __str__(self) -> str:
        return f"{self.stage:<14} {self.verdict:<12} {self.subject}: {self.reason}"


@record
class Explanation:
    """The steps that led to a decision, in Envoy's order, and the decision's own fields.

    `notices` are what lenient loading let through and the decision touches, as in `Decision.notices`.
    """

    decision: Mapping[str, object]
    steps: tuple[Step, ...] = field(default=())
    notices: tuple[Notice, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The explanation as plain JSON-ready values; bytes become text (Latin-1)."""
        return {
            "decision": {name: _plain(value) for name, value in self.decision.items()},
            "steps": [
                {"stage": s.stage, "subject": s.subject, "verdict": s.verdict, "reason": s.reason, "rule": s.rule}
                for s in self.steps
            ],
            **({"notices": [notice.to_dict() for notice in self.notices]} if self.notices else {}),
        }

    def to_json(self) -> str:
        """The explanation as indented JSON."""
        import json

        return json.dumps(self.to_dict(), indent=2)

    def text(self) -> str:
        """One line a step, then the decision."""
        lines = [str(step) for step in self.steps]
        shown = ", ".join(
            f"{name}={_plain(value)}"
            for name, value in self.decision.items()
            if value not in (None, "", b"", 0) or name == "index"
        )
        noticed = [f"{'notice':<14} {notice.line()}" for notice in self.notices]
        return "\n".join([*lines, f"{'decision':<14} {shown}", *noticed])


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, str | int | float | bool | None) else str(value)
