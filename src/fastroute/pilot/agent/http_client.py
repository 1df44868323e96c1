"""The HTTP client that the agent shares with REST subscriptions."""

from __future__ import annotations

from fastroute.xds.http_client import READ_LIMIT, Answer, HttpError, request

__all__ = ["READ_LIMIT", "Answer", "HttpError", "request"]
