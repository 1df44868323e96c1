"""Rate-limit descriptors (RA-140, RA-141)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One descriptor: its entries in order."""

    entries: tuple[tuple[str, str], ...]
