"""Zone-aware routing on priority 0 (LB-22, LB-23)."""

from typing import final

@final
class Zones:
    """How traffic is divided between the caller's zone and the others; used from C only."""

__pyx_capi__: dict[str, object]
