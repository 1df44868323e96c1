"""Snapshots: an immutable set of compiled tables with one version, how to load one, how to update one."""

from __future__ import annotations

from fastroute import late

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = late.modules(__name__, ("index", "marks", "update"))

from fastroute.config.changes import Changes, Content  # noqa: E402 - the modules above are late for these as well
from fastroute.snapshot.snapshot import Snapshot, build, load  # noqa: E402

__all__ = ["Changes", "Content", "Snapshot", "build", "load"]
