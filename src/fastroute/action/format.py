"""Text with command operators (`%REQ(x)%`), parsed once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """A format string: literal bytes, and operators between them."""

    text: bytes
