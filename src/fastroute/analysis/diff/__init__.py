"""What differs between two configurations, in the terms of the API and in words.

    for change in diff(before, after):
        print(change.text())

Two sources are compared resource by resource, and within a resource field by field; what an Any holds
is compared too. Works on `Resources` of any source, and on mappings of messages by name.
"""

from __future__ import annotations

from fastroute.analysis.diff.fields import ADDED, CHANGED, MOVED, REMOVED, FieldChange, field_changes
from fastroute.analysis.diff.resources import Change, diff, diff_messages, summary

__all__ = [
    "ADDED",
    "CHANGED",
    "MOVED",
    "REMOVED",
    "Change",
    "FieldChange",
    "diff",
    "diff_messages",
    "field_changes",
    "summary",
]
