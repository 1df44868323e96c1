"""The least a grpc.aio server can do: whenever a message comes, the same bytes go out. `discovery_echo.py BYTES`

ready N   waits for N streams        push R   until each stream was sent R messages and has acknowledged them
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import grpc
import grpc.aio

SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
KINDS = 4
"""The first messages of a stream, which are not acknowledgements."""


class Echo:
    def __init__(self, size: int) -> None:
        nonce = b"\x2a\x0212"
        self.payload = b"\x12" * (size - len(nonce)) + nonce
        self.streams: list[Any] = []
        self.left: dict[int, int] = {}
        self.done = asyncio.Event()

    async def stream(self, _: Any, context: Any) -> None:
        for _number in range(KINDS):
            await context.read()
        mine = len(self.streams)
        self.streams.append(context)
        while await context.read() is not grpc.aio.EOF:
            self.left[mine] -= 1
            if self.left[mine] > 0:
                await context.write(self.payload)
            elif not any(self.left.values()):
                self.done.set()

    async def push(self, rounds: int) -> dict[str, float]:
        self.left = dict.fromkeys(range(len(self.streams)), rounds)
        self.done.clear()
        begin, used = time.perf_counter(), time.process_time()
        for context in self.streams:
            await context.write(self.payload)
        await self.done.wait()
        pushes = rounds * len(self.streams)
        return {"rate": pushes / (time.perf_counter() - begin), "of_cpu": pushes / (time.process_time() - used)}


async def main(size: int) -> None:
    echo, server = Echo(size), grpc.aio.server()
    handler = grpc.stream_stream_rpc_method_handler(echo.stream)
    handlers = grpc.method_handlers_generic_handler(SERVICE, {"StreamAggregatedResources": handler})
    server.add_generic_rpc_handlers((handlers,))
    print(json.dumps({"port": server.add_insecure_port("127.0.0.1:0")}), flush=True)
    await server.start()
    loop = asyncio.get_running_loop()
    while words := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        if words[0] == "ready":
            while len(echo.streams) < int(words[1]):
                await asyncio.sleep(0.05)
            print(json.dumps({"clients": len(echo.streams)}), flush=True)
        else:
            print(json.dumps({**await echo.push(int(words[1])), "bytes": size}), flush=True)


asyncio.run(main(int(sys.argv[1])))
