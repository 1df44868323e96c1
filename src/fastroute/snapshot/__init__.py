"""Snapshots: an immutable set of compiled tables with one version, how to load one, how to update one."""

from __future__ import annotations

from fastroute.config.changes import Changes, Content
from fastroute.snapshot.snapshot import Snapshot, build, load

__all__ = ["Changes", "Content", "Snapshot", "build", "load"]
