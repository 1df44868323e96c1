"""Snapshots: an immutable set of compiled tables with one version, how to load one, how to update one."""

from __future__ import annotations

from fastroute import late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fastroute.config.changes import Changes, Content
else:
    _CHANGES = "fastroute.config.changes"
    __getattr__ = late.modules(__name__, ("index", "marks", "update"), {"Changes": _CHANGES, "Content": _CHANGES})

from fastroute.snapshot.snapshot import Snapshot, build, load  # noqa: E402 - the modules above are late for these as well

__all__ = ["Changes", "Content", "Snapshot", "build", "load"]
