"""The CORS policy of a route (RA-142)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """The merged policy."""

    allow_methods: str = ""
