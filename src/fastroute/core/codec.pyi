"""The HTTP/1 codec: which requests it takes, and how it hands them over."""

from typing import Literal, final

__pyx_capi__: dict[str, object]

@final
class Codec:
    """The codec's options. Read-only; Envoy's defaults unless given.

    They are `max_headers_count`, `max_request_headers_kb` (in bytes), `headers_with_underscores_action`,
    `allow_custom_methods` and `allow_absolute_url` of the HttpConnectionManager's protocol options.
    """

    @property
    def max_headers(self) -> int: ...
    @property
    def max_header_bytes(self) -> int: ...
    @property
    def underscores(self) -> str: ...
    @property
    def custom_methods(self) -> bool: ...
    @property
    def absolute_urls(self) -> bool: ...
    def __new__(
        cls,
        *,
        max_headers: int = 100,
        max_header_bytes: int = 61440,
        underscores: Literal["allow", "reject", "drop"] = "allow",
        custom_methods: bool = False,
        absolute_urls: bool = True,
    ) -> Codec: ...
    def takes_method(self, method: bytes) -> bool:
        """Whether a request may have this method."""
