"""What a pick may look at besides a hash."""

from collections.abc import Mapping
from typing import final

from fastroute.types import HeadersLike

@final
class PickContext:
    """The facts of a request that some clusters choose by; a Decision serves as well.

    `metadata_match` holds the values of the name space envoy.lb (subsets), `request_headers` serve
    original destination and host override, `connection` gives the original destination.
    """

    metadata_match: Mapping[str, object] | None
    request_headers: HeadersLike
    dynamic_metadata: Mapping[str, object] | None
    filter_state: Mapping[str, str] | None
    connection: object
    def __new__(
        cls,
        *,
        metadata_match: Mapping[str, object] | None = None,
        request_headers: HeadersLike = (),
        dynamic_metadata: Mapping[str, object] | None = None,
        filter_state: Mapping[str, str] | None = None,
        connection: object = None,
    ) -> PickContext: ...

def canonical(value: object) -> tuple[object, ...]:
    """A metadata value in a form that compares as protobuf Values do (LB-70)."""

__pyx_capi__: dict[str, object]
