"""Redirects that Envoy follows itself (RA-150 … RA-153)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InternalRedirectPolicy:
    """RouteAction.internal_redirect_policy."""

    max_redirects: int = 1
    codes: frozenset[int] = frozenset({302})
