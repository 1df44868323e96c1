"""Field paths of errors, such as `virtual_hosts[0].routes[3].match`, and how two of them stand to each other."""

from __future__ import annotations

from collections.abc import Sequence

from fastroute.api.constraints import Violation
from fastroute.api.faults import Fault
from fastroute.patterns import pattern

_LAST_STEP = pattern(r'(?:\.?\w+|\[\d+\]|\["(?:[^"\\]|\\.)*"\])\Z')


def around(path: str) -> str:
    """The path of the message, list or map that holds what is at `path`."""
    return _LAST_STEP.sub("", path)


def is_within(path: str, other: str) -> bool:
    """Whether `path` is `other`, or leads to a part of it."""
    return path == other or (path.startswith(other) and (not other or path[len(other)] in ".["))


def beside(faults: Sequence[Fault], violations: Sequence[Violation]) -> list[Violation]:
    """The violations that do not follow from what could not be read: at that field, within it, or around it.

    A field that is missing beside one that is unknown is that one, misspelled.
    """
    return [violation for violation in violations if not any(_follows(violation, fault) for fault in faults)]


def _follows(violation: Violation, fault: Fault) -> bool:
    path, holder = violation.path, around(fault.path)
    misspelled = fault.code == "unknown-field" and violation.code == "required" and around(path) == holder
    return misspelled or holder == path or is_within(path, fault.path)
