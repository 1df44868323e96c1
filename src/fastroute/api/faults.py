"""The error of a value that does not fit its field, before anybody knows the file it stands in.

A fault is raised where the value is looked at and passes up through the fields around it; each adds
its own step, so that no path is kept while all is well. `fastroute.config` turns it into a
`ParseError` with file, line and column.
"""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 40


class Fault(Exception):  # noqa: N818 - the errors of users are ParseErrors
    """A value cannot become a message. `steps` are the fields above it, innermost first."""

    def __init__(self, message: str, *, remedy: str = "", code: str = "parse", step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code
        self.steps: list[str] = [step] if step else []

    @property
    def path(self) -> str:
        """The field path, such as `virtual_hosts[0].routes[3].match`."""
        return join(reversed(self.steps))


def index(position: int) -> str:
    """The step to an element of a list."""
    return f"[{position}]"


def key(name: str) -> str:
    """The step to an entry of a map."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'


def join(steps: Iterable[str]) -> str:
    """Steps as one path: fields are separated by dots, elements and entries are not."""
    path = ""
    for step in steps:
        path += step if step.startswith("[") or not path else f".{step}"
    return path


def kind(value: object) -> str:
    """What a value is called in an error: what it is, and which one where that is short."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {_short(str(value))}"
    if isinstance(value, str):
        return f'the string "{_short(value)}"'
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return f"a {type(value).__name__}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
