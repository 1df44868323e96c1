"""The Envoy API as data: descriptors, type URLs and constraint rules."""

from __future__ import annotations

from fastroute import late

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = late.modules(__name__, ("replacements", "trees"))
