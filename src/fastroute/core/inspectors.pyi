"""The HTTP inspector and the PROXY protocol, as functions of the first bytes (LF-05 to LF-08).

None of them raises for any bytes, and none reads beyond the buffer.
"""

from collections.abc import Iterable
from typing import Literal, TypeAlias

_Buffer: TypeAlias = bytes | bytearray | memoryview
_Verdict: TypeAlias = Literal["found", "need more", "not mine", "refused"]

VERDICTS: tuple[str, ...]

def http_inspector(data: _Buffer) -> tuple[_Verdict, str | None]:
    """Verdict, and `h2c`, `http/1.1` or `http/1.0` when found. "refused": 64 KiB without an end of line."""

def proxy_protocol(
    data: _Buffer, *, optional: bool = False, versions: Iterable[int] = (1, 2)
) -> tuple[_Verdict, int, tuple[str, int] | None, tuple[str, int] | None, list[tuple[int, bytes]]]:
    """Verdict, length of the header, source, destination, (type, value) pairs of the extensions.

    The addresses are None for LOCAL and UNKNOWN. `optional`: `allow_requests_without_proxy_protocol`.
    `versions`: those that are not disallowed.
    """

__pyx_capi__: dict[str, object]
