"""What follows from the chosen route, as values that an embedder can apply.

Frozen records and pure functions. An action is compiled once, belongs to one route (or to one
entry of its weighted clusters) and computes a value only when it is read: `route()` itself builds no
header list and no retry object. Nothing here knows protobuf; `fastroute.compile.actions` builds it.
"""

from __future__ import annotations

from fastroute import late

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__ = late.modules(
        __name__, ("cluster_specifiers", "forward", "fractions", "local_reply", "metadata", "notes", "rewrites")
    )
