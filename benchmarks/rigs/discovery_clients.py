"""N streams, each on a connection of its own, that acknowledge whatever comes. `discovery_clients.py PORT N`

count   {KIND: {"pushes": …, "bytes": of the last one}}, by the index of the kind; what is of no kind counts as routes
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import grpc
import grpc.aio

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources"
API = "type.googleapis.com/envoy.config."
KINDS = (
    (f"{API}cluster.v3.Cluster", ()),
    (f"{API}endpoint.v3.ClusterLoadAssignment", ("outbound|9080||s7.default.svc.cluster.local",)),
    (f"{API}listener.v3.Listener", ()),
    (f"{API}route.v3.RouteConfiguration", ("9080",)),
)
counted: dict[int, dict[str, int]] = {kind: {"pushes": 0, "bytes": 0} for kind in range(len(KINDS))}


def field(tag: int, data: bytes) -> bytes:
    """A field of bytes."""
    length, size = len(data), bytearray()
    while length > 0x7F:
        size.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((tag, *size, length)) + data


def asking(number: int, kind: str, names: tuple[str, ...]) -> bytes:
    """A DiscoveryRequest: node 2 (id 1), resource_names 3, type_url 4."""
    node = field(
        0x0A, f"sidecar~10.250.{number // 250}.{number % 250 + 1}~c{number}.default~default.svc.cluster.local".encode()
    )
    return field(0x12, node) + b"".join(field(0x1A, name.encode()) for name in names) + field(0x22, kind.encode())


def kind_of(data: bytes) -> int:
    """Which kind a response is of: its type URL stands near the end."""
    tail = data[-200:]
    return next((index for index, (kind, _) in enumerate(KINDS) if kind.encode() in tail), 3)


def nonce_of(data: bytes) -> bytes:
    """The last field, with its tag: the nonce."""
    at = data.rfind(b"\x2a")
    while data[at + 1] != len(data) - at - 2:
        at = data.rfind(b"\x2a", 0, at)
    return data[at:]


async def stream(port: int, number: int, ready: asyncio.Semaphore) -> None:
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        call: Any = channel.stream_stream(METHOD)(wait_for_ready=True)
        asked = [asking(number, kind, names) for kind, names in KINDS]
        for request in asked:
            await call.write(request)
        ready.release()
        while (data := await call.read()) is not grpc.aio.EOF:
            kind = kind_of(data)
            counted[kind]["pushes"] += 1
            counted[kind]["bytes"] = len(data)
            await call.write(asked[kind] + nonce_of(data))


async def main(port: int, count: int) -> None:
    ready = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(stream(port, number, ready)) for number in range(count)]
    for _ in tasks:
        await ready.acquire()
    print(json.dumps({"ready": count}), flush=True)
    loop = asyncio.get_running_loop()
    while (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        print(json.dumps(counted), flush=True)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
