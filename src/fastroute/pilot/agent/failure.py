"""Failures of the running agent: one clear line, and exit code 1."""

from __future__ import annotations

from fastroute.errors import FastrouteError


class AgentError(FastrouteError):
    """The agent cannot start or go on; the text names the file, variable, port or program."""
