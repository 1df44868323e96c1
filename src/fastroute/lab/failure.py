"""What cannot be done here, or did not happen in time."""

from __future__ import annotations

from fastroute.errors import FastrouteError


class LabError(FastrouteError):
    """A command failed, a process ended, or something expected did not come; the message has its last words."""
