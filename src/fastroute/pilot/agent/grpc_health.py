"""The health check of gRPC (grpc.health.v1), without generated code: one string out, one number back."""

from __future__ import annotations

import grpc.aio

METHOD = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"


async def check(address: str, port: int, service: str, timeout: float) -> bool:
    """Whether the service at `address` says that it is serving."""
    host = f"[{address}]" if ":" in address else address
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    async with grpc.aio.insecure_channel(f"{host}:{port}") as channel:
        call = channel.unary_unary(METHOD, request_serializer=bytes, response_deserializer=bytes)
        try:
            answer = await call(message, timeout=timeout)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer == SERVING)


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
