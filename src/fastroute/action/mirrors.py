"""Mirrors: clusters that get a copy of the request (RA-120 … RA-122)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mirror:
    """One copy: its cluster, and the authority it is sent with."""

    cluster: str
    authority: bytes
