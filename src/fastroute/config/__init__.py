"""Text and bytes to messages: what is this file, and which resources does it hold?"""

from __future__ import annotations

from fastroute import late

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = late.modules(__name__, ("changes", "unknown"))

from fastroute.config.load import Source, read  # noqa: E402 - the modules above are late for these as well
from fastroute.config.resources import Positions, Resource, Resources  # noqa: E402

__all__ = ["Positions", "Resource", "Resources", "Source", "read"]
