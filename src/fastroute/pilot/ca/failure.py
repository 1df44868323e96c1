"""Refusals of the authority: one clear line to the caller, nothing of ours besides."""

from __future__ import annotations

from fastroute.errors import FastrouteError


class CallerError(FastrouteError):
    """The caller has not shown who it is, or asks for what it may not have."""

    def __init__(self, message: str, *, known: bool = False) -> None:
        super().__init__(message)
        self.known = known
        """Whether it is known who the caller is: then it lacks the right, not the proof."""
