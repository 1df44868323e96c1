"""The TLS inspector: server name and application protocols of a ClientHello (LF-01 to LF-04)."""

from typing import Literal

VERDICTS: tuple[str, ...]

def tls_inspector(
    data: bytes | bytearray | memoryview, max_client_hello_size: int = 16384
) -> tuple[Literal["found", "need more", "not mine", "refused"], bytes | None, tuple[bytes, ...] | None]:
    """Verdict, server name in lower case, application protocols. Never raises for any bytes.

    `data` is everything that the connection sent so far. "refused": a ClientHello longer than
    `max_client_hello_size`, of a version that is none of TLS 1.0 to 1.3, or a close_notify instead of
    one; Envoy closes such a connection.
    """

__pyx_capi__: dict[str, object]
